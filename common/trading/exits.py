"""Protection: exit orders for exactly what is open. A stop rests; target, trail, ladder and square-off modify it."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading.book import Book
from common.trading.changes import cancel, change, coalesced_for, slice_of
from common.trading.doubts import Question
from common.trading.ladder import leave, step_out
from common.trading.limits import EXIT_ALLOWED
from common.trading.messages import Command, Log
from common.trading.orders import EXIT, OPEN, SL, TRIGGER_PENDING, Kind, Order
from common.trading.prices import away_from, stop_limit, stop_reached
from common.trading.slot import Slot

UNEXPLAINED: Final = "a position that no entry explains"
ORPHAN: Final = "a leg filled after its basket was closed"
UNFILLED_AFTER: Final = 2 * NANOSECONDS_A_SECOND
"""A stop that has triggered and is not filled by then goes to the ladder."""
TRAIL_MODIFICATIONS: Final = 12
"""Of the broker's 25, so that the ladder keeps enough."""
TRAIL_STEP: Final = 8
"""A trailing stop moves by at least this part of its distance: each move costs a modification."""


def tend(book: Book, slot: Slot, now: int, out: list[Command]) -> None:
    """After any news of a symbol alone: working exits for exactly what is open, nothing working when flat."""
    slot.resting = False
    if slot.quantity == 0:
        if tidy(book, slot, now, out):
            book.account.release(slot.symbol)
            slot.settle()
    else:
        if book.doubts.open and _is_sought(book, slot):
            slot.unsent = 0  # until the exit is found, what fills would stand without a stop
            if slot.entry is not None:
                cancel(book, slot.entry, now, out)
        guard(book, slot, abs(slot.quantity), now, out)


def _is_sought(book: Book, slot: Slot) -> bool:
    """Whether an exit may or may not have been placed: beside it no other can be."""
    return any(book.doubts.question(order) is Question.PLACED for order in slot.exits)


def guard(book: Book, slot: Slot, need: int, now: int, out: list[Command]) -> None:
    """An open position: `need` units of it under exit orders; less than the position only for a hedge."""
    side = -1 if slot.quantity > 0 else 1
    if slot.trip.side == side and slot.blocked != UNEXPLAINED:
        _block(book, slot, now, out)  # exits have filled more than there was
    wrong = spent = again = False
    for order in slot.exits:
        if order.side != side:
            wrong = True
        elif order.cancelling:
            again = True
        # A stop that has triggered and was not filled in time: a limit that the market has left behind.
        if order.status is OPEN and order.kind is SL and now - order.triggered >= UNFILLED_AFTER:
            spent = True
    if wrong:
        _take_back_wrong(book, slot, side, now, out)
        return
    if again:
        for order in slot.exits:
            if order.cancelling:
                cancel(book, order, now, out)  # again, where nothing more was heard of it
    if book.flattening and not slot.leaving:
        leave(book, slot, book.flattening, now, out)
    if slot.leaving:
        if slot.entry is not None:
            cancel(book, slot.entry, now, out)
        step_out(book, slot, need, now, out)
    elif spent:
        leave(book, slot, slot.exits[0].reason, now, out)
        step_out(book, slot, need, now, out)
    else:
        _cover(book, slot, side, need, now, out)


def _take_back_wrong(book: Book, slot: Slot, side: int, now: int, out: list[Command]) -> None:
    """Exits of the wrong side would add to the position."""
    _block(book, slot, now, out)
    for order in slot.exits:
        if order.side != side:
            cancel(book, order, now, out)


