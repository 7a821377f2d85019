"""Protection: one exit order a position, for all of it, whatever the broker does; the ladder; nothing ever flips."""

import pytest

from common.trading.errors import OrderRejected
from common.trading.exit_policy import ExitPolicy
from common.trading.orders import Kind, Purpose, Status
from common.trading.strategy import Enter, Exit
from tests.unit.trading_case import LONG, PATIENT, SHORT, bars, desk, flat
from tests.unit.wire_case import Wire, entered, fill, protected


@pytest.mark.parametrize(("signal", "trigger", "limit"), [(LONG, 99_00, 97_00), (SHORT, 101_00, 103_05)])
def test_the_stop_is_at_the_broker_with_the_first_fill(signal: Enter, trigger: int, limit: int) -> None:
    """For as much as is filled, at the signal's distance from the average, its limit 2% behind, on the tick."""
    wire = Wire()
    made, entry = entered(wire, signal)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    assert wire.calls[-1] == ("place", stop.tag, Kind.SL, -signal.side, 40, limit, trigger)
    wire.say(stop, Status.TRIGGER_PENDING)
    wire.say(entry, Status.OPEN, fill(entry, 60, 100_10))
    made.driver.settle()
    assert ("modify", stop.tag, Kind.SL, 100, limit, trigger) in wire.calls[-1:]
    assert made.exits() == [(2, Kind.SL, 100)]


def test_a_refused_resize_is_tried_again() -> None:
    """The broker would not grow the stop: the next bar sees that a part is unprotected and asks again."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    wire.faults["modify"] = [OrderRejected("too many requests")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity - 40, 100_00))
    made.driver.settle()
    made.driver.run(flat("AAA", 2, start=1))
    assert sum(left for _, _, left in made.exits()) == entry.quantity, "a part of the position has no stop"


def test_a_rejected_stop_leaves_at_once() -> None:
    """No stop at the broker: the ladder begins within the same event."""
    wire = Wire()
    made, entry = entered(wire)
    wire.faults["place"] = [OrderRejected("trigger through the last price")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity)]
    assert wire.calls[-1] == ("place", made.order(3).tag, Kind.LIMIT, -1, entry.quantity, 99_75, 0)


def test_a_broker_that_refuses_every_exit_is_asked_a_bounded_number_of_times() -> None:
    """Each bar may try again; one event may not end in hundreds of intents, and the position is not forgotten."""
    wire = Wire()
    made, entry = entered(wire)
    wire.faults["place"] = [OrderRejected("the symbol is locked") for _ in range(400)]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert len(made.ledger.orders) <= 10, f"{len(made.ledger.orders)} orders in one event"
    wire.faults.clear()
    made.driver.run(flat("AAA", 1, start=1))
    assert [left for _, _, left in made.exits()] == [entry.quantity]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.REJECTED])
def test_a_stop_that_ends_by_another_hand_leaves_at_once(status: Status) -> None:
    """The person or the broker cancelled it: the position is not left alone."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, status)
    made.driver.settle()
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity)]
    assert made.order(3).reason == f"stop {status.lower()}"


def test_a_triggered_stop_that_did_not_fill_goes_up_the_ladder() -> None:
    """The same order, wider each bar, an alarm when the steps are used up, then it keeps trying."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, Status.OPEN)
    made.driver.run(flat("AAA", 1, start=1))
    assert wire.calls[-1] == ("modify", stop.tag, Kind.LIMIT, entry.quantity, 99_75, 0)
    made.driver.run(flat("AAA", 3, start=2))
    assert [call[4] for call in wire.calls if call[0] == "modify"] == [99_75, 99_50, 99_00, 98_00]
    assert not made.alarms()
    made.driver.run(bars("AAA", (90_00, 90_00, 90_00, 90_00), start=5))
    assert [record.message for record in made.alarms()] == ["AAA: still open after 4 exit attempts"]
    assert [call[4] for call in wire.calls][-1:] == [88_20]
    assert made.exits() == [(2, Kind.LIMIT, entry.quantity)]


def test_the_modification_budget() -> None:
    """At the policy's count the order is cancelled; a fresh one goes out when the cancel is confirmed, not before."""
    wire = Wire()
    made, entry, stop = protected(wire, policy=ExitPolicy(modifications=2))
    wire.say(stop, Status.OPEN)
    made.driver.run(flat("AAA", 3, start=1))
    assert [call[0] for call in wire.calls[-3:]] == ["modify", "modify", "cancel"]
    assert made.exits() == [(2, Kind.LIMIT, entry.quantity)]
    wire.say(stop, Status.CANCELLED, fill(stop, 100, 99_00))
    made.driver.settle()
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity - 100)]


