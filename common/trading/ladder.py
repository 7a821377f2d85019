"""The way out: the same exit orders as marketable limits, one width further each step, until flat or alarmed."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading.book import Book
from common.trading.changes import after_refusal, cancel, change, slice_of
from common.trading.limits import EXIT_ALLOWED
from common.trading.messages import Command
from common.trading.orders import EXIT, LIMIT, TRIGGER_PENDING, Order
from common.trading.prices import marketable
from common.trading.slot import Slot

STEP_AFTER: Final = 2 * NANOSECONDS_A_SECOND


def leave(book: Book, slot: Slot, reason: str, now: int, out: list[Command]) -> None:
    """Decide to close the position, once; what still opens it is cancelled."""
    slot.unsent = 0
    if slot.entry is not None:
        cancel(book, slot.entry, now, out)
    if slot.quantity and not slot.leaving:
        slot.leaving, slot.leaving_since = reason, now
        slot.resting = False


def refused(slot: Slot, now: int) -> None:
    """The broker refused an exit or a change of one: wait before the next attempt, longer each time."""
    slot.refused_exits += 1
    slot.retry_at = after_refusal(slot.refused_exits, now)


def change_refused(slot: Slot, order: Order, now: int) -> None:
    """The broker refused to change or to cancel it, at once or later at the exchange: it stands as it was."""
    order.cancelling = 0
    order.refusals += 1
    order.retry_at = after_refusal(order.refusals, now)
    slot.resting = False
    if order.purpose is EXIT:
        refused(slot, now)
        slot.stepped_at = order.stepped_at = 0


def step_out(book: Book, slot: Slot, need: int, now: int, out: list[Command]) -> None:
    """One step of the ladder for `need` units, at most every two seconds; never while an exit is in doubt.

    A minute that a restart works through again takes no second step; without a price the first bar takes it.
    """
    if slot.last is None:
        return
    due = not slot.stepped_at or now - slot.stepped_at >= STEP_AFTER
    if now < slot.retry_at or not (due or _resized(slot, need)) or not (need or slot.exits):
        return
    if book.doubts.open and any(order in book.doubts for order in slot.exits):
        return
    side = -1 if slot.quantity > 0 else 1
    widths = book.policy.widths
    step = slot.step if due else slot.step - 1
    # What was refused may have reached out of a price band that nobody told us: every other time at the touch itself.
    width = 0.0 if slot.refused_exits % 2 else widths[min(step, len(widths) - 1)]
    price = marketable(slot, side, width)
    if due and step >= len(widths):
        book.alarm(slot, "exit", f"still open after {step} exit attempts", now, out, price=price)
    if _spread_over(book, slot, side, need, price, now, out) and due:
        slot.step, slot.stepped_at = step + 1, now
        for order in slot.exits:
            order.steps, order.stepped_at = slot.step, now


def _resized(slot: Slot, need: int) -> bool:
    return _remaining(slot) != need


def _remaining(slot: Slot) -> int:
    units = 0
    for order in slot.exits:
        units += order.quantity - order.filled
    return units


def _spread_over(
    book: Book, slot: Slot, side: int, need: int, price: int, now: int, out: list[Command],
) -> bool:
    """Give every working exit its part of `need` at `price`, and the rest to fresh ones; False where it has to wait."""
    most = slice_of(slot)
    missing = need - _remaining(slot)
    if missing < 0:  # what is being cancelled is not given up a second time
        missing = min(0, need - sum(order.remaining for order in slot.exits if not order.cancelling))
    parts, missing = _parts(slot.exits, missing, most)
    done = True
    for order, part in parts:
        if part == 0:
            cancel(book, order, now, out)
            continue
        order.reason = slot.leaving
        same = order.kind is LIMIT and order.price == price and order.quantity - order.filled == part
        if not same or order.status is TRIGGER_PENDING:
            done &= change(book, slot, order, now, LIMIT, order.filled + part, price, 0, out)
    while missing > 0:
        if not book.rate.exit(now):
            return False
        entry, part = slot.entry_order, min(missing, most)
        order = book.send(
            slot, EXIT, side, part, LIMIT, price, 0, now, EXIT_ALLOWED, out,
            strategy=entry.strategy if entry is not None else slot.strategy_name, reason=slot.leaving,
        )
        slot.exits.append(order)
        missing -= part
    return done


def _parts(exits: list[Order], missing: int, most: int) -> tuple[list[tuple[Order, int]], int]:
    """Units of each exit that is not being cancelled, and what is still missing then.

    What is being cancelled may fill until it is confirmed: nothing grows in its place before.
    """
    parts = []
    for order in exits if missing > 0 else reversed(exits):
        if order.cancelling or order.status.terminal:
            continue
        step = max(-order.remaining, min(missing, most - order.quantity))
        missing -= step
        parts.append((order, order.remaining + step))
    return parts, missing
