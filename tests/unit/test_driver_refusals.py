"""Intents that cannot be stored, leases that end, changes that are refused: nothing is sent that must not be."""

from typing import Any

import pytest

from common.trading.driver import Driver
from common.trading.errors import IntentRefused, OrderUnknown, TradingStopped
from common.trading.halts import HaltLevel
from common.trading.limits import Verdict
from common.trading.messages import PlaceOrder
from common.trading.orders import Kind, Order, OrderTag, Purpose, Status
from tests.unit.trading_case import LONG, PATIENT, SECOND, Script, desk, flat, minute, open_session, share
from tests.unit.wire_case import Journal, Wire, entered, fill


class Refusing(Journal):
    """A store that is down, or a lease that ends. refusals: how often the intent cannot be stored."""

    def __init__(self, calls: list[tuple[Any, ...]], refusals: int = 0) -> None:
        super().__init__(calls)
        self.refusals = refusals
        self.lease_lasts = True

    def intend(self, order: Order, verdict: Verdict) -> None:
        if self.refusals:
            self.refusals -= 1
            raise IntentRefused("the store does not answer")
        super().intend(order, verdict)

    def may_send(self) -> bool:
        return self.lease_lasts


def test_an_intent_that_was_refused_is_not_sent() -> None:
    """The entry never was: its capital is free, the next signal may try again."""
    wire = Wire()
    session = open_session([share()], lambda _: Script(signals={0: LONG, 1: LONG}))
    driver = Driver(session, wire, Refusing(wire.calls, refusals=1))
    driver.run(flat("AAA", 1))
    assert wire.asked("place") == []
    assert session.book.orders[OrderTag("T250829S00001E")].status is Status.NOT_PLACED
    assert (session.slots["AAA"].busy, session.book.account.reserved) == (False, {})
    driver.run(flat("AAA", 1, start=1))
    assert [call[1] for call in wire.asked("place")] == ["T250829S00002E"]
    assert (driver.intents, driver.sent) == (1, 1)


def test_nothing_is_sent_when_the_lease_is_about_to_end() -> None:
    """Orders and changes alike: another may hold it before the answer comes."""
    wire = Wire()
    session = open_session([share()], lambda _: Script(signals={0: LONG, 1: LONG}))
    ledger = Refusing(wire.calls)
    driver = Driver(session, wire, ledger)
    ledger.lease_lasts = False
    driver.run(flat("AAA", 1))
    assert wire.asked("place") == []
    ledger.lease_lasts = True
    driver.run(flat("AAA", 1, start=1))
    entry = session.slots["AAA"].entry
    assert entry is not None
    wire.say(entry, Status.OPEN)
    ledger.lease_lasts = False
    driver.run(flat("AAA", 1, start=2))
    assert wire.asked("cancel") == []
    assert not session.book.doubts, "nothing was sent: nothing is unclear"
    ledger.lease_lasts = True
    driver.run(flat("AAA", 1, start=3))
    assert len(wire.asked("cancel")) == 1


def test_more_orders_than_intents_stops_everything() -> None:
    """The counter stands apart from the session: whatever a fault asks for, one intent is one order."""
    wire = Wire()
    made, _ = entered(wire)
    again = PlaceOrder(Order(
        OrderTag("T250829S00009E"), 9, "AAA", 1, 1, Kind.LIMIT, 100_00, 0, Purpose.ENTRY, minute(1),
    ))
    with pytest.raises(TradingStopped, match="order 2 of 1 intents"):
        made.driver.carry_out([again])
    assert len(wire.asked("place")) == 1


def test_books_that_cannot_be_read_are_said_once() -> None:
    """Until they can be read again."""
    wire = Wire()
    made = desk(wire)
    wire.deaf = True
    assert [made.driver.reconcile() for _ in range(3)] == [False, False, False]
    wire.deaf = False
    assert made.driver.reconcile()
    wire.deaf = True
    assert not made.driver.reconcile()
    assert sum("cannot be read" in record.message for record in made.ledger.records) == 2


def test_an_unclear_change_is_told_as_one() -> None:
    """Modifying and cancelling: the session hears that nobody knows."""
    wire = Wire()
    made, entry = entered(wire, policy=PATIENT)
    wire.say(entry, Status.OPEN)
    made.driver.settle()
    wire.faults["cancel"] = [OrderUnknown("timed out")]
    made.control(HaltLevel.CANCEL_ENTRIES)
    assert "unclear: timed out" in made.ledger.records[-1].message
    assert entry in made.session.book.doubts


class Slow(Journal):
    """A store that takes its time. now: nanoseconds; seconds: of each commit."""

    def __init__(self, calls: list[tuple[Any, ...]], seconds: float) -> None:
        super().__init__(calls)
        self.now = 0
        self.seconds = seconds

    def intend(self, order: Order, verdict: Verdict) -> None:
        super().intend(order, verdict)
        self.now += int(self.seconds * SECOND)


@pytest.mark.parametrize(("seconds", "sent"), [(5.0, True), (5.1, False), (68.0, False)])
def test_an_entry_that_was_decided_long_ago_is_not_sent(seconds: float, sent: bool) -> None:
    """The machine slept between the intent and the request: the price is another one, nothing is bound any more."""
    wire = Wire()
    session = open_session([share()], lambda _: Script(signals={0: LONG}))
    ledger = Slow(wire.calls, seconds)
    driver = Driver(session, wire, ledger, lambda: ledger.now)
    driver.run(flat("AAA", 1))
    entry = session.book.orders[OrderTag("T250829S00001E")]
    assert entry.status is (Status.SENT if sent else Status.NOT_PLACED)
    assert len(wire.asked("place")) == sent
    assert session.slots["AAA"].busy is sent


def test_an_exit_is_sent_however_late() -> None:
    """Protection that comes late is still protection."""
    wire = Wire()
    made, entry = entered(wire)
    ledger = Slow(wire.calls, 300.0)
    driver = Driver(made.session, wire, ledger, lambda: ledger.now)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    driver.settle()
    assert [call[2] for call in wire.asked("place")] == [Kind.LIMIT, Kind.SL]
