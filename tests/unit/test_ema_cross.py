"""The EMA crossing: the published specification over random bars, warm-up, exits, bounds."""

from typing import Any

import pytest
from hypothesis import given, settings

from common.market.bar import Bar
from common.strategies import registry
from common.strategies.ema_cross import EmaCross
from common.strategies.parameters import EmaCrossParameters
from common.trading.strategy import Enter, Strategy
from tests.unit.strategy_case import assert_blind_to_positions, market_and_positions, minute_bars, play, signs

FAST: dict[str, Any] = {"fast": 2, "slow": 4}


def specified(bars: list[Bar], fast: int, slow: int) -> str:
    """The specification word for word, filled by the time of the next bar."""
    quick = lazy = float(bars[0].close)
    prev_up, long, out = True, False, ""
    for i, bar in enumerate(bars):
        quick += 2 / (fast + 1) * (bar.close - quick)
        lazy += 2 / (slow + 1) * (bar.close - lazy)
        if i < slow:
            out += "."
            continue
        up = quick > lazy
        enter, leave = not long and up and not prev_up, long and not up
        out += "B" if enter else "x" if leave else "."
        long = (long or enter) and not leave
        prev_up = up
    return out


@settings(max_examples=200)
@given(market_and_positions())
def test_it_is_the_benchmark_to_the_letter(drawn: tuple[list[Bar], list[int]]) -> None:
    """Every signal is the specification's, whatever the bars."""
    assert signs(play(registry.build("ema_cross", FAST), drawn[0])) == specified(drawn[0], 2, 4)


def test_no_entry_before_a_crossing_is_seen() -> None:
    """A rise that began in the warm-up is not bought; the next crossing is, and sold when it ends."""
    closes = [100, 110, 120, 130, 140, 150, 90, 80, 150, 160, 50]
    assert signs(play(registry.build("ema_cross", FAST), minute_bars(closes))) == "........B.x"


def test_days_do_not_reset_it() -> None:
    """start_day changes nothing: the averages run on."""
    bars = minute_bars([100, 110, 120, 130, 140, 90, 80, 150, 160, 50])
    through, split = registry.build("ema_cross", FAST), registry.build("ema_cross", FAST)
    expected = signs(play(through, bars))
    head = signs(play(split, bars[:6]))
    split.start_day()
    assert head + signs(play(split, bars[6:])) == expected


def test_the_stop_is_a_percentage() -> None:
    """stop_percent of the close, no target."""
    strategy = registry.build("ema_cross", {**FAST, "stop_percent": 2})
    entries = [s for s in play(strategy, minute_bars([100, 100, 100, 100, 50, 50, 400])) if isinstance(s, Enter)]
    assert [(s.side, s.stop_distance, s.target_distance) for s in entries] == [(1, 8.0, 0.0)]


@given(market_and_positions())
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]]) -> None:
    """Whatever is held, the state after each bar is the same: a restart may warm it."""
    assert_blind_to_positions("ema_cross", FAST, *drawn)


@pytest.mark.parametrize("wrong", [
    {"fast": 1}, {"slow": 401}, {"fast": 20, "slow": 20}, {"fast": 30}, {"stop_percent": 0}, {"fast": 2.5},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds, and slow must be above fast."""
    with pytest.raises(registry.InvalidParameters, match="ema_cross"):
        registry.build("ema_cross", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = EmaCross(EmaCrossParameters())
    assert play(strategy, minute_bars([10_000])) == [None]
