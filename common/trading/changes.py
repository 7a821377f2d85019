"""Changing and cancelling orders that work, within their budgets."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading.book import Book
from common.trading.messages import CancelOrder, Command, ModifyOrder
from common.trading.orders import INTENDED, NOT_PLACED, SENT, UNKNOWN, Kind, Order
from common.trading.risk import MAX_UNITS
from common.trading.slot import Slot

ASK_AGAIN_AFTER: Final = 10 * NANOSECONDS_A_SECOND
"""A cancellation that was accepted and of which nothing more was heard."""
LONGEST_WAIT_SECONDS: Final = 60
"""Between two attempts that the broker refuses; it doubles up to here, so that a dead token does not flood anything."""
_NOT_AT_BROKER: Final = (INTENDED, UNKNOWN, NOT_PLACED)
_NOT_CHANGEABLE: Final = (INTENDED, UNKNOWN, NOT_PLACED, SENT)


def change(
    book: Book, slot: Slot, order: Order, now: int, kind: Kind, quantity: int, price: int, trigger: int,
    out: list[Command],
) -> bool:
    """Modify within the order's budget and the order rate; beyond the budget cancel, and a fresh order follows.

    False where it has to wait; the slot then looks again at the next timer.
    """
    # While a change is on its way the broker refuses the next; news that waited is older than the last change.
    wait = coalesced_for(book)
    under_way = bool(wait) and now - order.changed < wait
    if under_way or order in book.doubts or order.cancelling or order.status in _NOT_CHANGEABLE:
        return False
    if order.modifications >= book.policy.modifications:
        cancel(book, order, now, out)
        return True
    if not book.rate.exit(now):
        return False
    slot.resting = False
    out.append(ModifyOrder(order, now, kind, quantity, price, trigger))
    return True


def cancel(book: Book, order: Order, now: int, out: list[Command]) -> None:
    """Ask once until the broker has answered; an order that may not have arrived is looked up first."""
    if order.status in _NOT_AT_BROKER or order.status.terminal or order in book.doubts:
        return
    if now < order.retry_at or (order.cancelling and now - order.cancelling < ASK_AGAIN_AFTER):
        return
    order.cancelling = now
    out.append(CancelOrder(order))


def coalesced_for(book: Book) -> int:
    """So long what would change an order gathers before it is changed again, nanoseconds."""
    return int(book.pace.coalesce_seconds * NANOSECONDS_A_SECOND)


def after_refusal(refusals: int, now: int) -> int:
    """When to ask again what has been refused so often in a row, nanoseconds: after 2, 2, 2, 4, 8 seconds and so on.

    Thrice soon: a band that moves refuses the next price too, and the position stands there without an exit.
    """
    return now + min(1 << min(max(1, refusals - 2), 10), LONGEST_WAIT_SECONDS) * NANOSECONDS_A_SECOND


def slice_of(slot: Slot) -> int:
    """The most units of one order: the freeze quantity in whole lots."""
    freeze = slot.instrument.freeze_quantity
    return slot.instrument.whole_lots(freeze) if freeze is not None else MAX_UNITS
