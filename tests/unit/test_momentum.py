"""The momentum strategy: a far move on volume, once; ended by its own clock."""

from typing import Any

import pytest
from hypothesis import given

from common.market.bar import Bar
from common.strategies import registry
from common.strategies.momentum import IntradayMomentum
from common.strategies.parameters import MomentumParameters
from common.trading.strategy import Enter, Exit, Strategy
from tests.unit.strategy_case import (
    FakeView,
    assert_blind_to_positions,
    assert_one_position_and_flat_in_time,
    market_and_positions,
    minute_bar,
    play,
    signs,
)

QUICK: dict[str, Any] = {
    "momentum_minutes": 2, "entry_atr": 1.5, "volume_period": 10, "volume_ratio": 1.2, "start_minutes": 2,
    "last_minutes": 15, "hold_minutes": 4, "exit_minutes": 20, "atr_period": 2,
}
CALM = [10_000, 10_010, 10_000, 10_010, 10_000]


def bars(closes: list[int], volumes: list[int]) -> list[Bar]:
    """One bar a minute."""
    return [minute_bar(n, close, volume) for n, (close, volume) in enumerate(zip(closes, volumes, strict=True))]


RISE = [*CALM, 10_060, 10_120, 10_180, 10_180, 10_180, 10_180, 10_180, 10_180]
BUSY = [100] * 5 + [900] * 3 + [10] * 5


def test_enters_once_on_a_far_move_with_volume_and_leaves_when_its_time_is_over() -> None:
    """The move is far and busy in minute 6, confirmed until minute 7; four minutes later it is over."""
    assert signs(play(registry.build("momentum", QUICK), bars(RISE, BUSY))) == "......B....x."


def test_the_same_move_without_volume_is_left_alone() -> None:
    """Prices alone confirm nothing; a ratio of 0 asks only that the bar traded."""
    dull = [100] * len(RISE)
    assert "B" not in signs(play(registry.build("momentum", QUICK), bars(RISE, dull)))
    assert "B" in signs(play(registry.build("momentum", {**QUICK, "volume_ratio": 0}), bars(RISE, dull)))
    assert "B" not in signs(play(registry.build("momentum", {**QUICK, "volume_ratio": 0}), bars(RISE, [0] * len(RISE))))


def test_a_fall_is_sold_unless_long_only() -> None:
    """The same the other way round."""
    fall = [20_000 - close for close in RISE]
    assert signs(play(registry.build("momentum", QUICK), bars(fall, BUSY))) == "......S....x."
    assert set(signs(play(registry.build("momentum", {**QUICK, "direction": "long"}), bars(fall, BUSY)))) == {"."}


def test_outside_its_window_nothing_is_entered() -> None:
    """A move that begins before the start or after the last minute is spent, taken or not."""
    for window in ({"start_minutes": 7}, {"start_minutes": 2, "last_minutes": 5}):
        assert set(signs(play(registry.build("momentum", QUICK | window), bars(RISE, BUSY)))) == {"."}


def test_stopped_out_it_does_not_enter_the_same_move_again() -> None:
    """Without a position after the entry, the same move gives no second one."""
    assert signs(play(registry.build("momentum", QUICK), bars(RISE, BUSY), follow=False)).count("B") == 1


def test_the_stop_has_a_least_distance_and_the_target_is_a_multiple_of_it() -> None:
    """In ATRs, no nearer than the least percentage; every number that it was decided from is given."""
    entry = play(registry.build("momentum", QUICK), bars(RISE, BUSY))[6]
    assert isinstance(entry, Enter)
    assert entry.numbers is not None
    assert entry.numbers["move"] == 1.2
    assert entry.stop_distance == pytest.approx(5 * entry.numbers["atr"] * 100, abs=3)
    assert entry.target_distance == 2 * entry.stop_distance
    far = play(registry.build("momentum", {**QUICK, "min_stop_percent": 5, "target_risk": 0}), bars(RISE, BUSY))[6]
    assert isinstance(far, Enter)
    assert (far.stop_distance, far.target_distance) == (506.0, 0.0)


def test_what_is_held_at_its_time_is_closed_and_nothing_new_begins() -> None:
    """From `exit_minutes` on an exit on every bar, although the move was confirmed a minute ago."""
    strategy, view = registry.build("momentum", {**QUICK, "hold_minutes": 300, "exit_minutes": 16}), FakeView(10)
    signals = [strategy.on_bar(minute_bar(n, 10_000 + n * n * 50, 100 + n * 90), view) for n in range(20)]
    assert [isinstance(signal, Exit) for signal in signals[5:]] == [n >= 16 for n in range(5, 20)]


@given(market_and_positions())
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]]) -> None:
    """Whatever is held, the state after each bar is the same: a restart may warm it."""
    assert_blind_to_positions("momentum", QUICK, *drawn)


@given(market_and_positions())
def test_never_two_positions_and_flat_by_its_time(drawn: tuple[list[Bar], list[int]]) -> None:
    """On any bars: no entry while something is held, none after the last minute, flat from the exit's on."""
    assert_one_position_and_flat_in_time("momentum", QUICK, drawn[0])


@pytest.mark.parametrize("wrong", [
    {"momentum_minutes": 1}, {"entry_atr": 0}, {"volume_ratio": -1}, {"hold_minutes": 0}, {"stop_atr": 0},
    {"start_minutes": 280}, {"last_minutes": 330}, {"direction": "short"}, {"min_stop_percent": 0},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds, and the minutes must follow each other."""
    with pytest.raises(registry.InvalidParameters, match="momentum"):
        registry.build("momentum", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = IntradayMomentum(MomentumParameters())
    assert play(strategy, [minute_bar(0, 10_000)]) == [None]
