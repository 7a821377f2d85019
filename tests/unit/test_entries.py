"""Entries: from a signal to one committed, marketable limit within the limits, or to a counted reason why not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar, Quote
from common.market.instrument import AssetClass, Instrument
from common.market.instrument import Kind as InstrumentKind
from common.research.memory_ledger import MemoryLedger
from common.trading.driver import Driver
from common.trading.errors import OrderRejected
from common.trading.exit_policy import ExitPolicy
from common.trading.limits import Limits
from common.trading.messages import PriceBand
from common.trading.orders import Kind, Purpose, Status
from common.trading.pace import LIVE
from common.trading.strategy import Enter
from tests.unit.trading_case import (
    DAY,
    LIMITS,
    LONG,
    PATIENT,
    SECOND,
    SHORT,
    Desk,
    Script,
    bars,
    desk,
    flat,
    minute,
    open_session,
)
from tests.unit.wire_case import Wire, entered, fill


@pytest.mark.parametrize(("signal", "price"), [(LONG, 100_45), (SHORT, 99_60)])
def test_a_marketable_limit_through_the_touch(signal: Enter, price: int) -> None:
    """Buys reach 0.3% above the ask, sales below the bid, on the tick; the stop's distance comes with it."""
    wire = Wire()
    made = desk(wire, {0: signal})
    made.driver.run(bars("AAA", (100_00, 100_00, 100_00, 100_00, 900, 0, 99_90, 100_10)))
    order = made.order(1)
    assert wire.calls == [("place", order.tag, Kind.LIMIT, signal.side, order.quantity, price, 0)]
    assert (order.purpose, order.stop_distance, order.created) == (Purpose.ENTRY, 100, minute(1))


