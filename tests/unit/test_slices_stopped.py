"""A stop that is met between two slices of an entry: the entry is over, and what works of it is taken back."""

import pytest

from common.trading.orders import Status
from tests.unit.trading_case import SECOND
from tests.unit.wire_case import Wire, entries, fill, sliced


def test_no_slice_after_the_first_was_stopped_out() -> None:
    """The second waited for the order rate, and meanwhile the position was gone: the entry is over."""
    wire = Wire()
    made = sliced(wire)
    made.session.book.rate.throttle(made.session.now - 595 * SECOND)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.COMPLETE, fill(stop, 1000, 99_00))
    made.wait(9)
    assert len(entries(made)) == 1
    assert (made.slot().busy, made.account.reserved) == (False, {})


@pytest.mark.parametrize("filled", [0, 300])
def test_no_slice_once_the_stop_has_been_met(filled: int) -> None:
    """Triggered, filled or not yet: it still covers everything, and what is on its way out is not entered further."""
    wire = Wire()
    made = sliced(wire)
    made.session.book.rate.throttle(made.session.now - 599 * SECOND)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.driver.settle()
    wire.say(stop, Status.OPEN, *([fill(stop, filled, 99_00)] if filled else []))
    made.driver.settle()
    made.wait(9)
    assert (len(entries(made)), made.slot().unsent) == (1, 0)


def test_a_slice_that_works_when_the_others_are_stopped_out_is_taken_back() -> None:
    """The position is gone and the second slice is with the broker: it is cancelled, and no third one follows."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    made.driver.settle()
    made.wait(1)
    second = entries(made)[1]
    wire.say(second, Status.OPEN)
    stop = made.order(2)
    wire.say(stop, Status.COMPLETE, fill(stop, 1000, 99_00))
    made.driver.settle()
    assert ("cancel", second.tag) in wire.asked("cancel")
    wire.say(second, Status.CANCELLED, fill(second, 100, 99_00))
    made.driver.settle()
    made.wait(3)
    assert (len(entries(made)), made.slot().unsent) == (2, 0)
    assert sum(left for _, _, left in made.exits()) == made.slot().quantity == 100
