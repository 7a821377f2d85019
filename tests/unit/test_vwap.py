"""The VWAP strategy: exact signals on bars made by hand, and the published specification over random ones."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.market.bar import Bar
from common.strategies import registry
from common.strategies.parameters import VwapParameters
from common.strategies.vwap import Vwap
from common.trading.strategy import Enter, Exit, Strategy
from tests.unit.strategy_case import (
    assert_blind_to_positions,
    market_and_positions,
    minute_bar,
    minute_bars,
    play,
    signs,
)

BENCH: dict[str, Any] = {"stop_percent": 50, "wait_minutes": 0}


def specified(bars: list[Bar], threshold: float) -> str:
    """The specification word for word: a long only VWAP crossing, filled by the time of the next bar."""
    pv = vv = 0.0
    prev_above, long, out = False, False, ""
    for bar in bars:
        pv += (bar.high + bar.low + bar.close) / 3 * bar.volume
        vv += bar.volume
        vwap = pv / vv if vv else float("inf")
        above = bar.close > vwap * (1 + threshold)
        enter, leave = not long and above and not prev_above, long and bar.close < vwap
        out += "B" if enter else "x" if leave else "."
        long = (long or enter) and not leave
        prev_above = above
    return out


@settings(max_examples=200)
@given(market_and_positions(), st.sampled_from((0.0, 0.001, 0.01)))
def test_it_is_the_benchmark_to_the_letter(drawn: tuple[list[Bar], list[int]], threshold: float) -> None:
    """With a percentage stop and no wait every signal is the specification's, whatever the bars."""
    strategy = registry.build("vwap", {**BENCH, "threshold": threshold})
    bars = [bar for bar in drawn[0] if bar.volume] or [minute_bar(0, 1)]
    assert signs(play(strategy, bars)) == specified(bars, threshold)


def test_enters_on_the_crossing_and_leaves_below_the_average() -> None:
    """One entry while the close stays above; an exit once it is below the VWAP; another entry on the next crossing."""
    closes = [10_000, 10_000, 10_100, 10_120, 10_110, 9_900, 10_000, 10_200, 10_200]
    strategy = registry.build("vwap", BENCH)
    assert signs(play(strategy, minute_bars(closes))) == "..B..x.B."


def test_a_crossing_that_was_held_through_is_spent() -> None:
    """Stopped out while still above the threshold, it does not buy again before a new crossing."""
    strategy = registry.build("vwap", BENCH)
    bars = minute_bars([10_000, 10_100, 10_120, 10_130, 9_000, 10_200])
    assert signs(play(strategy, bars, follow=False)) == ".B...B"


def test_the_threshold_is_exclusive() -> None:
    """A close exactly at the VWAP is not above it, even with a threshold of nothing."""
    strategy = registry.build("vwap", {**BENCH, "threshold": 0})
    assert signs(play(strategy, minute_bars([10_000, 10_000, 10_001]))) == "..B"
    strategy = registry.build("vwap", {**BENCH, "threshold": 0, "direction": "both"})
    assert signs(play(strategy, minute_bars([10_000, 10_000, 9_999]))) == "..S"


def test_no_volume_no_signal() -> None:
    """While nothing has traded there is no VWAP; bars without volume later on do not move it."""
    strategy = registry.build("vwap", BENCH)
    assert signs(play(strategy, minute_bars([100, 900, 100, 900], volume=0))) == "...."
    strategy.start_day()
    bars = [minute_bar(0, 100, 0), minute_bar(1, 10_000, 5), minute_bar(2, 10_100, 0), minute_bar(3, 10_000, 0)]
    assert signs(play(strategy, bars)) == "..B."
    assert signs(play(strategy, [minute_bar(4, 9_999, 0)], quantity=10)) == "x"


def test_a_new_day_starts_anew() -> None:
    """start_day forgets VWAP and crossing: the same day twice gives the same signals twice."""
    strategy, bars = registry.build("vwap", BENCH), minute_bars([10_000, 10_100, 10_200])
    first = signs(play(strategy, bars))
    strategy.start_day()
    assert signs(play(strategy, bars)) == first == ".B."


def test_waits_from_the_first_bar() -> None:
    """With five minutes to wait, a crossing in minute 4 is lost and one in minute 5 is taken."""
    strategy = registry.build("vwap", {**BENCH, "wait_minutes": 5})
    early = [10_000, 10_000, 10_000, 10_000, 10_100, 10_100]
    late = [10_000, 10_000, 10_000, 10_000, 10_000, 10_100]
    assert signs(play(strategy, minute_bars(early))) == "......"
    strategy.start_day()
    assert signs(play(strategy, minute_bars(late))) == ".....B"


def test_both_directions() -> None:
    """Shorts mirror longs, cover above the VWAP, and wait for a crossing of their own."""
    strategy = registry.build("vwap", {**BENCH, "direction": "both"})
    closes = [10_000, 9_900, 9_890, 10_050, 10_050, 9_800, 9_700]
    assert signs(play(strategy, minute_bars(closes))) == ".S.x.S."
    assert isinstance(play(strategy, [minute_bar(9, 9_700)], quantity=10)[0], Exit)


def test_long_only_never_sells_short() -> None:
    """With direction long a fall of any size gives nothing."""
    assert signs(play(registry.build("vwap", BENCH), minute_bars([10_000, 5_000, 1]))) == "..."


