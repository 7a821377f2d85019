"""Black-76: equal to QuantLib's to 1e-8, volatilities that come back, and a name for what has none."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.black76 import HIGHEST_VOLATILITY, Greeks, Implied, greeks, implied, normal
from tests.bench import option_pricing

REFERENCE = Path(__file__).with_name("black76_reference.csv")

forwards = st.floats(100.0, 60_000.0)
moves = st.floats(-0.4, 0.4)
times = st.floats(1e-5, 2.0)
sigmas = st.floats(0.01, 2.0)
sides = st.sampled_from((1.0, -1.0))
rates = st.floats(0.0, 0.12)


def reference() -> dict[str, np.ndarray]:
    """QuantLib's table by column."""
    with REFERENCE.open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def test_prices_and_greeks_are_quantlibs() -> None:
    """Two hundred options from deep wings to the money, an hour to two years: to 1e-8 of each figure or of one."""
    table = reference()
    assert len(table["price"]) == 200
    found = greeks(*(table[name] for name in ("forward", "strike", "years", "sigma", "side", "rate")))
    for name in Greeks._fields:
        np.testing.assert_allclose(getattr(found, name), table[name], rtol=1e-8, atol=1e-8, err_msg=name)


def test_volatilities_of_quantlibs_prices() -> None:
    """To 1e-8 wherever the price still holds it: where a paisa's ten-millionth moves it by less."""
    table = reference()
    sigma, status = implied(*(table[name] for name in ("price", "forward", "strike", "years", "side", "rate")))
    telling = table["vega"] > table["price"] * 1e-6
    assert telling.sum() > 150
    assert set(status[telling]) == {Implied.FOUND}
    np.testing.assert_allclose(sigma[telling], table["sigma"][telling], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("library", [option_pricing.quantlib, option_pricing.vollib])
def test_a_library_that_is_here_agrees(library: object) -> None:
    """On a whole chain of 2,000, where the library is installed; the committed table stands in where it is not."""
    rows = option_pricing.chain()
    try:
        theirs = np.array(library(24_000.0, 0.065, rows))  # type: ignore[operator]
    except ModuleNotFoundError as absent:
        pytest.skip(f"{absent.name} is not installed; black76_reference.csv holds its figures")
    np.testing.assert_allclose(option_pricing.ours(24_000.0, 0.065, rows), theirs, rtol=1e-8, atol=1e-8)


def test_the_normal_distribution_keeps_its_left_tail() -> None:
    """Against erfc of the C library: relative, down to thirty-seven deviations."""
    x = np.linspace(-37.0, 8.0, 4_001)
    exact = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x.tolist()])
    np.testing.assert_allclose(normal(x), exact, rtol=5e-13)


@given(forwards, moves, times, sigmas, sides, rates)
def test_the_volatility_of_a_price_is_the_one_it_was_made_of(
    forward: float, move: float, years: float, sigma: float, side: float, rate: float,
) -> None:
    """As far as the price's own rounding permits; where nothing of it is left of the price, that is said."""
    strike = forward * math.exp(move)
    made = greeks(forward, strike, years, sigma, side, rate)
    found, status = implied(made.price, forward, strike, years, side, rate)
    if status == Implied.NO_TIME_VALUE:
        assert made.price - math.exp(-rate * years) * max(side * (forward - strike), 0.0) <= 1e-11 * forward
        return
    assert status == Implied.FOUND
    again = greeks(forward, strike, years, found, side, rate)
    assert abs(again.price - made.price) <= 1e-12 * forward
    if made.vega * sigma > 1e-6 * forward:
        assert abs(found / sigma - 1) < 1e-8


@given(forwards, moves, times, sigmas, rates)
def test_calls_and_puts_are_at_parity(forward: float, move: float, years: float, sigma: float, rate: float) -> None:
    """Call less put is the discounted forward less the strike; so are their deltas, and the rest is the same."""
    strike, discount = forward * math.exp(move), math.exp(-rate * years)
    call, put = (greeks(forward, strike, years, sigma, side, rate) for side in (1.0, -1.0))
    assert abs(call.price - put.price - discount * (forward - strike)) <= 1e-11 * (forward + strike)
    assert abs(call.delta - put.delta - discount) < 1e-12
    assert (call.gamma, call.vega) == (put.gamma, put.vega)


