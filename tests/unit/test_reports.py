"""Reports of the broker: what is not ours is told apart, what cannot be explained blocks its symbol."""


from common.trading.orders import Status
from common.trading.pace import LIVE
from tests.unit.wire_case import Wire, fill, protected


def test_a_broker_with_two_orders_of_one_tag() -> None:
    """The first is ours, the second a fault for a person to end: said once, the symbol blocked, its fills not ours."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 10, 100_00, id="other"), id="second")
    made.wait(1)
    assert [record.fields["kind"] for record in made.alarms()] == ["double"]
    assert "cancel second by hand" in made.alarms()[0].message
    assert made.slot().blocked == "two orders of one intent"
    assert made.slot().quantity == entry.quantity


def test_an_order_that_nobody_intended_blocks_its_symbol() -> None:
    """Our prefix and not our order: another workload may be running; said once however often it is read."""
    wire = Wire()
    made, _, _ = protected(wire, pace=LIVE)
    wire.foreign(1, tag=f"{made.session.book.prefix}00077E", status=Status.OPEN, id="B77")
    made.driver.settle()
    for _ in range(3):
        made.driver.reconcile()
    assert [record.fields["tag"] for record in made.alarms()] == [f"{made.session.book.prefix}00077E"]
    assert made.slot().blocked == "an order of ours that nobody intended"


def test_orders_of_other_workloads_are_not_the_persons() -> None:
    """Another class of the same account and date has its own prefix: nothing is blocked."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(-1, fill(entry, 5, 100_00, id="o"), tag="T250829O00001X", id="O1")
    wire.foreign(-1, fill(entry, 5, 100_00, id="z"), symbol="ZZZ", id="Z1")
    made.driver.settle()
    assert (made.slot().blocked, made.slot().foreign, made.slot().quantity) == ("", 0, entry.quantity)
