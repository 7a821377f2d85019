"""Exits whose size a change moves, unclear or on its way: fills are ours as far as they were asked for, no further."""

from common.trading.doubts import Question
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.messages import ModifyOrder
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


def resized(to: int) -> tuple[Wire, Desk, Order, int]:
    """A stop for 60 units and an accepted change of it, of which the exchange has not been heard yet."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 60, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    made.driver.carry_out([ModifyOrder(stop, made.session.now, stop.kind, to, stop.price, stop.trigger)])
    assert (stop.quantity, made.session.book.doubts.tags()) == (to, [])
    return wire, made, stop, entry.quantity


def test_news_from_before_an_accepted_change_does_not_disown_its_fills() -> None:
    """Terms of the old size come once more, then the whole larger one fills: not a fault, and all of it counts."""
    wire, made, stop, _ = resized(to=80)
    made.session.slots["AAA"].quantity = 80
    made.session.slots["AAA"].trip.add("more", 1, 100_00, 20, made.session.now)
    late = OrderUpdate(
        stop.tag, Status.OPEN, made.session.now + 1, (), f"B{stop.tag}", "", (stop.kind, 60, stop.price, stop.trigger),
    )
    made.driver.tell(late)
    assert stop.quantity == 60
    wire.say(stop, Status.COMPLETE, fill(stop, 80, 99_00), filled=80)
    made.driver.settle()
    assert (stop.filled, stop.status, made.slot().quantity, made.slot().blocked) == (80, Status.COMPLETE, 0, "")
    assert made.alarms() == []


def test_a_smaller_size_that_the_exchange_has_not_made_yet_may_still_fill_whole() -> None:
    """Accepted by the broker is not made at the exchange: the larger one filled first, and every unit counts."""
    wire, made, stop, _ = resized(to=20)
    wire.say(stop, Status.OPEN, fill(stop, 60, 99_00), filled=60)
    made.driver.settle()
    assert (stop.filled, made.slot().quantity, made.slot().blocked) == (60, 0, "")
    assert made.session.book.doubts.question(stop) is Question.CHANGED, "how large it is a read has to tell"
    assert made.alarms() == []


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
