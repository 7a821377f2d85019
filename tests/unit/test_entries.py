"""Entries: from a signal to one committed, marketable limit within the limits, or to a counted reason why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar
from common.trading.exit_policy import ExitPolicy
from common.trading.orders import Kind, Purpose, Status
from common.trading.risk import Limits
from common.trading.strategy import Enter
from tests.unit.trading_case import LIMITS, LONG, SHORT, Wire, bars, desk, entered, fill, flat, minute


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
        assert made.account.reserved == {"AAA": made.account.need(order.price, order.quantity)}


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
    made = desk(wire, dict.fromkeys(range(6), LONG))
    made.driver.run(flat("AAA", 1))
    made.session._entry_timeout = 10**18
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
