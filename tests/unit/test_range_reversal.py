"""The range reversal strategy: a turn at the edge of a range, back to its middle, while there is a range."""

from typing import Any

import pytest
from hypothesis import given

from common.market.bar import Bar
from common.strategies import registry
from common.strategies.parameters import RangeReversalParameters
from common.strategies.range_reversal import RangeReversal
from common.trading.strategy import Enter, Exit, Strategy
from tests.unit.strategy_case import (
    FakeView,
    assert_blind_to_positions,
    assert_one_position_and_flat_in_time,
    market_and_positions,
    minute_bars,
    play,
    signs,
)

QUICK: dict[str, Any] = {
    "range_minutes": 5, "last_minutes": 20, "exit_minutes": 24, "efficiency_period": 4, "max_efficiency": 0.9,
    "min_reward": 0.5,
}
OPENING = [10_000, 10_200, 10_000, 10_200, 10_000]
"""The first five minutes: a range from 10,000 to 10,200."""


def test_a_turn_up_from_the_low_is_bought_and_left_in_the_middle() -> None:
    """At the edge nothing yet; back inside it is bought; at 10,100 it is closed."""
    closes = [*OPENING, 10_020, 10_050, 10_060, 10_100, 10_090]
    assert signs(play(registry.build("range_reversal", QUICK), minute_bars(closes))) == "......B.x."


def test_a_turn_down_from_the_high_is_sold_unless_long_only() -> None:
    """The same from above, a little beyond the range, which does not break it."""
    closes = [*OPENING, 10_210, 10_150, 10_140, 10_100, 10_090]
    assert signs(play(registry.build("range_reversal", QUICK), minute_bars(closes))) == "......S.x."
    long_only = registry.build("range_reversal", {**QUICK, "direction": "long"})
    assert set(signs(play(long_only, minute_bars(closes)))) == {"."}


def test_a_broken_range_is_over_for_the_day() -> None:
    """A close a quarter of the width outside ends it: what is held is closed, later turns are not entered."""
    closes = [*OPENING, 10_020, 10_050, 9_900, 10_020, 10_050, 10_010, 10_060]
    assert signs(play(registry.build("range_reversal", QUICK), minute_bars(closes))) == "......Bx...."


def test_the_range_before_each_bar_moves_on() -> None:
    """`prior`: a break makes another range, and its turns are traded again."""
    closes = [*OPENING, 9_700, 9_500, 9_700, 9_500, 9_700, 9_500, 9_530, 9_540]
    opening = registry.build("range_reversal", {**QUICK, "edge_percent": 10})
    prior = registry.build("range_reversal", {**QUICK, "range": "prior", "edge_percent": 10})
    assert "B" not in signs(play(opening, minute_bars(closes)))
    # In minute 10 the range of the five bars before is 9,500 to 9,700; minute 11 turns up from its low.
    assert signs(play(prior, minute_bars(closes)))[11] == "B"


def test_a_market_that_is_going_somewhere_is_not_faded() -> None:
    """The same turn after a straight fall into the edge is not entered."""
    closes = [*OPENING, 10_150, 10_110, 10_060, 10_010, 10_040]
    assert signs(play(registry.build("range_reversal", {**QUICK, "max_efficiency": 0.5}), minute_bars(closes))) == (
        ".........."
    )
    assert signs(play(registry.build("range_reversal", QUICK), minute_bars(closes)))[-1] == "B"


def test_a_narrow_range_and_a_poor_reward_are_left_alone() -> None:
    """Neither pays for its charges and its risk."""
    closes = [*OPENING, 10_020, 10_050, 10_060]
    for wrong in ({"min_width_percent": 3}, {"min_reward": 5}):
        assert set(signs(play(registry.build("range_reversal", QUICK | wrong), minute_bars(closes)))) == {"."}


def test_stop_beyond_the_range_and_target_in_its_middle() -> None:
    """The stop is `buffer_percent` of the width beyond the low, the target the way to 10,100."""
    entry = play(registry.build("range_reversal", QUICK), minute_bars([*OPENING, 10_020, 10_050]))[6]
    assert isinstance(entry, Enter)
    assert (entry.side, entry.stop_distance, entry.target_distance) == (1, 90.0, 50.0)
    assert entry.numbers == {"close": 100.5, "range_high": 102.0, "range_low": 100.0, "efficiency": 0.111}


def test_minutes_without_a_trade_turn_nothing() -> None:
    """Forward-filled bars neither make a range nor turn."""
    closes = [*OPENING, 10_020, 10_050, 10_060]
    assert set(signs(play(registry.build("range_reversal", QUICK), minute_bars(closes, 0)))) == {"."}


def test_what_is_held_at_its_time_is_closed() -> None:
    """From `exit_minutes` on an exit on every bar, wherever the price is."""
    strategy, view = registry.build("range_reversal", QUICK), FakeView(10)
    signals = [strategy.on_bar(bar, view) for bar in minute_bars([*OPENING, *[10_030] * 25])]
    assert [isinstance(signal, Exit) for signal in signals] == [n >= 24 for n in range(30)]


@given(market_and_positions())
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]]) -> None:
    """Whatever is held, the state after each bar is the same: a restart may warm it."""
    for style in ("opening", "prior"):
        assert_blind_to_positions("range_reversal", {**QUICK, "range": style}, *drawn)


@given(market_and_positions())
def test_never_two_positions_and_flat_by_its_time(drawn: tuple[list[Bar], list[int]]) -> None:
    """On any bars: no entry while something is held, none after the last minute, flat from the exit's on."""
    for style in ("opening", "prior"):
        assert_one_position_and_flat_in_time("range_reversal", {**QUICK, "range": style}, drawn[0])


@pytest.mark.parametrize("wrong", [
    {"range": "weekly"}, {"range_minutes": 4}, {"edge_percent": 41}, {"break_percent": 0}, {"min_width_percent": 0},
    {"max_efficiency": 1.1}, {"last_minutes": 60}, {"exit_minutes": 285}, {"min_reward": -1}, {"buffer_percent": 101},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds, and the minutes must follow each other."""
    with pytest.raises(registry.InvalidParameters, match="range_reversal"):
        registry.build("range_reversal", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = RangeReversal(RangeReversalParameters())
    assert play(strategy, minute_bars([10_000])) == [None]
