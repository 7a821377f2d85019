"""The driver: intents before orders, what a refusal and a doubt become, and that it ends."""

import pytest

from common.exchange.latency import Latency
from common.exchange.simulated import Exchange
from common.market.bar import Bar, Quote
from common.research.memory_ledger import MemoryLedger
from common.trading.driver import MAX_ROUNDS, Driver
from common.trading.errors import OrderRejected, OrderUnknown, TradingStopped
from common.trading.limits import EXIT_ALLOWED
from common.trading.messages import Command, Timer
from common.trading.orders import Kind, OrderTag, OrderUpdate, Purpose, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import EXACT, LONG, SECOND, Script, desk, exchange, flat, minute, open_session, share
from tests.unit.wire_case import Journal, Wire, entered, fill, protected


def driven(wire: Wire, *, refuse: bool = False) -> Driver:
    session = open_session([share()], lambda _: Script(signals={0: LONG}))
    return Driver(session, wire, Journal(wire.calls, refuse=refuse))


def test_an_intent_is_durable_before_its_order_is_sent() -> None:
    """Entry and stop alike: intend, then place, nothing between; with the stop's goes what the entry has filled."""
    wire = Wire()
    driver = driven(wire)
    driver.run(flat("AAA", 1))
    entry = driver.session.slots["AAA"].entry
    assert entry is not None
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    driver.settle()
    assert [call[:2] for call in wire.calls if call[0] in ("intend", "place")] == [
        ("intend", "T250829S00001E"), ("place", "T250829S00001E"),
        ("intend", "T250829S00002X"), ("place", "T250829S00002X"),
    ]
    assert wire.calls[-3] == ("changed", "T250829S00001E", Status.COMPLETE)


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
    (stop,) = driver.session.slots["AAA"].exits
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
    """Proven not to have arrived: another stop, when what refused the first has had two seconds."""
    wire = Wire()
    made, entry = entered(wire)
    wire.faults["place"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.order(2).status is Status.UNKNOWN
    wire.say(made.order(2), Status.NOT_PLACED)
    made.driver.settle()
    assert made.exits() == []
    made.wait(2)
    assert made.exits() == [(3, Kind.SL, entry.quantity)]


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
        return [OrderUpdate(OrderTag("T250829S00001E"), Status.OPEN, 1)]


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


def test_what_a_read_tells_is_stored_too() -> None:
    """News that was lost and is found in the order book reaches the ledger like any other; what is known does not."""
    wire = Wire()
    session = open_session([share()], lambda _: Script(signals={0: LONG}), pace=LIVE)
    driver = Driver(session, wire, Journal(wire.calls))
    driver.run(flat("AAA", 1))
    entry = session.book.orders[OrderTag("T250829S00001E")]
    wire.show(entry, Status.OPEN, fill(entry, 40, 100_00))
    assert driver.reconcile()
    assert ("changed", entry.tag, Status.OPEN) in wire.calls
    told = len(wire.asked("changed"))
    driver.reconcile()
    assert not [call for call in wire.asked("changed")[told:] if call[1] == entry.tag]


def test_a_resolved_doubt_is_stored() -> None:
    """That an order never arrived is known to the next start as well."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("timed out")]
    session = open_session([share()], lambda _: Script(signals={0: LONG}))
    driver = Driver(session, wire, Journal(wire.calls))
    driver.run(flat("AAA", 1))
    driver.pass_time(minute(1) + SECOND)
    assert wire.asked("changed")[-1] == ("changed", "T250829S00001E", Status.NOT_PLACED)


def test_a_simulated_broker_is_told_the_time() -> None:
    """With latency an order arrives when time has passed, also where no quote comes; a replay's market is the time."""
    for clock, status in ((lambda: minute(1), Status.OPEN), (None, Status.SENT)):
        book = Exchange({"AAA": share()}, EXACT, latency=Latency(SECOND, SECOND))
        book.pass_time(minute(1))
        session, ledger = open_session([share()], lambda _: None, pace=LIVE), MemoryLedger()
        driver = Driver(session, book, ledger, clock)
        out: list[Command] = []
        entry = session.book.send(
            session.slots["AAA"], Purpose.ENTRY, 1, 10, Kind.LIMIT, 100_00, 0, minute(1), EXIT_ALLOWED, out,
        )
        driver.carry_out(out)
        driver.pass_time(minute(1))
        driver.settle()
        assert entry.status is Status.SENT
        driver.pass_time(minute(1) + 2 * SECOND)
        assert entry.status is status


def test_a_stamp_from_the_future_moves_no_time() -> None:
    """A quote of tomorrow counts as of now, what comes after it is no old news, and a person is told once."""
    wire, ledger = Wire(), MemoryLedger()
    session = open_session([share()], lambda _: Script(signals={0: LONG}), pace=LIVE)
    now = [minute(1)]
    driver = Driver(session, wire, ledger, lambda: now[0])
    tomorrow = minute(1) + 86_400 * SECOND
    driver.take(Quote(tomorrow, "AAA", 101_00))
    assert session.now == minute(1)
    now[0] += SECOND
    driver.take(Quote(now[0], "AAA", 102_00))
    assert (session.now, session.slots["AAA"].last.close) == (now[0], 102_00)  # type: ignore[union-attr]
    driver.take(Bar(tomorrow, "AAA", 1, 1, 1, 1))
    entry_free = session.slots["AAA"].entry is None
    wire.queue.append(OrderUpdate(OrderTag(""), Status.OPEN, tomorrow, symbol="AAA", side=1))
    driver.settle()
    assert (session.now, entry_free) == (now[0], True)
    assert [record.severity for record in ledger.records].count("ERROR") == 1
    driver.take(Quote(now[0] + 4 * SECOND, "AAA", 103_00))
    assert session.now == now[0] + 4 * SECOND