def trail(book: Book, slot: Slot, mark: int, now: int, out: list[Command]) -> None:
    """Pull the stop behind the best price since the entry, in few and worthwhile moves."""
    side = 1 if slot.quantity > 0 else -1
    if (mark - slot.best) * side > 0:
        slot.best = mark
    if len(slot.exits) != 1 or slot.exits[0].status is not TRIGGER_PENDING:
        return
    order = slot.exits[0]
    slot.stop_price = order.trigger  # what was asked for last may have been refused
    level = away_from(slot, slot.best, -side, slot.trail)
    if (level - slot.stop_price) * side < max(slot.instrument.tick, slot.trail // TRAIL_STEP):
        return
    if order.modifications >= TRAIL_MODIFICATIONS or now < slot.retry_at:
        return
    if now - slot.resized_at < NANOSECONDS_A_SECOND or (mark - level) * side <= 0:
        return
    limit = stop_limit(slot, level, -side, book.policy.stop_gap)
    if change(book, slot, order, now, Kind.SL, order.quantity, limit, level, out):
        slot.stop_price, slot.resized_at = level, now


def still_open(slot: Slot, now: int) -> Log:
    """The alarm of a position that nobody could close."""
    fields = {"symbol": slot.symbol, "quantity": slot.quantity}
    return Log(now, "CRITICAL", f"{slot.symbol} is open after the close", fields)


def set_levels(slot: Slot, entry: Order, average: float) -> None:
    """Stop, target and trail of a position entered at `average` (paise)."""
    slot.stop_price = away_from(slot, average, -entry.side, entry.stop_distance)
    slot.target_price = away_from(slot, average, entry.side, entry.target_distance) if entry.target_distance else 0
    slot.trail, slot.best = entry.trail_distance, int(average)


def tidy(book: Book, slot: Slot, now: int, out: list[Command]) -> bool:
    """Flat: what still works is taken back; True when nothing does and the symbol is ready for another entry."""
    if slot.leaving:
        book.flat(slot, now)
    slot.leaving, slot.leaving_since, slot.step, slot.stepped_at, slot.resized_at = "", 0, 0, 0, 0
    for order in slot.exits:
        cancel(book, order, now, out)
    entry = slot.entry
    if entry is None or entry.filled or entry.is_slice:  # what was entered is closed again: the entry is over
        slot.unsent = 0
        if entry is not None:
            cancel(book, entry, now, out)
    return entry is None and not slot.exits


def _cover(book: Book, slot: Slot, side: int, need: int, now: int, out: list[Command]) -> None:
    """Stops for `need` units: shrink at once, grow when no exit is in doubt."""
    exits, remaining, staying = slot.exits, 0, 0
    for order in exits:
        left = order.quantity - order.filled
        remaining += left
        if not (order.cancelling or order.status.terminal):
            staying += left
    if staying > need:
        _shrink(book, slot, staying - need, now, out)
    elif remaining < need:
        _grow(book, slot, side, need - remaining, now, out)
    elif staying and staying == remaining:
        quiet = slot.entry is None and slot.basket is None and not slot.trail and not book.doubts.open
        slot.resting = quiet and len(exits) == 1 and exits[0].status is TRIGGER_PENDING


def _stays(order: Order) -> bool:
    """Neither being cancelled nor being confirmed as cancelled."""
    return not (order.cancelling or order.status.terminal)


def _shrink(book: Book, slot: Slot, excess: int, now: int, out: list[Command]) -> None:
    if now < slot.retry_at:
        return
    # What is in doubt cannot be changed: then what is certain gives way, so that the two cannot both fill.
    certain_first = [order for order in reversed(slot.exits) if _stays(order)]
    certain_first.sort(key=book.doubts.__contains__)
    for order in certain_first:
        cut = min(excess, order.remaining)
        if cut == order.remaining:
            cancel(book, order, now, out)
        elif cut:
            _resize(book, slot, order, order.quantity - cut, now, out)
        excess -= cut


def _grow(book: Book, slot: Slot, side: int, missing: int, now: int, out: list[Command]) -> None:
    if now < slot.retry_at or (slot.exits and any(order in book.doubts or order.cancelling for order in slot.exits)):
        return
    entry = slot.entry_order
    orphan = entry is not None and entry.basket is not None and slot.basket is None
    if entry is None or entry.side == side or orphan:
        _block(book, slot, now, out, ORPHAN if orphan else UNEXPLAINED)
        leave(book, slot, slot.blocked, now, out)
        step_out(book, slot, abs(slot.quantity), now, out)
        return
    if slot.exits and slot.entry is not None and now - slot.resized_at < coalesced_for(book):
        return  # more of the entry may fill within the same half second
    if not slot.exits:
        if not slot.stop_price or not slot.resized_at:
            set_levels(slot, entry, slot.trip.average)
        if stop_reached(slot):
            leave(book, slot, "stop", now, out)
            step_out(book, slot, abs(slot.quantity), now, out)
            return
    slot.resized_at = now
    _add_stops(book, slot, side, missing, entry, now, out)


def _add_stops(
    book: Book, slot: Slot, side: int, missing: int, entry: Order, now: int, out: list[Command],
) -> None:
    """Stops with room below the freeze quantity take what fits, fresh ones the rest.

    The same stop first each time: a change of it that arrives late then changes nothing.
    """
    most = slice_of(slot)
    for order in slot.exits:
        more = min(missing, most - order.quantity)
        if more > 0:
            _resize(book, slot, order, order.quantity + more, now, out)
            missing -= more
    limit = stop_limit(slot, slot.stop_price, side, book.policy.stop_gap)
    while missing > 0:
        if not book.rate.exit(now):
            return
        quantity = min(missing, most)
        slot.exits.append(book.send(
            slot, EXIT, side, quantity, SL, limit, slot.stop_price, now, EXIT_ALLOWED, out,
            strategy=entry.strategy, reason="stop", stop_distance=entry.stop_distance,
        ))
        missing -= quantity


def _resize(book: Book, slot: Slot, order: Order, quantity: int, now: int, out: list[Command]) -> None:
    """A stop that has triggered is a limit already, and cannot become a stop again."""
    if order.status is OPEN:
        change(book, slot, order, now, Kind.LIMIT, quantity, order.price, 0, out)
    else:
        change(book, slot, order, now, order.kind, quantity, order.price, order.trigger, out)


def _block(book: Book, slot: Slot, now: int, out: list[Command], reason: str = UNEXPLAINED) -> None:
    """Nobody knows why we hold this: no more entries here, and a person should look."""
    slot.blocked = reason
    book.alarm(slot, "unexplained", f"{reason}; it is closed, the symbol is blocked", now, out)

