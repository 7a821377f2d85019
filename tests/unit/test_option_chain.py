"""The option chain: forward, Greeks, what is left out and why, and every way to choose a strike or an expiry."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from common.market.bar import NANOSECONDS_A_SECOND, Bar, Quote, bar_of
from common.market.black76 import greeks
from common.market.expiries import Choice, choose_expiry
from common.market.instrument import Kind
from common.market.option_chain import (
    NANOSECONDS_A_YEAR,
    RATE,
    Chain,
    Liquidity,
    Offer,
    expires_at,
    option_chain,
    parity_forward,
)
from common.market.tables import OutsideTable
from common.trading.chain_view import ANY_LIQUIDITY, chain_of, expiry_of
from tests.unit.basket_case import option
from tests.unit.strategy_case import DAY, OPEN_TS, FakeView

NOW = OPEN_TS + 3_600 * NANOSECONDS_A_SECOND
EXPIRY = date(2025, 9, 2)
YEARS = (expires_at(EXPIRY) - NOW) / NANOSECONDS_A_YEAR
FORWARD, SIGMA = 24_512_00.0, 0.12
STRIKES = range(24_000, 25_050, 50)
KINDS = (Kind.CALL, Kind.PUT)


def offers(half: int = 10, ts: int = NOW) -> list[Offer]:
    """A chain of one volatility, both sides `half` paise from Black-76's price."""
    found = []
    for strike in STRIKES:
        for kind, side in zip(KINDS, (1.0, -1.0), strict=True):
            price = round(float(greeks(FORWARD, strike * 100.0, YEARS, SIGMA, side, RATE).price))
            found.append(Offer(option(strike, kind, expiry=EXPIRY), ts, max(0, price - half), price + half, 7_500))
    return found


def made(given: Sequence[Offer], asked: Liquidity = ANY_LIQUIDITY) -> Chain:
    """Where there is one."""
    chain = option_chain("NIFTY", EXPIRY, given, NOW, asked)
    assert chain is not None
    return chain


def test_forward_volatility_and_greeks_come_back() -> None:
    """From quotes made with one forward and volatility: to half a paisa's worth of rounding."""
    chain = made(offers())
    assert chain.forward == pytest.approx(FORWARD, abs=1.0)
    assert chain.at_the_money == 24_500_00
    assert chain.sigma == pytest.approx(SIGMA, abs=1e-3)
    call, put = chain.at(Kind.CALL, 24_500_00), chain.at(Kind.PUT, 24_500_00)
    assert call is not None
    assert put is not None
    exact = greeks(FORWARD, 24_500_00.0, YEARS, SIGMA, 1.0, RATE)
    assert (call.delta, call.gamma, call.vega, call.theta) == pytest.approx(
        [float(value) for value in (exact.delta, exact.gamma, exact.vega, exact.theta)], rel=2e-3,
    )
    assert call.delta - put.delta == pytest.approx(1, abs=1e-3)


def test_one_bad_quote_does_not_move_the_forward() -> None:
    """It is the median of the strikes nearest to the money."""
    bad = [replace(one, bid=one.bid + 50_00, ask=one.ask + 50_00)
           if one.instrument.symbol == "N24500CE" else one for one in offers()]
    assert made(bad).forward == pytest.approx(FORWARD, abs=2.0)


@pytest.mark.parametrize(("changed", "fault", "priced"), [
    ({"bid": 0}, "one-sided", False), ({"ask": 0}, "one-sided", False), ({"bid": 999_00}, "crossed", False),
    ({"ts": NOW - 181 * NANOSECONDS_A_SECOND}, "stale", False), ({"bid": 100_00}, "wide", True),
    ({"bid_quantity": 100, "ask_quantity": 9_999}, "thin", True), ({"oi": 10}, "few open", True),
])
def test_what_may_not_be_traded_and_why(changed: dict[str, Any], fault: str, priced: bool) -> None:
    """Named; what is only illiquid keeps its volatility, what is no price has none, and neither is ever chosen."""
    given = [replace(one, **changed) if one.instrument.symbol == "N24500CE" else one for one in offers(half=5)]
    chain = made(given, Liquidity(max_spread_percent=20.0, min_size=300, min_oi=75))
    row = chain.row("N24500CE")
    assert row is not None
    assert (row.fault, bool(row.sigma), bool(row.vega)) == (fault, priced, priced)
    assert chain.at(Kind.CALL, 24_500_00) is None
    assert chain.by_steps(Kind.CALL, 0) is None
    nearest = chain.by_delta(Kind.CALL, 0.5)
    assert nearest is not None
    assert nearest.instrument.symbol != "N24500CE"


