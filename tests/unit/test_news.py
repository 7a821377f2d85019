"""News of our orders: fills that lag behind the count, cancellations that fill after all, late appearances."""


import pytest

from common.trading.doubts import Question
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.halts import HaltLevel
from common.trading.orders import Kind, OrderUpdate, Purpose, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import LONG, PATIENT, SHORT, desk, flat
from tests.unit.wire_case import Wire, entered, fill, hand, protected


def test_fills_that_were_counted_and_not_told_are_waited_for() -> None:
    """COMPLETE with 300 of 498 told: the part is protected, the end is believed when the rest is known."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    quantity = entry.quantity
    wire.say(entry, Status.COMPLETE, fill(entry, 300, 100_00), filled=quantity)
    made.driver.settle()
    assert (made.slot().quantity, made.slot().entry) == (300, entry)
    assert made.session.book.doubts.question(entry) is Question.FILLS
    made.wait(5)
    assert made.exits() == [(2, Kind.SL, 300)]
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    wire.show(entry, Status.COMPLETE, fill(entry, quantity - 300, 100_10, id="rest"))
    made.wait(2)
    assert (made.slot().quantity, made.slot().entry) == (quantity, None)
    assert made.exits() == [(2, Kind.SL, quantity)]
    assert entry not in made.session.book.doubts


def test_an_exit_whose_fills_are_missing_is_not_replaced() -> None:
    """The stop is filled, the fills are not told: a second exit would flip the position."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.COMPLETE, filled=entry.quantity)
    made.wait(30)
    assert len(wire.asked("place")) == 2
    wire.show(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.wait(2)
    assert (made.slot().quantity, made.slot().busy) == (0, False)


def test_a_cancelled_exit_is_confirmed_before_another_takes_its_place() -> None:
    """The broker says CANCELLED and a second later FILLED: no second exit was sent in between."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.CANCELLED)
    made.driver.settle()
    assert made.session.book.doubts.question(stop) is Question.ENDED
    assert len(wire.asked("place")) == 2
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.wait(5)
    assert len(wire.asked("place")) == 2
    assert (made.slot().quantity, made.slot().busy) == (0, False)


def test_a_confirmed_cancellation_is_replaced() -> None:
    """A second later the book still says CANCELLED: the way out begins, for what is left."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.CANCELLED, fill(stop, 98, 99_00))
    made.wait(2)
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity - 98)]


def test_an_entry_cancelled_and_filled_after_all_is_protected() -> None:
    """Alone it needs no confirmation: the symbol is free at once, and a late fill is a position like another."""
    wire = Wire()
    made, entry = entered(wire, SHORT, pace=LIVE)
    wire.say(entry, Status.CANCELLED)
    made.wait(1)
    assert not made.slot().busy
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.wait(1)
    assert made.exits() == [(2, Kind.SL, entry.quantity)]


def test_a_rejected_order_that_filled_is_protected_and_blocked() -> None:
    """It must not happen: the fill counts all the same, the rest of the day goes without this symbol."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.REJECTED, reason="margin")
    made.wait(1)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.wait(1)
    assert {record.fields["kind"] for record in made.alarms()} == {"transition"}
    assert made.slot().blocked == "the broker said what must not happen"
    assert made.exits() == [(2, Kind.SL, entry.quantity)]


def test_an_exit_that_flips_the_position_is_an_alarm() -> None:
    """A late fill of the first exit and the whole of the second: what is short too much is bought back, and said."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.CANCELLED)
    made.wait(3)
    second = made.order(3)
    wire.say(stop, Status.CANCELLED, fill(stop, 100, 99_00))
    wire.say(second, Status.COMPLETE, fill(second, entry.quantity, 99_00))
    made.wait(1)
    assert made.slot().quantity == -100
    assert made.slot().blocked
    assert [record.fields["kind"] for record in made.alarms()] == ["unexplained"]
    last = made.order(4)
    assert (last.side, last.quantity, last.kind) == (1, 100, Kind.LIMIT)


def test_terms_that_a_person_changed_are_adopted() -> None:
    """Our stop was made smaller at the broker: the next read shows it, and it is made whole again."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    made.wait(3)
    wire.show(stop, Status.TRIGGER_PENDING, terms=(Kind.SL, 100, 96_00, 98_00))
    made.driver.reconcile()
    assert wire.asked("modify")[-1] == ("modify", stop.tag, Kind.SL, entry.quantity, 96_00, 98_00)


def test_a_read_just_after_a_change_may_be_stale() -> None:
    """What was changed a second ago and is shown as before is not believed; two seconds later it is."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity - 40, 100_00))
    made.driver.settle()
    assert stop.quantity == entry.quantity
    wire.show(stop, Status.TRIGGER_PENDING, terms=(Kind.SL, 40, 97_00, 99_00))
    made.driver.reconcile()
    assert stop.quantity == entry.quantity
    made.wait(2)
    made.driver.reconcile()
    assert wire.asked("modify")[-1][3] == entry.quantity
    assert len(wire.asked("modify")) == 2


