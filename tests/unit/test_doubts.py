"""Doubts: what is unclear is looked up with patience, counts as exposure meanwhile, and is never sent again."""

import pytest

from common.trading.doubts import Question
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.halts import HaltLevel
from common.trading.orders import Kind, Order, Status
from common.trading.pace import LIVE, Pace
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, PATIENT, Desk, flat
from tests.unit.wire_case import Wire, entered, fill, protected


def lost_on_the_way(wire: Wire, signal: Enter = LONG) -> tuple[Desk, Order]:
    """An entry whose answer never came."""
    wire.faults["place"] = [OrderUnknown("timed out")]
    made, entry = entered(wire, signal, pace=LIVE)
    assert made.order(1).status is Status.UNKNOWN
    return made, entry


def unknown_stop(wire: Wire) -> tuple[Desk, Order, Order]:
    """A filled entry whose stop's answer never came."""
    made, entry = entered(wire, pace=LIVE)
    wire.faults["place"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    return made, entry, made.order(2)


def test_an_unknown_order_is_given_up_after_thirty_seconds_of_reads() -> None:
    """Not before; its capital is bound until then; it is sent once; and a person can read why."""
    wire = Wire()
    made, entry = lost_on_the_way(wire)
    made.wait(30)
    assert made.order(1).status is Status.UNKNOWN
    assert made.account.reserved["AAA"] == entry.need > 0
    made.wait(2)
    assert made.order(1).status is Status.NOT_PLACED
    assert (made.account.reserved, made.slot().busy, made.session.book.doubts.tags()) == ({}, False, [])
    assert len(wire.asked("place")) == 1
    assert 25 <= len(wire.asked("orders")) <= 32, "about one read a second"
    assert any("never reached the broker" in record.message for record in made.ledger.records)
    assert not wire.asked("cancel"), "an order that may not be there was cancelled blindly"


def test_reads_that_fail_are_no_proof() -> None:
    """A broker that does not answer for two minutes has not said that the order is missing; it is told once."""
    wire = Wire()
    made, _ = lost_on_the_way(wire)
    wire.deaf = True
    made.wait(120)
    assert made.order(1).status is Status.UNKNOWN
    assert sum("cannot be read" in record.message for record in made.ledger.records) == 1
    wire.deaf = False
    made.wait(30)
    assert made.order(1).status is Status.UNKNOWN
    made.wait(2)
    assert made.order(1).status is Status.NOT_PLACED


def test_two_reads_are_not_enough() -> None:
    """However far apart: three successful ones at least."""
    wire = Wire()
    made, _ = lost_on_the_way(wire)
    made.wait(1)
    wire.deaf = True
    made.wait(60)
    wire.deaf = False
    made.wait(1)
    assert made.order(1).status is Status.UNKNOWN
    made.wait(1)
    assert made.order(1).status is Status.NOT_PLACED


@pytest.mark.parametrize("late", [1, 8, 20, 29])
@pytest.mark.parametrize("status", [Status.SENT, Status.OPEN, Status.COMPLETE])
def test_an_order_that_shows_itself_late_is_ours(late: int, status: Status) -> None:
    """Found by its tag after so many seconds: followed like any other, protected when it is filled."""
    wire = Wire()
    made, entry = lost_on_the_way(wire)
    made.wait(late)
    fills = [fill(entry, entry.quantity, 100_00)] if status is Status.COMPLETE else []
    wire.show(entry, status, *fills)
    made.wait(2)
    assert (entry.status, entry.broker_id) == (status, f"B{entry.tag}")
    assert entry not in made.session.book.doubts
    assert made.exits() == ([(2, Kind.SL, entry.quantity)] if fills else [])
    assert len(wire.asked("place")) == (2 if fills else 1)


def test_an_order_that_appears_after_it_was_given_up() -> None:
    """Patience was too short: an alarm, its capital counts again, and its fill is protected."""
    wire = Wire()
    made, entry = lost_on_the_way(wire)
    made.wait(35)
    assert made.order(1).status is Status.NOT_PLACED
    wire.say(entry, Status.OPEN)
    made.wait(1)
    assert [record.fields["kind"] for record in made.alarms()] == ["late order"]
    assert made.slot().busy
    assert made.slot().entry is entry
    assert wire.asked("cancel") == [("cancel", entry.tag)], "an entry so late is taken back"
    wire.say(entry, Status.CANCELLED, fill(entry, 100, 100_00))
    made.wait(3)
    assert made.exits() == [(2, Kind.SL, 100)]
    assert made.account.reserved["AAA"] >= 100 * 100_00


def test_the_fills_of_an_order_given_up_may_come_later_still() -> None:
    """The broker shows it COMPLETE and its fills a second later: the symbol stays busy in between, then a stop."""
    wire = Wire()
    made, entry = lost_on_the_way(wire)
    made.wait(35)
    wire.say(entry, Status.COMPLETE, filled=entry.quantity)
    made.wait(1)
    assert made.slot().busy, "an order of ours is filled and its symbol counts as free"
    assert [record.fields["kind"] for record in made.alarms()] == ["late order"]
    wire.show(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.wait(2)
    assert made.exits() == [(2, Kind.SL, entry.quantity)]
    assert (entry.status, made.slot().entry) == (Status.COMPLETE, None)


@pytest.mark.parametrize("ahead", [False, True])
def test_an_exit_that_appears_after_it_was_given_up_is_not_doubled(ahead: bool) -> None:
    """Its replacement rests already: what both could sell is never more than what is held."""
    wire = Wire()
    made, entry, stop = unknown_stop(wire)
    made.wait(36)
    assert stop.status is Status.NOT_PLACED
    second = made.order(3)
    wire.say(second, Status.TRIGGER_PENDING)
    made.wait(1)
    assert made.exits() == [(3, Kind.SL, entry.quantity)]
    if ahead:
        wire.say(stop, Status.OPEN, filled=100)
    else:
        wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    assert stop in made.slot().exits, "an exit of ours works and nobody follows it"
    cancelled = {call[1] for call in wire.asked("cancel")}
    assert cancelled & {stop.tag, second.tag}, "two exits rest for one position"


def test_an_unknown_stop_is_looked_up_not_doubled() -> None:
    """No second stop while the first may be at the broker; when it shows itself, it is the one."""
    wire = Wire()
    made, entry, stop = unknown_stop(wire)
    made.wait(20)
    assert len(wire.asked("place")) == 2
    wire.show(stop, Status.TRIGGER_PENDING)
    made.wait(2)
    assert made.exits() == [(2, Kind.SL, entry.quantity)]
    assert made.slot().resting


def test_a_square_off_waits_for_an_unknown_stop() -> None:
    """Even on the way out: another exit could sell the position twice."""
    wire = Wire()
    made, entry, stop = unknown_stop(wire)
    made.control(HaltLevel.FLATTEN)
    made.wait(25)
    assert len(wire.asked("place")) == 2
    made.wait(10)
    assert stop.status is Status.NOT_PLACED
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity)]


