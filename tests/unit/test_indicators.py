"""Each indicator against a plain reference that keeps the whole history."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.strategies.indicators import Atr, Efficiency, Ema, Highest, Momentum, OpeningRange, SessionVwap
from tests.unit.strategy_case import OPEN_TS, minute_bar, minute_bars

MINUTE = 60_000_000_000
candles = st.lists(st.tuples(st.integers(500, 2_000), st.integers(0, 90), st.integers(0, 90)), max_size=60)


def wilder(bars: list[tuple[int, int, int]], period: int) -> float:
    """Average true range of (high, low, close), from the definition."""
    spans = [
        max(high, bars[i - 1][2] if i else high) - min(low, bars[i - 1][2] if i else low)
        for i, (high, low, _) in enumerate(bars)
    ]
    if len(spans) < period:
        return 0.0
    value = sum(spans[:period]) / period
    for span in spans[period:]:
        value = (value * (period - 1) + span) / period
    return value


@given(candles, st.integers(2, 20))
def test_atr_is_wilders(moves: list[tuple[int, int, int]], period: int) -> None:
    """After every bar the value is that of Wilder's formula over all bars so far, and 0 before `period` bars."""
    atr, bars = Atr(period), []
    for close, above, below in moves:
        bars.append((close + above, close - below, close))
        assert atr.update(*bars[-1]) == atr.value == pytest.approx(wilder(bars, period))


def test_atr_counts_the_gap_from_the_last_close() -> None:
    """A flat bar that opens away from the last close has the whole gap as its true range, up or down."""
    atr = Atr(2)
    atr.update(100, 100, 100)
    assert atr.update(130, 130, 130) == 15.0
    assert atr.update(100, 100, 100) == 22.5


def test_atr_forgets_on_reset() -> None:
    """After a reset the first bar has no previous close, so a night's gap is no range."""
    atr = Atr(2)
    atr.update(100, 90, 95)
    atr.update(100, 90, 95)
    atr.reset()
    assert atr.value == 0.0
    atr.update(505, 500, 500)
    assert atr.update(505, 500, 505) == 5.0


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=60), st.integers(2, 50))
def test_ema_is_the_weighted_sum(xs: list[int], period: int) -> None:
    """The recursion equals the explicit weighted sum seeded with the first value."""
    ema = Ema(period)
    for x in xs:
        ema.update(x)
    keep = 1 - 2 / (period + 1)
    expected = xs[0] * keep ** (len(xs) - 1)
    expected += sum((1 - keep) * x * keep ** (len(xs) - 1 - i) for i, x in enumerate(xs) if i)
    assert ema.value == pytest.approx(expected)
    ema.reset()
    assert ema.value == 0.0
    assert ema.update(7) == 7.0


def test_session_vwap_weighs_by_volume() -> None:
    """Nothing traded gives 0; then the typical prices count by their volume, and a reset forgets them."""
    vwap = SessionVwap()
    assert vwap.update(minute_bar(0, 900, 0)) == 0.0
    assert vwap.update(minute_bar(1, 100, 10, high=130, low=70)) == 100.0
    assert vwap.update(minute_bar(2, 200, 30)) == 175.0
    assert vwap.update(minute_bar(3, 999, 0)) == 175.0
    vwap.reset()
    assert vwap.update(minute_bar(4, 50, 1)) == 50.0


def test_opening_range_takes_its_minutes_and_no_more() -> None:
    """High and low of minutes 0 to 4; the bar of minute 5 completes the range and does not widen it."""
    opening = OpeningRange(5)
    for minute, high, low in ((0, 110, 95), (3, 105, 90), (4, 107, 99)):
        assert not opening.update(minute_bar(minute, 100, high=high, low=low))
    assert opening.update(minute_bar(5, 100, high=500, low=1))
    assert (opening.high, opening.low, opening.complete) == (110, 90, True)


def test_opening_range_ignores_what_did_not_trade() -> None:
    """A forward-filled minute starts the time but does not count; if nothing traded there is no range."""
    opening = OpeningRange(5)
    opening.update(minute_bar(0, 300, 0))
    opening.update(minute_bar(2, 100, 5, high=102, low=98))
    opening.update(minute_bar(6, 100, 5))
    assert (opening.high, opening.low) == (102, 98)
    opening.reset()
    opening.update(minute_bar(0, 300, 0))
    assert opening.update(minute_bar(20, 300, 9))
    assert (opening.high, opening.low) == (0, 0)


@given(st.lists(st.integers(1, 10_000), max_size=60), st.integers(2, 15))
def test_efficiency_is_net_over_path(closes: list[int], period: int) -> None:
    """After every close the signed ratio is that of the last `period` moves, never beyond 1, and 0 before."""
    efficiency = Efficiency(period)
    for i, close in enumerate(closes):
        value = efficiency.update(close)
        window = closes[max(0, i - period) : i + 1]
        path = sum(abs(b - a) for a, b in pairwise(window))
        expected = (window[-1] - window[0]) / path if len(window) == period + 1 and path else 0.0
        assert value == expected
        assert -1 <= value <= 1


def test_momentum_goes_by_the_clock() -> None:
    """With minutes missing, the reference is the last close that is old enough, not the n-th bar back."""
    momentum = Momentum(5)
    seen = [momentum.update(OPEN_TS + minute * MINUTE, close) for minute, close in
            ((0, 100), (1, 110), (4, 120), (5, 130), (7, 150))]
    assert seen == [0.0, 0.0, 0.0, 30.0, 40.0]


def test_momentum_is_nothing_across_a_long_gap() -> None:
    """After a gap of more than twice the span the old closes are no reference, until new ones are old enough."""
    momentum = Momentum(5)
    for minute in range(6):
        momentum.update(OPEN_TS + minute * MINUTE, 100)
    late = [momentum.update(OPEN_TS + minute * MINUTE, 500 + minute) for minute in range(25, 31)]
    assert late == [0.0, 0.0, 0.0, 0.0, 0.0, 5.0]


def test_momentum_holds_one_span() -> None:
    """A whole day of minutes leaves no more closes in memory than the span has."""
    momentum = Momentum(5)
    for bar in minute_bars(range(100, 475)):
        momentum.update(bar.ts, bar.close)
    assert len(momentum._closes) == 6
    assert momentum.value == 5.0


@given(st.lists(st.integers(-1_000, 1_000), max_size=60), st.integers(1, 10))
def test_highest_is_the_most_of_the_last_values(values: list[int], period: int) -> None:
    """As `max` over the window says, and full exactly when the window is."""
    highest = Highest(period)
    for count, value in enumerate(values, start=1):
        highest.update(value)
        assert highest.value == max(values[max(0, count - period) : count])
        assert highest.full == (count >= period)
    highest.reset()
    assert not highest.full


def test_highest_of_nothing_is_unknown() -> None:
    """Before the first value, and after a reset."""
    highest = Highest(3)
    assert highest.value is None
    highest.update(5)
    highest.reset()
    assert highest.value is None