def test_resizing_counts_against_the_budget() -> None:
    """An entry filled in forty parts: the stop follows all of it without a 26th modification of one order."""
    wire = Wire()
    made, entry = entered(wire)
    for part in range(40):
        wire.say(entry, Status.OPEN, fill(entry, 10, 100_00, id=f"p{part}"))
        made.driver.settle()
        for order in made.ledger.orders.values():
            if order.purpose is Purpose.EXIT and ("cancel", order.tag) in wire.calls and order.working:
                wire.say(order, Status.CANCELLED)
            elif order.status is Status.SENT and order is not entry:
                wire.say(order, Status.TRIGGER_PENDING if order.kind is Kind.SL else Status.OPEN)
        made.driver.settle()
    assert max(order.modifications for order in made.ledger.orders.values()) <= 25
    assert sum(left for _, _, left in made.exits()) == 400


def test_a_target_turns_the_stop_into_a_limit() -> None:
    """The same order: there are never two exits that could fill."""
    wire = Wire()
    made, entry, stop = protected(wire, Enter(1, 100, 150, "go"))
    assert made.slot().target_price == 101_50
    made.driver.run(flat("AAA", 1, 101_45, start=1))
    assert stop.kind is Kind.SL
    made.driver.run(flat("AAA", 1, 101_50, start=2))
    assert (stop.kind, stop.reason, made.exits()) == (Kind.LIMIT, "target", [(2, Kind.LIMIT, entry.quantity)])


def test_the_first_reason_to_leave_stays() -> None:
    """A strategy's exit after the target changes nothing: one way out at a time."""
    wire = Wire()
    made = desk(wire, {0: Enter(1, 100, 50, "go"), 1: Exit("too"), 2: Exit("late")})
    made.driver.run(flat("AAA", 1))
    entry = made.order(1)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.driver.run(flat("AAA", 2, 100_60, start=1))
    assert made.order(2).reason == "target"


def test_an_exit_signal_without_a_position_takes_the_entry_back() -> None:
    """And does nothing where there is neither."""
    wire = Wire()
    made = desk(wire, {0: LONG, 1: Exit("never mind"), 5: Exit("what?")}, policy=PATIENT)
    made.driver.run(flat("AAA", 1))
    entry = made.order(1)
    made.driver.run(flat("AAA", 1, start=1))
    assert wire.calls[-1] == ("cancel", entry.tag)
    wire.say(entry, Status.CANCELLED)
    sent = len(wire.calls)
    made.driver.run(flat("AAA", 5, start=2))
    assert len(wire.calls) == sent


def test_a_partly_filled_exit_is_repriced_for_its_rest_alone() -> None:
    """Quantity counts what is filled already: the order can never sell more than was bought."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, Status.OPEN, fill(stop, 120, 98_90))
    made.driver.run(flat("AAA", 1, 98_50, start=1))
    assert wire.calls[-1] == ("modify", stop.tag, Kind.LIMIT, entry.quantity, 98_25, 0)
    assert made.exits() == [(2, Kind.LIMIT, entry.quantity - 120)]


def test_a_late_fill_while_leaving_is_left_too() -> None:
    """The entry's last part came after the exit began: the exit grows even when its price does not change."""
    wire = Wire()
    made, entry = entered(wire, policy=ExitPolicy(widths=(0.25,)))
    wire.say(entry, Status.OPEN, fill(entry, 100, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.OPEN)
    made.driver.run(flat("AAA", 1, start=1))
    assert (stop.kind, made.exits()) == (Kind.LIMIT, [(2, Kind.LIMIT, 100)])
    wire.say(entry, Status.CANCELLED, fill(entry, 50, 100_00))
    made.driver.settle()
    assert made.exits() == [(2, Kind.LIMIT, 150)]


def test_a_cancelled_exit_that_filled_after_all_never_flips() -> None:
    """The cancel raced with the fill and the replacement is out: it is taken back with the position gone."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, Status.CANCELLED)
    made.driver.settle()
    second = made.order(3)
    wire.say(second, Status.OPEN)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.driver.settle()
    assert made.slot().quantity == 0
    assert wire.calls[-1] == ("cancel", second.tag), "flat, and an exit for all of it is still at the broker"


def test_an_exit_that_partly_filled_after_its_cancel_shrinks_the_next() -> None:
    """What is left of the position is all that the replacement may sell."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, Status.CANCELLED)
    made.driver.settle()
    wire.say(made.order(3), Status.OPEN)
    made.driver.settle()
    wire.say(stop, Status.CANCELLED, fill(stop, 100, 99_00))
    made.driver.settle()
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity - 100)]


def test_a_fill_of_nobodys_exit_is_not_left_alone() -> None:
    """If an exit flips the position all the same, the session works its way out of it."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, Status.CANCELLED)
    made.driver.settle()
    second = made.order(3)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    wire.say(second, Status.COMPLETE, fill(second, entry.quantity, 99_00))
    made.driver.settle()
    made.driver.run(flat("AAA", 2, start=1))
    assert made.slot().quantity == -entry.quantity
    assert [left for _, _, left in made.exits()] == [entry.quantity], "short, and nothing is on its way to buy it back"
