"""The one exit order of a position: a stop that rests, modified into a marketable limit when it is time to leave."""

from typing import Final

from common.trading.book import Book
from common.trading.messages import CancelOrder, Command, Log, ModifyOrder
from common.trading.orders import Kind, Order, Purpose, Status
from common.trading.prices import away_from, marketable, stop_limit
from common.trading.risk import EXIT_ALLOWED
from common.trading.slot import Slot

UNEXPLAINED: Final = "a position that no entry explains"


def tend(book: Book, slot: Slot, now: int, out: list[Command]) -> None:
    """After any news of a symbol: one working exit for exactly what is open, and nothing working when flat."""
    slot.alert = False
    order = slot.exit
    if slot.quantity == 0:
        _tidy(book, slot, out)
        return
    side = -1 if slot.quantity > 0 else 1
    if order is None:
        _cover(book, slot, side, now, out)
    elif book.flattening and not slot.leaving:
        leave(book, slot, book.flattening, now, out)
    elif order.side != side:
        _block(slot, now, out)
        cancel(order, out)
    elif order.quantity != order.filled + abs(slot.quantity):
        change(book, order, now, order.kind, order.filled + abs(slot.quantity), order.price, order.trigger, out)


def leave(book: Book, slot: Slot, reason: str, now: int, out: list[Command]) -> None:
    """Start to close the position, once: cancel what still opens it, then turn the stop into a marketable limit."""
    if slot.entry is not None:
        cancel(slot.entry, out)
    if slot.quantity and not slot.leaving:
        slot.leaving = reason
        step_out(book, slot, now, out)


def step_out(book: Book, slot: Slot, now: int, out: list[Command]) -> None:
    """One step of the ladder: the same order, one width further through the touch, sized to what is open.

    A minute that a restart works through again takes no second step; without a price the first bar takes it.
    """
    if slot.last is None:
        slot.alert = True
        return
    order = slot.exit
    if order is not None and order.kind is Kind.LIMIT and order.stepped_at >= now:
        return
    side = -1 if slot.quantity > 0 else 1
    widths = book.policy.widths
    price = marketable(slot, side, widths[min(slot.step, len(widths) - 1)])
    if slot.step == len(widths):
        fields = {"symbol": slot.symbol, "quantity": slot.quantity, "price": price}
        out.append(Log(now, "CRITICAL", f"{slot.symbol} is still open after {slot.step} exit attempts", fields))
    slot.step += 1
    if order is None:
        entry = slot.entry_order
        slot.exit = book.send(
            slot, Purpose.EXIT, side, abs(slot.quantity), Kind.LIMIT, price, 0, now, EXIT_ALLOWED, out,
            strategy=entry.strategy if entry is not None else slot.strategy_name, reason=slot.leaving,
        )
        slot.exit.steps, slot.exit.stepped_at = slot.step, now
        return
    order.reason, order.steps, order.stepped_at = slot.leaving, slot.step, now
    quantity = order.filled + abs(slot.quantity)
    if (order.kind, order.price, order.quantity) != (Kind.LIMIT, price, quantity) or _pending(order):
        change(book, order, now, Kind.LIMIT, quantity, price, 0, out)


def change(
    book: Book, order: Order, now: int, kind: Kind, quantity: int, price: int, trigger: int, out: list[Command],
) -> None:
    """Modify within the order's budget; beyond it cancel, and a fresh order follows the confirmation."""
    if order.modifications >= book.policy.modifications:
        cancel(order, out)
    else:
        out.append(ModifyOrder(order, now, kind, quantity, price, trigger))


def cancel(order: Order, out: list[Command]) -> None:
    """Ask once until the broker has answered."""
    if not order.cancelling:
        order.cancelling = True
        out.append(CancelOrder(order))


def still_open(slot: Slot, now: int) -> Log:
    """The alarm of a position that nobody could close."""
    fields = {"symbol": slot.symbol, "quantity": slot.quantity}
    return Log(now, "CRITICAL", f"{slot.symbol} is open after the close", fields)


def set_levels(slot: Slot, entry: Order, average: float) -> None:
    """Stop and target of a position entered at `average` (paise)."""
    slot.stop_price = away_from(slot, average, -entry.side, entry.stop_distance)
    slot.target_price = away_from(slot, average, entry.side, entry.target_distance) if entry.target_distance else 0


def _pending(order: Order) -> bool:
    return order.status is Status.TRIGGER_PENDING


def _tidy(book: Book, slot: Slot, out: list[Command]) -> None:
    """Flat: what still works is taken back; when nothing does, the symbol is ready for another entry."""
    slot.leaving, slot.step = "", 0
    for order in (slot.exit, slot.entry if slot.entry is not None and slot.entry.filled else None):
        if order is not None:
            cancel(order, out)
    if slot.exit is None and slot.entry is None:
        book.account.release(slot.symbol)
        slot.settle()


def _cover(book: Book, slot: Slot, side: int, now: int, out: list[Command]) -> None:
    """A position without an exit: a stop where an entry explains it, otherwise the way out."""
    entry = slot.entry_order
    if entry is None or entry.side == side:
        _block(slot, now, out)
    reason = slot.leaving or slot.blocked or book.flattening
    if entry is None or reason:
        slot.leaving = reason
        step_out(book, slot, now, out)
        return
    set_levels(slot, entry, entry.turnover / entry.filled)
    slot.exit = book.send(
        slot, Purpose.EXIT, side, abs(slot.quantity), Kind.SL,
        stop_limit(slot, slot.stop_price, side, book.policy.stop_gap), slot.stop_price, now, EXIT_ALLOWED, out,
        strategy=entry.strategy, reason="stop", stop_distance=entry.stop_distance,
    )


def _block(slot: Slot, now: int, out: list[Command]) -> None:
    """Nobody knows why we hold this: no more entries here, and a person should look."""
    fields = {"symbol": slot.symbol, "quantity": slot.quantity}
    out.append(Log(now, "CRITICAL", f"{slot.symbol}: {UNEXPLAINED}; it is closed, the symbol is blocked", fields))
    slot.blocked = UNEXPLAINED