def test_a_late_entry_beside_another_keeps_its_capital() -> None:
    """Given up, the symbol entered again, then the first appears: both count, and both are one protected position."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("timed out")]
    made = desk(wire, {0: LONG, 1: LONG}, pace=LIVE, policy=PATIENT)
    made.driver.run(flat("AAA", 1))
    made.wait(35)
    made.driver.run(flat("AAA", 1, start=1))
    first, second = made.order(1), made.order(2)
    wire.say(first, Status.COMPLETE, fill(first, first.quantity, 100_00))
    made.wait(1)
    wire.say(second, Status.COMPLETE, fill(second, second.quantity, 100_00))
    made.wait(1)
    wire.say(made.order(3), Status.TRIGGER_PENDING)
    made.wait(2)
    held = first.quantity + second.quantity
    assert (made.slot().quantity, sum(left for _, _, left in made.exits())) == (held, held)
    assert made.account.reserved["AAA"] >= held * 100_00, "two entries are filled and one is counted"


def test_a_late_entry_beside_a_working_one_is_taken_back() -> None:
    """It was given up, so nothing waits for it; unfilled it must not stay in the market behind our back."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("timed out")]
    made = desk(wire, {0: LONG, 1: LONG}, pace=LIVE, policy=PATIENT)
    made.driver.run(flat("AAA", 1))
    made.wait(35)
    made.driver.run(flat("AAA", 1, start=1))
    first, second = made.order(1), made.order(2)
    wire.say(second, Status.OPEN)
    wire.say(first, Status.OPEN)
    made.wait(1)
    assert made.slot().entry is second
    assert wire.asked("cancel") == [("cancel", first.tag)]


def test_a_later_slice_that_was_given_up_binds_nothing_twice() -> None:
    """Its capital is that of the whole entry, which is bound already."""
    wire = Wire()
    made, first = entered(wire, pace=LIVE, freeze=200)
    wire.faults["place"] = [None, OrderUnknown("timed out")]
    wire.say(first, Status.COMPLETE, fill(first, 200, 100_00))
    made.wait(40)
    second = made.order(3)
    assert (second.purpose, second.status) == (Purpose.ENTRY, Status.NOT_PLACED)
    bound = made.account.reserved["AAA"]
    wire.say(second, Status.OPEN)
    made.driver.settle()
    assert made.slot().entry is second
    assert made.account.reserved["AAA"] == bound


def test_a_change_that_the_exchange_refuses_later_waits() -> None:
    """The broker took it and the exchange did not: asked for again after a while, so that none of the 25 is wasted."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    before = (stop.kind, stop.quantity, stop.price, stop.trigger)
    wire.foreign(-1, hand(made, 100))
    made.driver.settle()
    wire.show(stop, Status.TRIGGER_PENDING, terms=before)
    wire.queue.append(OrderUpdate(stop.tag, Status.TRIGGER_PENDING, made.session.now + 1, (), "", "halted", before))
    made.wait(1)
    assert (stop.quantity, len(wire.asked("modify"))) == (entry.quantity, 1)
    made.wait(2)
    assert [call[3] for call in wire.asked("modify")] == [entry.quantity - 100] * 2


@pytest.mark.parametrize(("age", "status"), [(0, Status.TRIGGER_PENDING), (1, Status.CANCELLED)])
def test_what_is_no_refusal_of_the_change_makes_nothing_wait(age: int, status: Status) -> None:
    """News as old as the change is of one before it; an order that has ended has not refused anything."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    before = (stop.kind, stop.quantity, stop.price, stop.trigger)
    wire.foreign(-1, hand(made, 100))
    made.driver.settle()
    wire.queue.append(OrderUpdate(stop.tag, status, stop.changed + age, (), "", "halted", before))
    made.driver.settle()
    assert (stop.refusals, made.slot().refused_exits) == (0, 0)
    assert [record for record in made.ledger.records if "refused" in record.message] == []


def test_a_cancellation_of_which_nothing_is_heard_is_asked_for_again() -> None:
    """Its modifications used up, an exit that leaves is cancelled: once, and again when ten seconds brought nothing."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    stop.modifications = 25
    made.control(HaltLevel.FLATTEN)
    made.wait(9)
    assert wire.asked("cancel") == [("cancel", stop.tag)]
    made.wait(3)
    assert wire.asked("cancel") == [("cancel", stop.tag)] * 2


def test_a_change_waits_for_the_one_on_its_way() -> None:
    """The broker refuses a second change while it works at the first: both sales by hand are one more change."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, 100, id="one"), id="F1")
    made.driver.settle()
    wire.foreign(-1, hand(made, 50, id="two"), id="F2")
    made.driver.settle()
    assert [call[3] for call in wire.asked("modify")] == [entry.quantity - 100]
    made.wait(1)
    assert [call[3] for call in wire.asked("modify")] == [entry.quantity - 100, entry.quantity - 150]


def test_what_an_exit_has_filled_ends_the_wait() -> None:
    """A change was refused because the stop was just being filled: its next step does not wait for seconds."""
    wire = Wire()
    made, _, stop = protected(wire)
    wire.faults["modify"] = [OrderRejected("being processed")]
    made.control(HaltLevel.FLATTEN)
    assert made.slot().retry_at > made.session.now
    wire.say(stop, Status.OPEN, fill(stop, 100, 99_00, ts=made.session.now))
    made.driver.settle()
    assert (made.slot().retry_at, len(wire.asked("modify"))) == (0, 2)
    wire.say(stop, Status.COMPLETE, fill(stop, stop.quantity - 100, 99_00, id="rest", ts=made.session.now))
    made.driver.settle()
    made.wait(1)
    assert (made.slot().busy, made.slot().refused_exits, made.slot().retry_at) == (False, 0, 0)


def test_an_entry_that_was_never_placed_is_no_refusal_of_the_broker() -> None:
    """Its intent could not be stored: the symbol may be tried again as often, once the store is back."""
    made, entry = entered(Wire())
    entry.status = Status.INTENDED
    made.driver.tell(OrderUpdate(entry.tag, Status.NOT_PLACED, made.session.now, (), "", "the store is down"))
    assert (entry.status, made.slot().refusals) == (Status.NOT_PLACED, 0)