def test_every_way_to_choose_a_strike() -> None:
    """Steps, delta, premium, distance; outwards for calls and puts, and from another strike where one is given."""
    chain = made(offers())

    def strike(row: object) -> int:
        return int(row.instrument.strike) // 100  # type: ignore[attr-defined]

    assert strike(chain.by_steps(Kind.CALL, 2)) == 24_600
    assert strike(chain.by_steps(Kind.PUT, 2)) == 24_400
    assert strike(chain.by_steps(Kind.PUT, 3, 24_400_00)) == 24_250
    assert chain.by_steps(Kind.CALL, 99) is None
    assert strike(chain.by_distance(Kind.CALL, 1.0)) == 24_750
    assert strike(chain.by_distance(Kind.PUT, 1.0, 24_400_00)) == 24_150
    for wanted in (0.1, 0.3, 0.5):
        chosen = chain.by_delta(Kind.PUT, wanted)
        assert chosen is not None
        assert abs(abs(chosen.delta) - wanted) == min(abs(abs(r.delta) - wanted) for r in chain.tradable(Kind.PUT))
    dear = chain.by_premium(Kind.CALL, 60_00)
    assert dear is not None
    assert abs(dear.offer.mid - 60_00) == min(abs(r.offer.mid - 60_00) for r in chain.tradable(Kind.CALL))


def test_no_forward_no_chain() -> None:
    """Without a pair, after its expiry, or with nothing: nobody guesses a forward."""
    calls = [one for one in offers() if one.instrument.kind is Kind.CALL]
    assert option_chain("NIFTY", EXPIRY, calls, NOW) is None
    assert option_chain("NIFTY", EXPIRY, [], NOW) is None
    assert option_chain("NIFTY", EXPIRY, offers(), expires_at(EXPIRY)) is None
    assert parity_forward([], YEARS) is None


def test_an_expiry_that_the_calendar_does_not_know() -> None:
    """A holiday or a year beyond the table is said, and through a view it is no chain."""
    for day in (date(2025, 8, 31), date(2031, 3, 4)):
        with pytest.raises(OutsideTable):
            expires_at(day)
    view = FakeView(options=[option(24_500, expiry=date(2031, 3, 4))])
    assert chain_of(view, "NIFTY", date(2031, 3, 4), NOW) is None


def test_the_chain_of_a_view() -> None:
    """Bars count from their end and quotes from their moment; sizes come along; strikes can be cut."""
    given = offers()
    view = FakeView(options=[one.instrument for one in given])
    for one in given:
        start = NOW - 60 * NANOSECONDS_A_SECOND
        view.bars[one.instrument.symbol] = Bar(
            start, one.instrument.symbol, 5, 5, 5, 5, 0, one.oi, one.bid, one.ask,
        )
    quoted = next(one for one in given if one.instrument.symbol == "N24600CE")
    view.bars["N24600CE"] = bar_of(Quote(NOW, "N24600CE", 5, quoted.bid, quoted.ask))
    view.shown["N24600CE"] = (75, 150)
    chain = chain_of(view, "NIFTY", EXPIRY, NOW)
    assert chain is not None
    assert chain.forward == pytest.approx(FORWARD, abs=1.0)
    row = chain.row("N24600CE")
    assert row is not None
    assert (row.offer.ts, row.offer.bid_quantity, row.offer.ask_quantity) == (NOW, 75, 150)
    other = chain.row("N24600PE")
    assert other is not None
    assert (other.offer.ts, other.offer.oi) == (NOW, 7_500)
    part = chain_of(view, "NIFTY", EXPIRY, NOW, strikes=(24_400_00, 24_600_00))
    assert part is not None
    assert part.strikes == [n * 100 for n in range(24_400, 24_650, 50)]


WEEKLIES = [date(2025, 9, day) for day in (2, 9, 16, 23, 30)] + [date(2025, 10, 28)]


@pytest.mark.parametrize(("choice", "days", "expected"), [
    ("nearest", 0, date(2025, 9, 2)), ("nearest", 4, date(2025, 9, 2)), ("nearest", 5, date(2025, 9, 9)),
    ("next", 0, date(2025, 9, 9)), ("weekly", 8, date(2025, 9, 9)), ("monthly", 0, date(2025, 9, 30)),
    ("monthly", 33, date(2025, 10, 28)), ("weekly", 30, None), ("next", 50, None),
])
def test_which_expiry(choice: Choice, days: int, expected: date | None) -> None:
    """The nearest far enough, the one after it, the first of a cycle; a month's last weekly one is its monthly one."""
    assert choose_expiry("NIFTY", reversed(WEEKLIES), DAY, choice, days) == expected
    view = FakeView(options=[option(24_500, expiry=expiry) for expiry in WEEKLIES])
    assert expiry_of(view, "NIFTY", choice, days) == expected


def test_an_unknown_underlying_has_no_cycle() -> None:
    """Its nearest expiry can be chosen, its monthly one not; a past expiry never is."""
    listed = [DAY - timedelta(days=1), DAY + timedelta(days=3)]
    assert choose_expiry("ACME", listed, DAY) == listed[1]
    with pytest.raises(OutsideTable):
        choose_expiry("ACME", listed, DAY, "monthly")
    view = FakeView(options=[option(100, underlying="ACME", expiry=listed[1])])
    assert expiry_of(view, "ACME", "monthly", 0) is None
    assert expiry_of(FakeView(), "ACME", "nearest", 0) is None
