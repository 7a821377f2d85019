"""The driver: intents before orders, what a refusal and a doubt become, and that it ends."""

from typing import Any

import pytest

from common.market.bar import Bar, Quote
from common.trading.driver import MAX_ROUNDS, Driver
from common.trading.errors import OrderRejected, OrderUnknown, TradingStopped
from common.trading.messages import Log, Timer
from common.trading.orders import Order, OrderTag, OrderUpdate, Purpose, Status
from common.trading.risk import Verdict
from common.trading.trades import Trade
from tests.unit.trading_case import (
    LONG,
    Script,
    Wire,
    desk,
    entered,
    exchange,
    fill,
    flat,
    minute,
    open_session,
    protected,
    share,
)


class Journal:
    """Writes down what the ledger is told, in one list with what the wire is asked."""

    def __init__(self, calls: list[tuple[Any, ...]], *, refuse: bool = False) -> None:
        self.calls = calls
        self.refuse = refuse

    def intend(self, order: Order, verdict: Verdict) -> None:
        if self.refuse:
            raise TradingStopped("the lease is gone")
        self.calls.append(("intend", order.tag, verdict.code))

    def intend_change(self, order: Order) -> None:
        if self.refuse:
            raise TradingStopped("the lease is gone")
        self.calls.append(("intend_change", order.tag, order.reason))

    def changed(self, order: Order) -> None:
        self.calls.append(("changed", order.tag, order.status))

    def trade(self, trade: Trade) -> None:
        self.calls.append(("trade", trade.number))

    def log(self, record: Log) -> None:
        self.calls.append(("log", record.severity))


def driven(wire: Wire, *, refuse: bool = False) -> Driver:
    session = open_session([share()], lambda _: Script(signals={0: LONG}))
    return Driver(session, wire, Journal(wire.calls, refuse=refuse))


def test_an_intent_is_durable_before_its_order_is_sent() -> None:
    """Entry and stop alike: intend, then place, nothing between."""
    wire = Wire()
    driver = driven(wire)
    driver.run(flat("AAA", 1))
    entry = driver.session.slots["AAA"].entry
    assert entry is not None
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    driver.settle()
    assert [call[:2] for call in wire.calls if call[0] in ("intend", "place")] == [
        ("intend", "T250829S00001"), ("place", "T250829S00001"),
        ("intend", "T250829S00002"), ("place", "T250829S00002"),
    ]
    assert wire.calls[-1] == ("changed", "T250829S00001", Status.COMPLETE)


def test_without_a_durable_intent_nothing_is_sent() -> None:
    """The ledger refuses: the caller hears of it and the broker does not."""
    wire = Wire()
    with pytest.raises(TradingStopped):
        driven(wire, refuse=True).run(flat("AAA", 1))
    assert wire.calls == []


def test_a_change_is_durable_before_it_is_sent() -> None:
    """Why an order is changed, then the change: a lost lease changes nothing at the broker either."""
    wire = Wire()
    driver = driven(wire)
    driver.run(flat("AAA", 1))
    entry = driver.session.slots["AAA"].entry
    assert entry is not None
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    driver.settle()
    stop = driver.session.slots["AAA"].exit
    assert stop is not None
    wire.say(stop, Status.OPEN)
    driver.run(flat("AAA", 1, start=1))
    changes = [call for call in wire.calls if call[0] in ("intend_change", "modify")]
    assert [call[:2] for call in changes] == [("intend_change", stop.tag), ("modify", stop.tag)]


def test_a_refusal_is_final_and_written() -> None:
    """REJECTED with the broker's words; the entry is over."""
    wire = Wire()
    wire.faults["place"] = [OrderRejected("margin")]
    made, entry = entered(wire)
    assert (entry.status, made.slot().busy) == (Status.REJECTED, False)
    assert "margin" in made.ledger.records[0].message


def test_a_doubt_is_exposure_and_is_never_sent_again() -> None:
    """UNKNOWN stays reserved and busy, however long; when it turns up filled it is protected."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("timed out")]
    made, entry = entered(wire)
    made.driver.run(flat("AAA", 5, start=1))
    assert entry.status is Status.UNKNOWN
    assert made.account.reserved["AAA"] == made.account.need(entry.price, entry.quantity)
    assert sum(call[0] == "place" for call in wire.calls) == 1
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.order(2).quantity == entry.quantity


def test_a_doubt_that_never_was_frees_what_it_bound() -> None:
    """Resolved as NOT PLACED: over, like a refusal."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("timed out")]
    made, entry = entered(wire)
    wire.say(entry, Status.NOT_PLACED)
    made.driver.settle()
    assert (made.account.reserved, made.slot().busy) == ({}, False)


def test_an_unknown_stop_that_never_was_is_replaced() -> None:
    """Proven not to have arrived: the ladder, at once."""
    wire = Wire()
    made, entry = entered(wire)
    wire.faults["place"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.order(2).status is Status.UNKNOWN
    wire.say(made.order(2), Status.NOT_PLACED)
    made.driver.settle()
    last = made.order(3)
    assert (last.purpose, last.quantity) == (Purpose.EXIT, entry.quantity)


@pytest.mark.parametrize("name", ["modify", "cancel"])
def test_a_refused_change_leaves_the_order_as_it_was(name: str) -> None:
    """Price, quantity and kind are those the broker has; the refusal is said."""
    wire = Wire()
    made, _, stop = protected(wire)
    before = (stop.kind, stop.quantity, stop.price, stop.trigger)
    wire.faults[name] = [OrderRejected("no")]
    if name == "modify":
        wire.say(stop, Status.OPEN)
        made.driver.run(flat("AAA", 1, start=1))
    else:
        made.session.book.policy = type(made.session.book.policy)(modifications=0)
        wire.say(stop, Status.OPEN)
        made.driver.run(flat("AAA", 1, start=1))
    assert (stop.kind, stop.quantity, stop.price, stop.trigger) == before
    assert [record.severity for record in made.ledger.records] == ["WARNING"]


class Chatter(Wire):
    """Never stops talking."""

    def drain(self) -> list[OrderUpdate]:
        self.calls.append(("drain",))
        return [OrderUpdate(OrderTag("T250829S00001"), Status.OPEN, 1)]


def test_settling_is_bounded() -> None:
    """A session and an exchange that argue for ever are stopped."""
    wire = Chatter()
    with pytest.raises(RuntimeError, match="did not settle"):
        driven(wire).settle()
    assert len(wire.calls) <= 2 * MAX_ROUNDS


@pytest.mark.parametrize("one_by_one", [False, True])
def test_run_and_take_are_the_same(one_by_one: bool) -> None:
    """Whole feeds and single events trade alike."""
    made = desk(exchange(), {0: LONG})
    feed: list[Bar | Quote | Timer] = [*flat("AAA", 3), *flat("AAA", 2, 98_00, start=3)]
    if one_by_one:
        for event in feed:
            made.driver.take(event)
    else:
        made.driver.run(bar for bar in feed if isinstance(bar, Bar))
    assert [(trade.exit_reason, trade.gross) for trade in made.ledger.trades] == [("stop", -200 * 498)]
    assert made.order(1).fills[0].ts == minute(1)


def test_quotes_and_timers_are_events_too() -> None:
    """A tick fills what rests; a timer moves the session's time alone."""
    made = desk(exchange(), {0: LONG})
    made.driver.run(flat("AAA", 1))
    made.driver.take(Timer(minute(1) + 1))
    made.driver.take(Quote(minute(1) + 2, "AAA", 100_00, bid=100_00, ask=100_00))
    assert made.slot().quantity == 498
    assert made.session.now == minute(1) + 2
