"""One look at a position: what is sent for exactly what is open, and when nothing more is to do."""

from typing import Any, cast

import pytest

from common.trading.doubts import Question
from common.trading.exits import UNEXPLAINED, tend, tidy
from common.trading.messages import CancelOrder, CommitIntent, ModifyOrder
from common.trading.orders import Kind, Order, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import LONG, SECOND, Desk
from tests.unit.wire_case import Wire, entered, fill, protected


def standing() -> tuple[Desk, Order, int]:
    """A protected position, half a minute later."""
    made, _, stop = protected(Wire(), pace=LIVE)
    return made, stop, made.session.now + 30 * SECOND


def looked(made: Desk, now: int) -> list[Any]:
    """What a look at the position asks for, its alarms aside."""
    out: list[Any] = []
    tend(made.session.book, made.slot(), now, out)
    return [one for one in out if isinstance(one, CommitIntent | ModifyOrder | CancelOrder)]


def second_stop(made: Desk, stop: Order, quantity: int) -> Order:
    """The position's stop in two."""
    stop.quantity -= quantity
    other = Order(
        cast(Any, "T250829S00009X"), 9, stop.symbol, stop.side, quantity, Kind.SL, stop.price, stop.trigger,
        stop.purpose, stop.created,
    )
    other.status = Status.TRIGGER_PENDING
    made.slot().exits.append(other)
    return other


@pytest.mark.parametrize("busy_with", [
    "nothing", "a trail", "a doubt", "a basket", "an entry", "two stops", "a stop on its way", "a stop that triggered",
])
def test_a_position_rests_only_when_nothing_else_is_to_do(busy_with: str) -> None:
    """A bar then merely marks it: whatever needs a look must not rest, and nothing is sent for either."""
    made, stop, now = standing()
    slot, book = made.slot(), made.session.book
    match busy_with:
        case "a trail":
            slot.trail = 50
        case "a doubt":
            book.doubts.raise_(made.order(1), Question.FILLS, now)
        case "a basket":
            slot.basket = cast(Any, object())
        case "an entry":
            slot.entry = made.order(1)
        case "two stops":
            second_stop(made, stop, 10)
        case "a stop on its way":
            stop.status = Status.SENT
        case "a stop that triggered":
            stop.status, stop.triggered = Status.OPEN, now
    assert looked(made, now) == []
    assert slot.resting is (busy_with == "nothing")


def test_a_stop_that_is_being_cancelled_protects_nothing_and_is_not_doubled() -> None:
    """Until its end is certain it may fill: the position waits, and does not rest."""
    made, stop, now = standing()
    stop.cancelling = now
    assert looked(made, now) == []
    assert not made.slot().resting
    stop.cancelling, stop.status = 0, Status.CANCELLED
    made.session.book.doubts.raise_(stop, Question.ENDED, now)
    assert looked(made, now) == []
    assert not made.slot().resting


def test_only_what_stays_gives_way() -> None:
    """Of two stops one is being cancelled: with less to protect, that one is not counted and not asked twice."""
    made, stop, now = standing()
    slot = made.slot()
    other = second_stop(made, stop, 100)
    other.cancelling = now
    slot.quantity = stop.remaining - 10
    (change,) = looked(made, now)
    assert isinstance(change, ModifyOrder)
    assert (change.order, change.quantity) == (stop, stop.quantity - 10)


def test_a_shrink_that_was_refused_waits_for_its_time() -> None:
    """Not a nanosecond sooner."""
    made, stop, now = standing()
    slot = made.slot()
    slot.quantity -= 10
    slot.retry_at = now
    assert looked(made, now - 1) == []
    assert [one.quantity for one in looked(made, now)] == [stop.quantity - 10]


def test_flat_by_its_stop_is_no_way_out_to_measure() -> None:
    """Time to flat is of the ladder: a stop that did its work adds nothing to it."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.driver.settle()
    assert made.slot().quantity == 0
    assert made.session.book.flat_seconds == []


def test_flat_while_an_exit_works_is_not_over() -> None:
    """What is bound stays bound until the exit is gone; the way out itself is forgotten at once."""
    made, stop, now = standing()
    slot, book = made.slot(), made.session.book
    slot.quantity, slot.entry = 0, None
    slot.leaving, slot.leaving_since, slot.step, slot.stepped_at = "enough", now - 3 * SECOND, 2, now - SECOND
    slot.resized_at = now - SECOND
    bound = dict(book.account.reserved)
    (asked,) = looked(made, now)
    assert isinstance(asked, CancelOrder)
    assert (asked.order, book.account.reserved, slot.exits) == (stop, bound, [stop])
    assert (slot.leaving, slot.leaving_since, slot.step, slot.stepped_at, slot.resized_at) == ("", 0, 0, 0, 0)
    assert book.flat_seconds == [3.0]
    slot.exits.clear()
    assert looked(made, now) == []
    assert book.account.reserved == {}
    assert not slot.busy


@pytest.mark.parametrize(("filled", "unsent"), [(0, 60), (5, 0)])
def test_a_closed_position_takes_the_rest_of_its_entry_along(filled: int, unsent: int) -> None:
    """An entry that has begun to fill was that position: cancelled, and no slice follows. A fresh one goes on."""
    made, entry = entered(Wire(), LONG, pace=LIVE)
    slot, out = made.slot(), list[Any]()
    entry.status, entry.filled, slot.unsent = Status.OPEN, filled, 60
    assert not tidy(made.session.book, slot, made.session.now, out)
    assert (slot.unsent, len(out)) == (unsent, int(filled > 0))


def test_more_of_the_entry_waits_for_an_exit_in_doubt() -> None:
    """A second stop beside one that may be larger than we know could sell too much."""
    made, stop, now = standing()
    made.slot().quantity += 10
    made.session.book.doubts.raise_(stop, Question.CHANGED, now)
    assert looked(made, now) == []
    made.session.book.doubts.clear(stop)
    assert [one.quantity for one in looked(made, now)] == [stop.quantity + 10]


def test_a_position_without_an_entry_is_closed_and_its_symbol_blocked() -> None:
    """Nobody knows why it is held: no stop is guessed, it goes at the market."""
    made, stop, now = standing()
    slot = made.slot()
    slot.exits.clear()
    stop.status = Status.CANCELLED
    slot.entry_order = None
    (sent,) = looked(made, now)
    assert (sent.order.kind, sent.order.quantity, sent.order.side) == (Kind.LIMIT, slot.quantity, -1)
    assert (slot.blocked, slot.leaving) == (UNEXPLAINED, UNEXPLAINED)
