"""Stops for what is open: at which level, for how many units, and when another would be one too many."""

from typing import Any

import pytest

from common.trading.doubts import Question
from common.trading.exits import ORPHAN, UNEXPLAINED, tend, trail
from common.trading.messages import CancelOrder, CommitIntent, ModifyOrder
from common.trading.orders import Kind, Order, OrderTag, Purpose, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import SECOND, Desk
from tests.unit.wire_case import Wire, protected


def standing(**more: Any) -> tuple[Desk, Order, int]:
    """A long position entered at 100 rupees with its stop at 99, half a minute later."""
    made, _, stop = protected(Wire(), pace=LIVE, **more)
    return made, stop, made.session.now + 30 * SECOND


def bare() -> tuple[Desk, int]:
    """The same, its stop gone."""
    made, stop, now = standing()
    stop.status = Status.CANCELLED
    made.slot().exits.clear()
    return made, now


def looked(made: Desk, now: int) -> list[Any]:
    """Requests to the broker that a look at the position asks for."""
    out: list[Any] = []
    tend(made.session.book, made.slot(), now, out)
    return [one for one in out if isinstance(one, CommitIntent | ModifyOrder | CancelOrder)]


def test_a_single_unit_is_protected_like_many() -> None:
    """Long one share: the stop shrinks to it and still sells."""
    made, stop, now = standing()
    made.slot().quantity = 1
    (change,) = looked(made, now)
    assert (change.order, change.quantity) == (stop, 1)


def test_an_exit_of_the_wrong_side_goes_before_anything_is_sent() -> None:
    """The position has turned: nothing new beside an exit that would add to it."""
    made, stop, now = standing()
    made.slot().quantity = -5
    (asked,) = looked(made, now)
    assert isinstance(asked, CancelOrder)
    assert asked.order is stop
    assert made.slot().blocked == UNEXPLAINED


def test_of_two_exits_only_the_wrong_one_goes() -> None:
    """The other one is for what is held, and nothing is sent beside it."""
    made, stop, now = standing()
    slot = made.slot()
    right = Order(OrderTag("T250829S00009X"), 9, "AAA", 1, 5, Kind.SL, 105_00, 104_00, Purpose.EXIT, now)
    right.status = Status.TRIGGER_PENDING
    slot.exits.append(right)
    slot.quantity = -5
    (asked,) = looked(made, now)
    assert isinstance(asked, CancelOrder)
    assert asked.order is stop


def test_on_the_way_out_an_entry_that_still_works_is_cancelled_again() -> None:
    """The first cancellation was refused, or the entry came back late."""
    made, stop, now = standing()
    slot, entry = made.slot(), made.order(1)
    slot.leaving, slot.entry = "enough", entry
    entry.status = Status.OPEN
    asked = looked(made, now)
    assert [(type(one), one.order) for one in asked] == [(CancelOrder, entry), (ModifyOrder, stop)]


def test_a_limit_that_works_is_no_spent_stop() -> None:
    """It never was a stop, so that no trigger of it can be overdue."""
    made, stop, now = standing()
    stop.kind, stop.status = Kind.LIMIT, Status.OPEN
    assert looked(made, now) == []
    assert made.slot().leaving == ""


@pytest.mark.parametrize("why", ["in doubt", "being cancelled"])
def test_no_second_stop_beside_one_that_is_uncertain(why: str) -> None:
    """The first is full to the freeze quantity; only when it is certain does another take the rest, and it alone."""
    made, stop, now = standing(freeze=400)
    slot, book = made.slot(), made.session.book
    slot.entry, slot.unsent, slot.quantity = None, 0, 500
    if why == "in doubt":
        book.doubts.raise_(stop, Question.CHANGED, now)
    else:
        stop.cancelling = now
    assert looked(made, now) == []
    book.doubts.clear(stop)
    stop.cancelling = 0
    (sent,) = looked(made, now)
    assert isinstance(sent, CommitIntent)
    assert (sent.order.kind, sent.order.quantity, sent.order.trigger) == (Kind.SL, 100, stop.trigger)


