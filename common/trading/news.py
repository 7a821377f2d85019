"""What the broker says of one of our orders: fills counted once, status by the table, doubts raised and answered."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading.accounting import count, give_back
from common.trading.book import Book
from common.trading.changes import cancel
from common.trading.doubts import Question
from common.trading.ladder import change_refused, refused
from common.trading.messages import Command, Log
from common.trading.orders import (
    CANCELLED,
    COMPLETE,
    ENTRY,
    EXIT,
    INTENDED,
    NOT_PLACED,
    OPEN,
    REJECTED,
    SENT,
    SL,
    UNKNOWN,
    Order,
    OrderUpdate,
    Status,
)
from common.trading.slot import Slot

TERMS_TRUSTED_AFTER: Final = 2 * NANOSECONDS_A_SECOND
"""A read so soon after a change may still show what was before it; news says itself how old it is."""
_NOT_ARRIVED: Final = (INTENDED, UNKNOWN, NOT_PLACED)


def hear(
    book: Book, slot: Slot, order: Order, update: OrderUpdate, now: int, out: list[Command], asked: int = 0,
) -> None:
    """Bring `order` up to what `update` says. Raises TransitionError for what must not happen.

    asked: when the read of the order book began that tells it, nanoseconds; 0 for news, which may be late.
    """
    if update.broker_id != order.broker_id and not _is_same(book, slot, order, update, now, out):
        return
    before, doubts = order.status, book.doubts
    if update.terms is not None and not before.terminal:
        if update.reason and not asked:
            _hear_refusal(slot, order, update, now, out)
        _adopt_terms(book, order, update, asked)
    if before is NOT_PLACED and order.purpose is ENTRY:
        _bind_again(book, slot, order)
    if update.fills:
        _count_fills(book, slot, order, update, now, out)
    if update.filled > order.told:
        order.told = update.filled
    if order.told > order.filled:
        # The broker has counted fills that we have not been told: nothing is settled before we know them.
        if before in _NOT_ARRIVED and order.move(SENT):
            _moved(book, slot, order, before, update, now, out)
        doubts.raise_(order, Question.FILLS, now)
        return
    if update.status is not before and order.move(update.status):
        _moved(book, slot, order, before, update, now, out)
    if doubts.open and doubts.question(order) is Question.FILLS:
        doubts.clear(order)


def _count_fills(
    book: Book, slot: Slot, order: Order, update: OrderUpdate, now: int, out: list[Command],
) -> None:
    filled, known = False, order.quantity
    for fill in update.fills:
        if order.add_fill(fill):
            if slot.taken and order.purpose is EXIT:
                give_back(book, slot, order.side, fill, out)
            count(book, slot, order, fill, out)
            filled = True
    if order.quantity != known:
        book.doubts.raise_(order, Question.CHANGED, now)  # it was made larger after all: a read tells the rest
    if filled:
        if slot.quantity:
            book.account.bind(slot.symbol, slot.trip.closing_charges(book.rates))
        if order.purpose is EXIT:
            slot.refused_exits = slot.retry_at = 0


def _hear_refusal(slot: Slot, order: Order, update: OrderUpdate, now: int, out: list[Command]) -> None:
    if _is_later_refusal(order, update):
        fields = {"tag": order.tag, "symbol": order.symbol, "reason": update.reason}
        out.append(Log(now, "WARNING", f"change of {order.tag} refused at the exchange: {update.reason}", fields))
        change_refused(slot, order, now)


def _is_later_refusal(order: Order, update: OrderUpdate) -> bool:
    """Whether the broker took a change that the exchange then refused: the order stands, and a reason is told."""
    if update.status.terminal or update.ts <= max(order.changed, order.cancelling):
        return False
    return bool(order.cancelling) or update.terms != (order.kind, order.quantity, order.price, order.trigger)


def _bind_again(book: Book, slot: Slot, order: Order) -> None:
    """An entry that had been given up: what it had bound was released, or is another entry's by now."""
    if slot.basket is None and slot.entry_order is not order:
        need = order.need or book.account.need(order.price, order.quantity)
        book.account.reserve_more(slot.key, need, order.quantity * order.stop_distance)


def settled(book: Book, order: Order) -> bool:
    """Whether the order has ended and nothing about its end is in doubt."""
    return order.status.terminal and not (book.doubts.open and order in book.doubts)


def _is_same(
    book: Book, slot: Slot, order: Order, update: OrderUpdate, now: int, out: list[Command],
) -> bool:
    if not update.broker_id:
        return True
    if order.broker_id and order.broker_id != update.broker_id:
        slot.blocked = slot.blocked or "two orders of one intent"
        text = f"the broker has two orders tagged {order.tag}: cancel {update.broker_id} by hand and compare positions"
        book.alarm(slot, "double", text, now, out, tag=order.tag)
        return False
    order.broker_id = update.broker_id
    return True


def _adopt_terms(book: Book, order: Order, update: OrderUpdate, asked: int) -> None:
    assert update.terms is not None
    settled_by_now = asked - order.changed >= TERMS_TRUSTED_AFTER or order in book.doubts
    if settled_by_now if asked else update.ts > order.changed:
        order.kind, order.quantity, order.price, order.trigger = update.terms


def _moved(
    book: Book, slot: Slot, order: Order, before: Status, update: OrderUpdate, now: int, out: list[Command],
) -> None:
    status = order.status
    slot.resting = False
    order.refusals = 0
    if status is UNKNOWN:
        book.doubts.raise_(order, Question.PLACED, now)
    elif book.doubts.open and book.doubts.question(order) is Question.PLACED:
        book.doubts.clear(order)
    if before is NOT_PLACED:
        book.alarm(slot, "late order", f"{order.tag} appeared after it was given up; it is ours again", now, out)
        _return_to_slot(book, slot, order, now, out)
    if status is OPEN:
        if order.kind is SL:
            order.triggered = now
    elif status is COMPLETE:
        if book.doubts.open and update.filled == order.filled:
            book.doubts.clear(order)  # whatever was changed of it: nothing is left that could fill
    elif status is CANCELLED:
        if _must_confirm(book, slot, order):
            book.doubts.raise_(order, Question.ENDED, now)
    elif status is REJECTED or status is NOT_PLACED:
        _refused(slot, order, update.reason, now, out)


def _refused(slot: Slot, order: Order, reason: str, now: int, out: list[Command]) -> None:
    status = order.status
    fields = {"tag": order.tag, "symbol": order.symbol, "reason": reason}
    out.append(Log(now, "WARNING", f"{order.tag} {status}: {reason}", fields))
    if order.purpose is EXIT:
        if status is NOT_PLACED or order.kind is not SL:
            refused(slot, now)  # a stop that is refused goes to the ladder at once
    elif status is REJECTED:
        slot.refusals += 1


def _must_confirm(book: Book, slot: Slot, order: Order) -> bool:
    """Cancelled orders have been seen to fill: one more look before another exit, or before a hedge is let go."""
    return bool(book.pace.confirm_seconds) and (order.purpose is EXIT or slot.basket is not None)


def _return_to_slot(book: Book, slot: Slot, order: Order, now: int, out: list[Command]) -> None:
    slot.busy = True
    if order.purpose is EXIT:
        slot.exits.append(order)
        return
    if slot.entry is None:
        slot.entry = slot.entry_order = order
    else:
        cancel(book, order, now, out)
