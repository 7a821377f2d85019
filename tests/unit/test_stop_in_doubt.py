"""A stop of which we do not know whether it was placed: nothing beside it, and no more is entered until it is found."""

from common.trading.errors import OrderUnknown
from common.trading.orders import Kind, Order, Purpose, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import Desk
from tests.unit.wire_case import Wire, entered, fill

FIRST = 40


def half_entered(wire: Wire) -> tuple[Desk, Order]:
    """40 units filled, and the answer to their stop lost."""
    made, entry = entered(wire, pace=LIVE)
    wire.faults["place"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.OPEN, fill(entry, FIRST, 100_00))
    made.driver.settle()
    assert made.order(2).status is Status.UNKNOWN
    return made, entry


def test_the_rest_of_the_entry_is_taken_back() -> None:
    """Once; what fills all the same is protected as soon as the stop is found, by the same order."""
    wire = Wire()
    made, entry = half_entered(wire)
    made.wait(3)
    assert wire.asked("cancel") == [("cancel", entry.tag)]
    wire.say(entry, Status.CANCELLED, fill(entry, 20, 100_00, id="crossed"))
    made.wait(3)
    assert (made.slot().quantity, len(wire.asked("place"))) == (FIRST + 20, 2)
    wire.say(made.order(2), Status.TRIGGER_PENDING, id=f"B{made.order(2).tag}")
    made.wait(3)
    assert made.exits() == [(2, Kind.SL, FIRST + 20)]


def test_slices_that_are_not_sent_yet_are_not_sent() -> None:
    """The first slice is filled whole: what goes on above the freeze quantity would stand without a stop."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE, freeze=200)
    assert made.slot().unsent
    wire.faults["place"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.COMPLETE, fill(entry, 200, 100_00))
    made.wait(40)
    assert made.order(2).status is Status.NOT_PLACED
    assert [order.purpose for order in made.ledger.orders.values()] == [Purpose.ENTRY, Purpose.EXIT, Purpose.EXIT]
    assert made.exits() == [(3, Kind.SL, 200)]


def test_an_entry_goes_on_while_its_stop_is_only_being_changed() -> None:
    """A stop that rests protects what it was placed for, and its change is settled within two seconds."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, FIRST, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.wait(1)
    wire.faults["modify"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.OPEN, fill(entry, FIRST, 100_00, id="more"))
    made.wait(1)
    assert made.order(2) in made.session.book.doubts
    assert wire.asked("cancel") == []