@given(
    price=st.integers(1000, 500_000).map(lambda n: 5 * n), side=st.sampled_from([1, -1]),
    stop=st.floats(0.5, 5000), value=st.integers(100_00, 10**8), width=st.sampled_from([0.1, 0.3, 2.0]),
)
def test_what_is_sent_is_within_the_limits_at_its_own_price(
    price: int, side: int, stop: float, value: int, width: float,
) -> None:
    """Order value, capital and risk hold at the worst price that the order may pay, and so much is reserved."""
    tight = Limits(2 * value, 10**12, value // 50 + 1, 10, 5, value)
    made = desk(Wire(), {0: Enter(side, stop)}, limits=tight, policy=ExitPolicy(entry_width=width))
    made.driver.run(flat("AAA", 1, price))
    for order in made.ledger.orders.values():
        assert max(order.price, price) * order.quantity <= value
        assert order.quantity * order.stop_distance <= tight.risk_per_trade
        assert order.stop_distance >= stop
        assert order.price % 5 == 0
        assert made.account.reserved == {"AAA": made.account.need(max(order.price, price), order.quantity)}


def test_the_intent_carries_the_verdict_and_its_numbers() -> None:
    """Why it was allowed can be read later."""
    made, entry = entered(Wire())
    verdict = made.ledger.verdicts[entry.tag]
    assert (verdict.allowed, verdict.code) == (True, "allow")
    assert verdict.numbers["need"] == made.account.reserved["AAA"]
    assert verdict.numbers["risk"] == entry.quantity * 100


@pytest.mark.parametrize(("row", "signal", "code"), [
    ((100_00, 100_00, 100_00, 100_00, 1, 0, 98_00, 102_00), LONG, "spread"),
    ((100_00, 100_00, 100_00, 100_00), Enter(1, 0), "no_stop"),
    ((100_00, 100_00, 100_00, 100_00), Enter(1, 200_000), "too_small"),
])
def test_denials_are_counted_and_said_once(row: tuple[int, ...], signal: Enter, code: str) -> None:
    """Each denial counts; one record a symbol and code."""
    made = desk(Wire(), {0: signal, 1: signal})
    made.driver.run(bars("AAA", row, row))
    assert made.session.book.denied == {code: 2}
    assert [record.fields["code"] for record in made.ledger.records] == [code]
    assert not made.ledger.orders


def test_no_short_where_it_is_not_allowed_and_no_entry_in_a_blocked_symbol() -> None:
    """Options are bought only; a symbol that is the person's is left alone."""
    made = desk(Wire(), {0: SHORT, 1: LONG})
    made.slot().may_short = False
    made.driver.run(flat("AAA", 1))
    made.slot().blocked = "the person holds it"
    made.driver.run(flat("AAA", 1, start=1))
    assert made.session.book.denied == {"no_short": 1, "symbol_blocked": 1}


def test_no_price_no_entry() -> None:
    """A signal for a symbol that has not traded yet today."""
    made = desk(Wire(), {0: Enter(1, 100, symbol="BBB")}, symbols="AAA BBB")
    made.driver.run(flat("AAA", 1))
    assert made.session.book.denied == {"no_price": 1}


def test_one_entry_at_a_time() -> None:
    """While an order works or a position is open, a further signal does nothing."""
    wire = Wire()
    made = desk(wire, dict.fromkeys(range(6), LONG), policy=PATIENT)
    made.driver.run(flat("AAA", 1))
    made.driver.run(flat("AAA", 2, start=1))
    entry = made.order(1)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.driver.run(flat("AAA", 2, start=3))
    assert [order.purpose for order in made.ledger.orders.values()] == [Purpose.ENTRY, Purpose.EXIT]


def test_the_remainder_is_cancelled_after_its_time() -> None:
    """Ten seconds after it was sent, filled in part or not at all; the part stays and keeps its stop."""
    for part in (0, 40):
        wire = Wire()
        made, entry = entered(wire)
        if part:
            wire.say(entry, Status.OPEN, fill(entry, part, 100_00))
            made.driver.settle()
            wire.say(made.order(2), Status.TRIGGER_PENDING)
            made.driver.settle()
        made.driver.run(flat("AAA", 1, start=1))
        assert wire.calls[-1] == ("cancel", entry.tag)
        wire.say(entry, Status.CANCELLED)
        made.driver.settle()
        assert made.slot().busy is bool(part)
        assert bool(made.account.reserved) is bool(part)


def test_a_rejected_entry_frees_what_it_bound() -> None:
    """Capital, position and symbol are free for the next signal."""
    wire = Wire()
    made = desk(wire, {0: LONG, 2: LONG})
    made.driver.run(flat("AAA", 1))
    wire.say(made.order(1), Status.REJECTED, reason="margin")
    made.driver.settle()
    assert (made.account.reserved, made.slot().busy) == ({}, False)
    made.driver.run(flat("AAA", 2, start=1))
    assert len(made.ledger.orders) == 2


def test_limits_hold_over_symbols() -> None:
    """Capital for two entries: the third gets what is left, or nothing."""
    wire = Wire()
    made = desk(wire, {0: LONG}, symbols="AAA BBB CCC")
    for slot in made.session.slots.values():
        assert slot.strategy is not None
        slot.strategy.signals = {0: Enter(1, 5)}  # type: ignore[attr-defined]
    made.driver.run([Bar(minute(0), s, 100_00, 100_00, 100_00, 100_00, 1) for s in ("AAA", "BBB", "CCC")])
    used = sum(order.price * order.quantity for order in made.ledger.orders.values())
    assert used <= LIMITS.capital
    assert len(made.ledger.orders) in (2, 3)


def quoted(made: Desk, **more: int) -> list[str]:
    """An entry of a rupee's stop on a quote of now; the codes of its denial."""
    side = more.pop("side", 1)
    age = more.pop("age_seconds", 0)
    symbol = next(iter(made.session.slots))
    made.driver.take(Quote(made.session.now, symbol, more.pop("last", 100_00), **more))
    made.session.now += age * SECOND
    made.driver.carry_out(made.session._act(made.slot(symbol), Enter(side, 100), made.session.now))
    return list(made.session.book.denied.elements())


TOUCH = {"bid": 99_95, "ask": 100_05}


@pytest.mark.parametrize(("more", "code"), [
    ({"age_seconds": 2}, []), ({"age_seconds": 3}, ["stale_quote"]), ({"bid": 99_00}, ["one_sided"]),
    ({"ask": 101_00}, ["one_sided"]), ({**TOUCH, "ask_quantity": 1493, "bid_quantity": 9999}, ["too_thin"]),
    ({**TOUCH, "ask_quantity": 1494, "bid_quantity": 1}, []), ({**TOUCH, "ask_quantity": 0}, []),
    ({**TOUCH, "side": -1, "ask_quantity": 1, "bid_quantity": 1493}, ["too_thin"]),
])
def test_the_touch_must_be_fresh_whole_and_deep(more: dict[str, int], code: list[str]) -> None:
    """Two seconds old at most, two-sided or not quoted at all, three times our 498 units where sizes are known."""
    made = desk(Wire(), pace=LIVE)
    made.session.now = minute(1)
    assert quoted(made, **more) == code


@pytest.mark.parametrize(("upper", "side", "code"), [
    (103_00, -1, ["near_upper_circuit"]), (103_10, -1, []), (103_00, 1, []), (0, -1, []),
])
def test_no_short_near_the_upper_circuit(upper: int, side: int, code: list[str]) -> None:
    """Within three percent of it: locked there it could not be bought back."""
    made = desk(Wire(), pace=LIVE)
    made.session.now = minute(1)
    made.driver.tell(PriceBand(minute(1), "AAA", 0, upper))
    assert quoted(made, side=side) == code


def test_a_band_without_a_price() -> None:
    """A short where nothing has traded is denied for want of a price."""
    made = desk(Wire(), pace=LIVE)
    made.driver.tell(PriceBand(minute(1), "AAA", 0, 103_00))
    made.driver.carry_out(made.session._act(made.slot(), SHORT, minute(1)))
    assert made.session.book.denied == {"no_price": 1}


def derivative(**more: object) -> Desk:
    """A desk of one option."""
    fields = {"expiry": DAY, "underlying": "NIFTY", "freeze_quantity": 1800, "strike": 24_400_00, **more}
    one = Instrument("OPT", "NFO", InstrumentKind.CALL, 5, 75, **fields)  # type: ignore[arg-type]
    session = open_session(
        [one, Instrument("NIFTY", "NSE", InstrumentKind.INDEX, 5)], lambda _: Script(), asset_class=AssetClass.OPTIONS,
        limits=replace(LIMITS, capital=10**9, max_order_value=10**9, daily_loss=10**9), pace=LIVE,
    )
    ledger = MemoryLedger()
    made = Desk(session, Driver(session, Wire(), ledger), ledger)
    session.now = minute(100)
    return made


@pytest.mark.parametrize(("cutoff", "expiry", "side", "code"), [
    (100, DAY, -1, ["expiry_short_cutoff"]), (101, DAY, -1, []), (100, DAY, 1, []),
    (100, DAY + timedelta(days=1), -1, []),
])
def test_no_short_option_late_on_its_expiry_day(cutoff: int, expiry: date, side: int, code: list[str]) -> None:
    """From the cut-off on; bought ones and later expiries may be."""
    made = derivative(expiry=expiry)
    made.session.times = replace(made.session.times, expiry_short_cutoff=minute(cutoff))
    assert quoted(made, side=side) == code


def test_an_unknown_freeze_quantity_denies_a_derivative() -> None:
    """Nobody knows what the exchange would take; a share has none."""
    assert quoted(derivative(freeze_quantity=None)) == ["freeze_unknown"]


def test_an_index_is_not_ours_to_trade() -> None:
    """Nor is another class's instrument."""
    made = derivative()
    made.driver.take(Quote(made.session.now, "NIFTY", 24_400_00))
    made.driver.carry_out(made.session._act(made.slot("NIFTY"), LONG, made.session.now))
    assert made.session.book.denied == {"not_ours": 1}


@pytest.mark.parametrize(("spot", "code"), [(0, ["no_price"]), (24_400_00, []), (24_600_00, ["strike_too_far"])])
def test_only_strikes_near_the_money(spot: int, code: list[str]) -> None:
    """So many on each side of where the driver stands; without its price none."""
    made = derivative()
    slot = made.slot("OPT")
    slot.universe.driver, slot.universe.strikes_each_side = "NIFTY", 1
    chain = [
        Instrument(f"C{k}", "NFO", InstrumentKind.CALL, 5, 75, 0, "NIFTY", DAY, k * 100) for k in (24_500, 24_600)
    ]
    slot.universe.options["NIFTY"] = (slot.instrument, *chain)
    if spot:
        made.driver.take(Quote(made.session.now, "NIFTY", spot))
    assert quoted(made) == code


def test_refused_three_times_is_refused_for_the_day() -> None:
    """What the broker will not have it is not asked for again."""
    wire = Wire()
    made = desk(wire, dict.fromkeys(range(6), LONG))
    wire.faults["place"] = [OrderRejected("not allowed")] * 10
    made.driver.run(flat("AAA", 6))
    assert len(wire.asked("place")) == 3
    assert made.session.book.denied == {"refused_too_often": 3}


def test_distances_are_rounded_to_the_tick_away() -> None:
    """Stop, target and trail: never nearer than the signal asked for; nothing asked for is nothing."""
    made, entry = entered(Wire(), Enter(1, 101.2, 203.0, "go", trail_distance=47.0))
    assert (entry.stop_distance, entry.target_distance, entry.trail_distance) == (105, 205, 50)
    _, plain = entered(Wire(), LONG)
    assert (plain.target_distance, plain.trail_distance) == (0, 0)
    assert made.slot().entry is entry


@pytest.mark.parametrize(("seconds", "shown", "code"), [
    (1, 9_999, []), (5, 9_999, ["stale_quote"]), (1, 10, ["too_thin"]), (61, 10, []),
])
def test_a_bar_does_not_hide_the_quotes_it_was_made_of(seconds: int, shown: int, code: list[str]) -> None:
    """Decided on a bar's end: how old the touch is and what it shows count; a bar without quotes speaks for itself."""
    made = desk(Wire(), {0: LONG}, pace=LIVE)
    made.driver.take(Quote(
        minute(1) - seconds * SECOND, "AAA", 100_00, **TOUCH, ask_quantity=shown, bid_quantity=shown,
    ))
    made.driver.take(flat("AAA", 1)[0])
    assert list(made.session.book.denied.elements()) == code