@pytest.mark.parametrize("happened", [True, False])
def test_an_unclear_change_is_read_before_the_next(happened: bool) -> None:
    """The stop was to become the exit and nobody knows whether it did: one read, then on from what is true."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.faults["modify"] = [OrderUnknown("timed out")]
    made.control(HaltLevel.FLATTEN)
    assert made.session.book.doubts.question(stop) is Question.CHANGED
    if happened:
        wire.show(stop, Status.OPEN, terms=(Kind.LIMIT, entry.quantity, 99_75, 0))
    made.wait(1)
    assert (stop.kind, stop.price) == ((Kind.LIMIT, 99_75) if happened else (Kind.SL, 97_00))
    assert len(wire.asked("modify")) == 1, "changed again before the first outcome was known"
    made.wait(3)
    last = wire.asked("modify")[-1]
    assert last[:4] == ("modify", stop.tag, Kind.LIMIT, entry.quantity)
    assert len(wire.asked("place")) == 2


@pytest.mark.parametrize("status", [Status.OPEN, Status.CANCELLED])
def test_an_unclear_cancellation_is_read_before_it_is_repeated(status: Status) -> None:
    """Still open: asked again; cancelled: over."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN)
    wire.faults["cancel"] = [OrderUnknown("timed out")]
    made.wait(10)
    assert len(wire.asked("cancel")) == 1
    if status is Status.CANCELLED:
        wire.show(entry, status)
    made.wait(2)
    assert len(wire.asked("cancel")) == (1 if status is Status.CANCELLED else 2)
    assert made.slot().busy is (status is Status.OPEN)


def test_an_unknown_order_shown_filled_without_fills() -> None:
    """Two questions one after the other: it was placed; now its fills are asked for until they come."""
    wire = Wire()
    made, entry = lost_on_the_way(wire)
    wire.show(entry, Status.COMPLETE, filled=entry.quantity)
    made.wait(2)
    assert made.session.book.doubts.question(entry) is Question.FILLS
    made.wait(60)
    assert entry.status is not Status.NOT_PLACED
    assert made.slot().busy
    wire.show(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.wait(2)
    assert made.exits() == [(2, Kind.SL, entry.quantity)]


def test_a_refusal_resolves_a_doubt_too() -> None:
    """UNKNOWN, then the broker's REJECTED: over at once."""
    wire = Wire()
    made, entry = lost_on_the_way(wire)
    wire.say(entry, Status.REJECTED, reason="margin")
    made.wait(1)
    assert (entry.status, made.slot().busy, made.slot().refusals) == (Status.REJECTED, False, 1)


def test_a_change_refused_for_good_is_no_doubt() -> None:
    """Rejected: the order stands as it was, and nothing is read for it."""
    wire = Wire()
    made, entry = entered(wire, pace=Pace(), policy=PATIENT)
    wire.say(entry, Status.OPEN)
    made.driver.settle()
    wire.faults["cancel"] = [OrderRejected("no")]
    made.control(HaltLevel.FLATTEN)
    assert not made.session.book.doubts
    made.wait(5)
    assert wire.asked("orders") == []


def test_a_resting_position_costs_no_reads() -> None:
    """Nothing is in doubt and nothing moves: the account's read budget is left alone."""
    wire = Wire()
    made, _, _ = protected(wire, pace=LIVE)
    made.driver.run(flat("AAA", 1, start=1))
    made.wait(60)
    assert len(wire.asked("orders")) <= 1