@given(forwards, moves, times, sides, rates, st.lists(sigmas, min_size=2, max_size=20))
def test_dearer_with_volatility_and_within_bounds(
    forward: float, move: float, years: float, side: float, rate: float, given_: list[float],
) -> None:
    """Never less than exercise brings, never more than the forward (a call) or the strike (a put), discounted."""
    strike, sigma = forward * math.exp(move), np.sort(np.array(given_))
    made = greeks(forward, strike, years, sigma, side, rate)
    discount = math.exp(-rate * years)
    slack = 1e-12 * (forward + strike)
    assert (np.diff(made.price) >= -slack).all()
    assert (made.price >= discount * max(side * (forward - strike), 0.0) - slack).all()
    assert (made.price <= discount * (forward if side > 0 else strike) + slack).all()
    assert (made.gamma >= 0).all()
    assert (made.vega >= 0).all()
    assert (np.abs(made.delta) <= discount).all()


@pytest.mark.parametrize(("given_", "named"), [
    ((99.9999, 200.0, 100.0, 0.1, 1.0), Implied.NO_TIME_VALUE),
    ((100.0, 200.0, 100.0, 0.1, 1.0), Implied.NO_TIME_VALUE), ((0.0, 100.0, 100.0, 0.1, 1.0), Implied.NO_TIME_VALUE),
    ((5e-324, 100.0, 100.0, 0.1, 1.0), Implied.NO_TIME_VALUE),
    ((100.0, 100.0, 100.0, 0.1, 1.0), Implied.TOO_DEAR), ((99.9, 100.0, 100.0, 0.001, -1.0), Implied.TOO_DEAR),
    ((5.0, 100.0, 100.0, 0.0, 1.0), Implied.EXPIRED), ((5.0, 100.0, 100.0, -1.0, 1.0), Implied.EXPIRED),
    ((-5.0, 100.0, 100.0, 0.1, 1.0), Implied.UNUSABLE),
    ((math.nan, 100.0, 100.0, 0.1, 1.0), Implied.UNUSABLE), ((5.0, 0.0, 100.0, 0.1, 1.0), Implied.UNUSABLE),
    ((5.0, 100.0, math.inf, 0.1, 1.0), Implied.UNUSABLE), ((5.0, 100.0, 100.0, math.nan, 1.0), Implied.UNUSABLE),
])
def test_what_has_no_volatility_has_a_name(given_: tuple[float, ...], named: Implied) -> None:
    """And a volatility of 0, so that nothing that is added up later becomes NaN."""
    sigma, status = implied(*given_)
    assert (Implied(int(status)), float(sigma)) == (named, 0.0)


@given(
    st.floats(0.0, 1e6, allow_subnormal=True), st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), st.floats(-1.0, 5.0), sides,
)
def test_nothing_is_ever_nan(price: float, forward: float, strike: float, years: float, side: float) -> None:
    """Any price against any strike, also expired: a volatility in bounds or a name, and Greeks that are numbers."""
    sigma, status = implied(price, forward, strike, years, side)
    assert 0 <= sigma <= HIGHEST_VOLATILITY
    assert (sigma == 0) == (status != Implied.FOUND)
    assert np.isfinite(np.stack(greeks(forward, strike, years, sigma, side))).all()


def test_at_its_end_an_option_is_what_exercise_brings() -> None:
    """In, at and out of the money, without time or without volatility: delta whole, half and none; no other Greek."""
    for years, sigma in ((0.0, 0.2), (-1.0, 0.2), (0.5, 0.0)):
        made = greeks(100.0, np.array([90.0, 100.0, 110.0]), years, sigma, np.array([[1.0], [-1.0]]))
        np.testing.assert_array_equal(made.price, [[10, 0, 0], [0, 0, 10]])
        np.testing.assert_allclose(made.delta, [[1, 0.5, 0], [0, -0.5, -1]], atol=1e-15)
        for name in ("gamma", "vega", "theta"):
            assert not getattr(made, name).any()


def test_slopes_are_the_prices_own() -> None:
    """Each Greek against a difference of prices: signs and units as documented."""
    f, k, t, s, r, h = 24_000.0, 24_300.0, 0.05, 0.14, 0.065, 1e-4
    for side in (1.0, -1.0):
        def price(df: float = 0, dt: float = 0, ds: float = 0, dr: float = 0, side: float = side) -> float:
            return float(greeks(f + df, k, t + dt, s + ds, side, r + dr).price)

        one = greeks(f, k, t, s, side, r)
        assert float(one.delta) == pytest.approx((price(df=1) - price(df=-1)) / 2, rel=1e-5)
        assert float(one.gamma) == pytest.approx(price(df=1) - 2 * price() + price(df=-1), rel=1e-4)
        assert float(one.vega) == pytest.approx((price(ds=h) - price(ds=-h)) / (2 * h), rel=1e-5)
        assert float(one.theta) == pytest.approx((price(dt=-h * t) - price(dt=h * t)) / (2 * h * t), rel=1e-5)
        assert float(one.rho) == pytest.approx((price(dr=h) - price(dr=-h)) / (2 * h), rel=1e-5)
