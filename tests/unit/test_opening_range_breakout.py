"""The opening range breakout: exact signals on bars made by hand, its stop's bounds, one breakout a side a day."""

from typing import Any

import pytest
from hypothesis import given

from common.market.bar import Bar
from common.strategies import registry
from common.strategies.opening_range_breakout import OpeningRangeBreakout
from common.strategies.parameters import OpeningRangeBreakoutParameters
from common.trading.strategy import Enter, Strategy
from tests.unit.strategy_case import (
    assert_blind_to_positions,
    market_and_positions,
    minute_bar,
    minute_bars,
    play,
    signs,
)

FIVE: dict[str, Any] = {"range_minutes": 5}


def opening() -> list[Bar]:
    """Five minutes between 99.00 and 101.00, 100 units each."""
    return [minute_bar(minute, 10_000, 100, high=10_100, low=9_900) for minute in range(5)]


def after(*bars: tuple[int, int]) -> str:
    """Signals, filled at once, of (close, volume) from minute 5 on."""
    tail = [minute_bar(5 + i, close, volume) for i, (close, volume) in enumerate(bars)]
    return signs(play(registry.build("opening_range_breakout", FIVE), [*opening(), *tail]))[5:]


def test_the_first_close_beyond_the_range_on_volume() -> None:
    """At the edge is not beyond it; beyond it with 1.5 times the usual volume is the breakout, and only once."""
    assert after((10_100, 900), (10_101, 900), (10_200, 900), (10_300, 900)) == ".B.."
    assert after((9_900, 900), (9_899, 900), (9_800, 900)) == ".S."


def test_nothing_before_the_range_is_complete() -> None:
    """A new high inside the opening minutes, on any volume, is part of the range."""
    bars = [*opening()[:4], minute_bar(4, 12_000, 9_000), minute_bar(5, 11_900, 90_000)]
    assert signs(play(registry.build("opening_range_breakout", FIVE), bars)) == "......"


def test_volume_must_confirm() -> None:
    """The same close without the volume is not the breakout; a later one with it still is."""
    assert after((10_150, 149), (10_160, 100), (10_170, 900)) == "..B"
    assert after((10_150, 150)) == "B"


def test_no_signal_on_a_bar_that_did_not_trade() -> None:
    """A forward-filled price beyond the range is not a breakout, even where no confirmation is asked for."""
    strategy = registry.build("opening_range_breakout", {**FIVE, "volume_ratio": 0})
    assert signs(play(strategy, [*opening(), minute_bar(5, 10_500, 0), minute_bar(6, 10_500, 1)])) == "......B"


def test_a_day_that_does_not_trade_has_no_range() -> None:
    """If the opening minutes have no volume there is nothing to break, however the day goes on."""
    strategy = registry.build("opening_range_breakout", FIVE)
    bars = [*minute_bars([10_000] * 5, volume=0), minute_bar(5, 10_500, 900), minute_bar(6, 12_000, 9_000)]
    assert signs(play(strategy, bars)) == "......."


def test_one_breakout_a_side_a_day() -> None:
    """Up and down may each break once, also when the first was not traded; a new day may break again."""
    strategy = registry.build("opening_range_breakout", FIVE)
    tail = [minute_bar(5, 10_150, 900), minute_bar(6, 9_800, 9_000), minute_bar(7, 10_200, 90_000),
            minute_bar(8, 9_700, 900_000)]
    assert signs(play(strategy, [*opening(), *tail], follow=False))[5:] == "BS.."
    strategy.start_day()
    assert signs(play(strategy, [*opening(), *tail], follow=False, quantity=10))[5:] == "...."
    assert signs(play(strategy, tail, follow=False)) == "....", "breakouts that could not be traded are spent"
    strategy.start_day()
    assert signs(play(strategy, [*opening(), *tail[:1]]))[5:] == "B"


def test_long_only() -> None:
    """With direction long a break downwards is nothing."""
    strategy = registry.build("opening_range_breakout", {**FIVE, "direction": "long"})
    bars = [*opening(), minute_bar(5, 9_800, 900), minute_bar(6, 10_200, 9_000)]
    assert signs(play(strategy, bars)) == "......B"


@pytest.mark.parametrize(("parameters", "close", "stop"), [
    ({"max_stop_percent": 10}, 10_200, 300.0),
    ({"max_stop_percent": 10}, 9_800, 300.0),
    ({}, 10_200, 102.0),
    ({"max_stop_percent": 10, "stop_atr": 0.5, "atr_period": 2}, 10_200, 100.0),
    ({"min_stop_percent": 1, "stop_atr": 0.1, "atr_period": 2}, 10_200, 102.0),
])
def test_the_stops_distance(parameters: dict[str, Any], close: int, stop: float) -> None:
    """The range's other side, or ATRs, within its bounds of the price; the target is a multiple of it."""
    strategy = registry.build("opening_range_breakout", {**FIVE, **parameters})
    signal = play(strategy, [*opening(), minute_bar(5, close, 900)])[5]
    assert isinstance(signal, Enter)
    assert (signal.stop_distance, signal.target_distance) == (stop, 2 * stop)
    assert signal.numbers is not None
    assert signal.numbers["range_high"] == 101.0
    assert signal.numbers["usual_volume"] == 100.0


@given(market_and_positions())
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]]) -> None:
    """Whatever is held, the state after each bar is the same: a restart may warm it."""
    assert_blind_to_positions("opening_range_breakout", {**FIVE, "volume_ratio": 0.5}, *drawn)


@pytest.mark.parametrize("wrong", [
    {"range_minutes": 4}, {"volume_ratio": -1}, {"stop_atr": 101}, {"max_stop_percent": 0.5}, {"min_stop_percent": 0},
    {"target_risk": 21}, {"direction": "short"},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds; the least stop cannot be above the greatest."""
    with pytest.raises(registry.InvalidParameters, match="opening_range_breakout"):
        registry.build("opening_range_breakout", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = OpeningRangeBreakout(OpeningRangeBreakoutParameters())
    assert play(strategy, minute_bars([10_000])) == [None]
