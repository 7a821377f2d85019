"""Where a basket's profit came from: on made-up markets in which only one thing moves, and exact sums on any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.black76 import greeks
from common.market.instrument import Kind
from common.market.option_chain import NANOSECONDS_A_YEAR, RATE, expires_at
from common.research.attribution import Attribution, LegHistory, attribute
from tests.unit.basket_case import EXPIRY, option
from tests.unit.trading_case import minute

CALL, PUT = option(24_500, Kind.CALL), option(24_500)
CHAIN = [CALL, PUT]


def market(rows: list[tuple[int, float, float]], half: int = 0) -> dict[str, list[Bar]]:
    """Bars of both options by minute, forward (paise) and volatility; the market's price rounded to the paisa."""
    found: dict[str, list[Bar]] = {one.symbol: [] for one in CHAIN}
    for number, forward, sigma in rows:
        ts = minute(number)
        years = (expires_at(EXPIRY) - ts - NANOSECONDS_A_MINUTE) / NANOSECONDS_A_YEAR
        for one, side in zip(CHAIN, (1.0, -1.0), strict=True):
            price = round(float(greeks(forward, one.strike, years, sigma, side, RATE).price))
            found[one.symbol].append(Bar(ts, one.symbol, price, price, price, price, 0, 0, price - half, price + half))
    return found


def straddle(bars: dict[str, list[Bar]], units: int = -75, spread: int = 0, charges: int = 4_000) -> Attribution:
    """Sold at the end of the first minute, bought back at the end of the last, at the mid less or more the spread."""
    legs, gross = [], 0
    for one in CHAIN:
        rows = bars[one.symbol]
        first, last = ((row.bid + row.ask) // 2 for row in (rows[0], rows[-1]))
        times = (rows[0].ts + NANOSECONDS_A_MINUTE, rows[-1].ts + NANOSECONDS_A_MINUTE)
        legs.append(LegHistory(one, ((times[0], units), (times[1], -units))))
        gross += units * (last - first) - abs(units) * 2 * spread
    return attribute(legs, CHAIN, bars, gross, charges)


def test_time_alone() -> None:
    """Forward and volatility stand still for two hours: a sold straddle earns its theta and next to nothing else."""
    found = straddle(market([(n, 2_450_000.0, 0.12) for n in range(120)]))
    assert found.theta > 10_000
    assert found.net + found.charges == pytest.approx(found.theta, rel=0.02)
    assert abs(found.delta) + abs(found.gamma) + abs(found.vega) + abs(found.rest) < 0.03 * found.theta


def test_volatility_alone() -> None:
    """Two points more within a minute: what was sold loses its vega."""
    found = straddle(market([(0, 2_450_000.0, 0.12), (1, 2_450_000.0, 0.14)]))
    years = (expires_at(EXPIRY) - minute(1)) / NANOSECONDS_A_YEAR
    vega = float(greeks(2_450_000.0, CALL.strike, years, 0.12, 1.0, RATE).vega)
    assert found.vega == pytest.approx(-75 * 2 * vega * 0.02, rel=0.01)
    assert abs(found.delta) + abs(found.gamma) + abs(found.rest) < 0.03 * abs(found.vega)


def test_the_forward_alone() -> None:
    """A small move of a straddle off the money: delta first, gamma for the rest, and both signs right."""
    found = straddle(market([(0, 2_460_000.0, 0.12), (1, 2_463_000.0, 0.12)]))
    assert found.delta < found.gamma < 0
    assert abs(found.vega) + abs(found.rest) < 0.05 * abs(found.delta)


def test_what_the_spread_takes_is_in_the_rest() -> None:
    """A rupee worse on each fill, and nothing else is different."""
    bars = market([(n, 2_450_000.0 + 100 * n, 0.12) for n in range(10)])
    even, worse = straddle(bars), straddle(bars, spread=100)
    assert even.rest - worse.rest == 2 * 75 * 2 * 100
    assert (even.delta, even.gamma, even.theta, even.vega) == (worse.delta, worse.gamma, worse.theta, worse.vega)


def test_nothing_is_held_nothing_moves() -> None:
    """Minutes before the entry and after the exit count for nothing."""
    bars = market([(n, 2_450_000.0 + 2_000 * n, 0.12 + 0.001 * n) for n in range(6)])
    inside = LegHistory(CALL, ((minute(3), 75), (minute(4), -75)))
    found = attribute([inside], CHAIN, bars, 1_000, 50)
    one_step = {symbol: rows[2:4] for symbol, rows in bars.items()}
    assert found == attribute([inside], CHAIN, one_step, 1_000, 50)
    assert found.delta > 0


@given(
    st.lists(st.tuples(st.floats(2_300_000, 2_600_000), st.floats(0.02, 0.8)), min_size=0, max_size=8),
    st.integers(-10**7, 10**7), st.integers(0, 10**6), st.integers(0, 60),
)
def test_the_parts_always_add_up(
    rows: list[tuple[float, float]], gross: int, charges: int, half: int,
) -> None:
    """Whatever the market, the gaps and the books: to the paisa."""
    bars = market([(2 * n, forward, sigma) for n, (forward, sigma) in enumerate(rows)], half)
    legs = [LegHistory(one, ((minute(1), -75), (minute(9), 75))) for one in CHAIN]
    found = attribute(legs, CHAIN, bars, gross, charges)
    assert found.delta + found.gamma + found.theta + found.vega + found.rest - found.charges == found.net
    assert found.net == gross - charges


def test_without_quotes_it_is_all_rest() -> None:
    """No bars, one-sided bars, or no legs: the profit is still booked whole."""
    bars = market([(0, 2_450_000.0, 0.12), (1, 2_460_000.0, 0.12)])
    for rows in bars.values():
        for bar in rows:
            bar.bid = 0
    legs = [LegHistory(CALL, ((minute(1), 75),))]
    for given_, shown in ((legs, {}), (legs, bars), ([], bars)):
        assert attribute(given_, CHAIN, shown, 500, 20) == Attribution(0, 0, 0, 0, 500, 20, 480)