@pytest.mark.parametrize(
    ("why", "said"), [("its entry was the other way", UNEXPLAINED), ("its basket is over", ORPHAN)],
)
def test_what_its_entry_does_not_explain_is_closed(why: str, said: str) -> None:
    """At the market, and the symbol is blocked with the reason."""
    made, now = bare()
    slot, entry = made.slot(), made.order(1)
    if said is ORPHAN:
        entry.basket = {"name": why}
    else:
        entry.side = -entry.side
    (sent,) = looked(made, now)
    assert (sent.order.kind, sent.order.quantity, sent.order.side) == (Kind.LIMIT, slot.quantity, -1)
    assert (slot.blocked, slot.leaving) == (said, said)


def test_the_first_stop_never_waits_for_more_fills() -> None:
    """Half a second of gathering is for a stop that is there."""
    made, now = bare()
    slot = made.slot()
    slot.entry, slot.resized_at = made.order(1), now - 1
    slot.entry.status = Status.OPEN
    (sent,) = looked(made, now)
    assert (sent.order.kind, sent.order.quantity) == (Kind.SL, slot.quantity)


def test_a_stop_that_rests_grows_also_when_the_price_has_reached_it() -> None:
    """The exchange triggers it; a second way out beside it would be one too many."""
    made, stop, now = standing()
    slot = made.slot()
    made.quote(98_00)
    slot.quantity += 10
    (change,) = looked(made, now)
    assert (change.order, change.kind, change.quantity) == (stop, Kind.SL, stop.quantity + 10)
    assert slot.leaving == ""


@pytest.mark.parametrize(("stop_price", "resized_at", "trigger"), [
    (95_00, 0, 99_00), (0, 7, 99_00), (0, 0, 99_00), (98_50, 7, 98_50),
])
def test_the_level_is_of_this_position(stop_price: int, resized_at: int, trigger: int) -> None:
    """A level left over from the trade before is not this one's; one that has been set, or trailed, stays."""
    made, now = bare()
    slot = made.slot()
    slot.stop_price, slot.resized_at = stop_price, resized_at
    (sent,) = looked(made, now)
    assert (sent.order.kind, sent.order.trigger) == (Kind.SL, trigger)


def trailed(made: Desk, mark: int, now: int) -> list[Any]:
    out: list[Any] = []
    trail(made.session.book, made.slot(), mark, now, out)
    return out


def test_a_trail_of_one_unit_follows_upwards() -> None:
    """Long one share: the stop goes up with the market, and only so far that it stays behind it."""
    made, _, now = standing()
    slot = made.slot()
    slot.quantity, slot.trail, slot.best = 1, 80, 100_00
    (change,) = trailed(made, 101_00, now)
    assert (change.trigger, slot.best) == (100_20, 101_00)


def test_a_trail_leaves_several_stops_alone() -> None:
    """Each has its own level and budget: only a position of one stop is trailed."""
    made, stop, now = standing()
    slot = made.slot()
    slot.trail, slot.best = 80, 100_00
    slot.exits.append(stop)
    assert trailed(made, 101_00, now) == []


def test_a_trail_that_was_refused_waits_for_its_time() -> None:
    """Not a nanosecond sooner."""
    made, _, now = standing()
    slot = made.slot()
    slot.trail, slot.best, slot.retry_at = 80, 100_00, now
    assert trailed(made, 101_00, now - 1) == []
    assert [one.trigger for one in trailed(made, 101_00, now)] == [100_20]


def test_a_trail_is_never_put_at_the_market() -> None:
    """The best price is past and the market stands exactly at the new level: it would trigger at once."""
    made, _, now = standing()
    slot = made.slot()
    slot.trail, slot.best = 80, 101_00
    assert trailed(made, 100_20, now) == []
    assert [one.trigger for one in trailed(made, 100_25, now)] == [100_20]
