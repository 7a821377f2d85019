"""The one exit order of a position: a stop that rests, modified into a marketable limit when it is time to leave."""

from common.trading.book import Book
from common.trading.messages import CancelOrder, Command, Log, ModifyOrder
from common.trading.orders import Kind, Order, Purpose, Status
from common.trading.prices import away_from, marketable, stop_limit
from common.trading.risk import EXIT_ALLOWED
from common.trading.slot import Slot


def protect(book: Book, slot: Slot, entry: Order, now: int, out: list[Command]) -> None:
    """A stop at the broker for exactly what is filled: placed with the first fill, resized with the next."""
    side = -entry.side
    if slot.exit is not None:
        wanted = slot.exit.filled + abs(slot.quantity)
        if slot.exit.quantity != wanted:
            out.append(ModifyOrder(slot.exit, now, slot.exit.kind, wanted, slot.exit.price, slot.exit.trigger))
        return
    average = entry.turnover / entry.filled
    slot.stop_price = away_from(slot, average, side, entry.stop_distance)
    slot.target_price = away_from(slot, average, entry.side, entry.target_distance) if entry.target_distance else 0
    slot.exit = book.send(
        slot, Purpose.EXIT, side, abs(slot.quantity), Kind.SL,
        stop_limit(slot, slot.stop_price, side, book.policy.stop_gap), slot.stop_price, now, EXIT_ALLOWED, out,
        strategy=entry.strategy, reason="stop", stop_distance=entry.stop_distance,
    )


def leave(book: Book, slot: Slot, reason: str, now: int, out: list[Command]) -> None:
    """Start to close the position, once: cancel what still opens it, then turn the stop into a marketable limit."""
    if slot.leaving:
        return
    if slot.entry is not None:
        out.append(CancelOrder(slot.entry))
    if slot.quantity:
        slot.leaving = reason
        step_out(book, slot, now, out)


def step_out(book: Book, slot: Slot, now: int, out: list[Command]) -> None:
    """One step of the ladder: the same order, one width further through the touch, sized to what is open."""
    side = -1 if slot.quantity > 0 else 1
    widths = book.policy.widths
    price = marketable(slot, side, widths[min(slot.step, len(widths) - 1)])
    if slot.step == len(widths):
        fields = {"symbol": slot.symbol, "quantity": slot.quantity, "price": price}
        out.append(Log(now, "CRITICAL", f"{slot.symbol} is still open after {slot.step} exit attempts", fields))
    slot.step += 1
    order = slot.exit
    if order is None:
        slot.exit = book.send(
            slot, Purpose.EXIT, side, abs(slot.quantity), Kind.LIMIT, price, 0, now, EXIT_ALLOWED, out,
            strategy=slot.entry_order.strategy if slot.entry_order else slot.strategy_name, reason=slot.leaving,
        )
        return
    order.reason = slot.leaving
    if order.modifications >= book.policy.modifications:
        out.append(CancelOrder(order))
        return
    if order.status is Status.TRIGGER_PENDING or order.price != price or order.kind is not Kind.LIMIT:
        out.append(ModifyOrder(order, now, Kind.LIMIT, order.filled + abs(slot.quantity), price, 0))