def test_the_stop_is_a_percentage_or_atrs() -> None:
    """stop_percent is of the close; without it the stop is ATRs, no nearer than its least; targets are in stops."""
    percent = play(registry.build("vwap", BENCH), minute_bars([10_000, 10_100]))[1]
    assert isinstance(percent, Enter)
    assert (percent.stop_distance, percent.target_distance) == (5_050.0, 0.0)
    options: dict[str, Any] = {"atr_period": 2, "stop_atr": 3, "target_risk": 2, "wait_minutes": 0, "entry_atr": 1}
    atr = play(registry.build("vwap", options), minute_bars([10_000, 10_000, 10_100]))[2]
    assert isinstance(atr, Enter)
    assert (atr.stop_distance, atr.target_distance) == (150.0, 300.0)
    least = play(registry.build("vwap", {**options, "min_stop_percent": 2}), minute_bars([10_000, 10_000, 10_100]))[2]
    assert isinstance(least, Enter)
    assert (least.stop_distance, least.target_distance) == (202.0, 404.0)
    assert atr.numbers == {"close": 101.0, "vwap": 100.33, "atr": 0.5}


def test_no_entry_without_an_atr() -> None:
    """Before `atr_period` bars there is no stop, so no entry."""
    strategy = registry.build("vwap", {"atr_period": 5, "wait_minutes": 0})
    assert signs(play(strategy, minute_bars([10_000, 10_000, 10_100, 10_100]))) == "...."


@given(
    market_and_positions(), st.sampled_from(("long", "both")), st.sampled_from(("follow", "fade")),
    st.sampled_from((0, 3)),
)
def test_state_is_the_markets_alone(
    drawn: tuple[list[Bar], list[int]], direction: str, style: str, stop_percent: int
) -> None:
    """Whatever is held, the state after each bar is the same: a restart may warm it."""
    parameters = {"direction": direction, "atr_period": 3, "entry_atr": 1}
    measure = {"style": style} if style == "fade" else {"stop_percent": stop_percent}
    assert_blind_to_positions("vwap", parameters | measure, *drawn)


ROOMY: dict[str, Any] = {"atr_period": 2, "wait_minutes": 0, "entry_atr": 2, "exit_atr": 2, "direction": "both"}


def with_range(closes: list[int], width: int = 10) -> list[Bar]:
    """Bars whose true range is about twice `width`, so that the ATR is known and never nothing."""
    return [minute_bar(i, close, 100, high=close + width, low=close - width) for i, close in enumerate(closes)]


def test_hovering_around_the_average_is_left_alone() -> None:
    """Inside a band of two ATRs nothing is entered, and a dip of less than two ATRs under the VWAP ends nothing."""
    hovering = [10_000, 10_000, 10_020, 9_985, 10_020, 9_985, 10_015]
    assert set(signs(play(registry.build("vwap", ROOMY), with_range(hovering)))) == {"."}
    assert "B" in signs(play(registry.build("vwap", BENCH), with_range(hovering)))
    held = play(registry.build("vwap", ROOMY), with_range([10_000, 10_000, 9_985, 9_980]), follow=False, quantity=10)
    assert signs(held) == "...."


def test_a_crossing_keeps_its_side_until_it_is_left() -> None:
    """Back inside the band and out again on the same side is no new crossing; through the other band it is one."""
    closes = [10_000, 10_000, *range(10_010, 10_130, 10), 10_060, *range(10_070, 10_130, 10)]
    signals = signs(play(registry.build("vwap", ROOMY), with_range(closes), follow=False))
    assert signals.count("B") == 1
    assert set(signals) == {"B", "."}
    assert "S" in signs(play(registry.build("vwap", ROOMY), with_range([*closes, 9_900, 9_800, 9_700]), follow=False))


def test_fading_waits_for_the_turn_and_leaves_at_the_average() -> None:
    """Nothing on the way up; the short when the close is back well inside the band; out at the VWAP."""
    up = [10_000, 10_000, *range(10_010, 10_130, 10)]
    strategy = registry.build("vwap", {**ROOMY, "style": "fade"})
    signals = play(strategy, with_range([*up, 10_085, 10_080, 10_020]))
    assert signs(signals) == "." * len(up) + "S.x"
    entry, leave = signals[len(up)], signals[-1]
    assert isinstance(entry, Enter)
    assert entry.reason == "a stretch above the session VWAP has turned"
    assert isinstance(leave, Exit)
    assert leave.reason == "close is back at the session VWAP"
    long_only = registry.build("vwap", {**ROOMY, "style": "fade", "direction": "long"})
    assert set(signs(play(long_only, with_range([*up, 10_085, 10_080, 10_020])))) == {"."}


def test_a_stretch_before_the_atr_is_known_is_not_faded() -> None:
    """Where the band is not known yet there is no stretch, so its end is no turn."""
    strategy = registry.build("vwap", {**ROOMY, "style": "fade", "atr_period": 5})
    assert set(signs(play(strategy, with_range([10_000, 10_100, 10_120, 10_130, 10_131, 10_120])))) == {"."}


@pytest.mark.parametrize("wrong", [
    {"threshold": -0.001}, {"threshold": 0.06}, {"atr_period": 1}, {"stop_atr": 0.05}, {"stop_percent": 91},
    {"direction": "short"}, {"wait_minutes": -1}, {"stop_percent": 1, "style": "fade"}, {"unheard_of": 1},
    {"style": "fade", "entry_atr": 0}, {"exit_atr": -1}, {"target_risk": 21},
    {"threshold": float("nan")},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds, and so does what two parameters say together."""
    with pytest.raises(registry.InvalidParameters, match="vwap"):
        registry.build("vwap", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = Vwap(VwapParameters())
    assert play(strategy, minute_bars([10_000])) == [None]
