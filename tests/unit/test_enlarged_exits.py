"""Exits made larger by a change of unclear outcome: their fills are ours as far as they were asked for, no further."""

from common.trading.doubts import Question
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.orders import Order, OrderUpdate, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import Desk
from tests.unit.wire_case import Wire, entered, fill


def enlarged_in_doubt() -> tuple[Wire, Desk, Order, int]:
    """A stop for 40 units, and a change of it to the whole position that nobody answered for."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    wire.faults["modify"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity - 40, 100_00))
    made.driver.settle()
    return wire, made, stop, entry.quantity


def test_fills_beyond_an_unconfirmed_size_count_at_once() -> None:
    """Made larger by a change that nobody answered for, and filled in full: not a fault, and nothing is in doubt."""
    wire, made, stop, quantity = enlarged_in_doubt()
    wire.say(stop, Status.COMPLETE, fill(stop, quantity, 99_00), filled=quantity)
    made.driver.settle()
    assert (made.slot().quantity, made.slot().busy, made.alarms()) == (0, False, [])
    assert (stop.quantity, stop.status, made.session.book.doubts.tags()) == (quantity, Status.COMPLETE, [])


def test_fills_of_an_unconfirmed_size_in_any_order_are_no_fault() -> None:
    """A later part that fits the old size comes first, then those that do not: all count, the symbol is not blocked."""
    _, made, stop, quantity = enlarged_in_doubt()
    book = made.session.book
    parts = [fill(stop, units, 99_00, id=str(units)) for units in (60, 15, 25)]
    for number, filled in ((1, 75), (2, 100), (0, 60)):
        made.driver.tell(OrderUpdate(
            stop.tag, Status.OPEN, made.session.now, (parts[number],), f"B{stop.tag}", filled=filled,
        ))
        assert book.doubts.question(stop) is Question.CHANGED, "missing fills answer no question about a change"
    assert (made.slot().quantity, stop.quantity, stop.filled) == (quantity - 100, quantity, 100)
    assert (made.slot().blocked, made.alarms()) == ("", [])


def test_a_fill_that_nothing_ever_asked_for_is_still_a_fault() -> None:
    """Beyond the largest size that was asked for: blocked and said loudly, as without any doubt."""
    wire, made, stop, quantity = enlarged_in_doubt()
    wire.say(stop, Status.OPEN, fill(stop, quantity + 1, 99_00))
    made.driver.settle()
    assert (made.slot().quantity, stop.filled) == (quantity, 0)
    assert made.slot().blocked
    assert ["does not fit" in record.message for record in made.alarms()] == [True]


def test_a_larger_size_that_was_refused_fits_nothing() -> None:
    """Only what may have been made counts: a proven no is a no."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    wire.faults["modify"] = [OrderRejected("no")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity - 40, 100_00))
    made.driver.settle()
    wire.say(stop, Status.OPEN, fill(stop, 41, 99_00))
    made.driver.settle()
    assert (stop.asked, stop.filled) == (0, 0)
    assert ["does not fit" in record.message for record in made.alarms()] == [True]
