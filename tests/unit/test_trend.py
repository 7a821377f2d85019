"""The trend strategy: one entry a crossing, only on an efficient move, never by volume."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from common.market.bar import Bar
from common.strategies import registry
from common.strategies.parameters import TrendParameters
from common.strategies.trend import Trend
from common.trading.strategy import Enter, Strategy
from tests.unit.strategy_case import assert_blind_to_positions, market_and_positions, minute_bars, play, signs

QUICK: dict[str, Any] = {"fast": 2, "slow": 4, "efficiency_period": 4, "atr_period": 2}
UP = [1_000, 1_010, 1_000, 1_010, 1_000, 1_020, 1_040, 1_060, 1_080]


def test_enters_when_the_move_is_efficient() -> None:
    """The averages cross in minute 5 with an efficiency of 0.2, minute 6 has 0.67: one entry, none while it lasts."""
    strategy = registry.build("trend", QUICK)
    assert signs(play(strategy, minute_bars(UP, volume=0))) == "......B.."
    eager = registry.build("trend", {**QUICK, "min_efficiency": 0.2})
    assert signs(play(eager, minute_bars(UP, volume=0))) == ".....B..."


def test_noise_is_not_entered() -> None:
    """Under a stricter demand the same crossing is entered later, or not at all where no bar meets it."""
    strategy = registry.build("trend", {**QUICK, "min_efficiency": 0.7})
    assert signs(play(strategy, minute_bars(UP, volume=0))) == ".......B."
    to_and_fro = [1_000, 1_010, 1_000, 1_015, 1_005, 1_020, 1_010, 1_025, 1_015, 1_030]
    assert "B" not in signs(play(registry.build("trend", QUICK), minute_bars(to_and_fro)))


def test_exits_and_reverses_on_the_crossing_back() -> None:
    """The exit comes with the crossing; the other side's entry on a later bar, once the move that way is efficient."""
    closes = [*UP, 1_000, 940, 880, 820, 1_100, 1_200]
    strategy = registry.build("trend", {**QUICK, "min_efficiency": 0.5})
    assert signs(play(strategy, minute_bars(closes, volume=0))) == "......B..xS..xB"


def test_once_a_crossing() -> None:
    """Stopped out within the trend, it does not enter again before the averages have crossed."""
    strategy = registry.build("trend", QUICK)
    assert signs(play(strategy, minute_bars([*UP, 1_100, 1_120]), follow=False)) == "......B...."


def test_long_only() -> None:
    """With direction long a fall is not sold, and still ends a long."""
    strategy = registry.build("trend", {**QUICK, "direction": "long"})
    down = minute_bars([1_000, 1_010, 1_000, 1_010, 1_000, 950, 900, 850])
    assert signs(play(strategy, down)) == "........"
    strategy.start_day()
    assert signs(play(strategy, down, follow=False, quantity=75))[-1] == "x"


def test_volume_does_not_matter() -> None:
    """A derived forward has no volume: the signals are those of the same prices with volume."""
    without, with_volume = registry.build("trend", QUICK), registry.build("trend", QUICK)
    assert signs(play(without, minute_bars(UP, 0))) == signs(play(with_volume, minute_bars(UP, 5_000)))


def test_a_market_that_does_not_move_gives_nothing() -> None:
    """No range, no ATR, no side: no entry, and no division by nothing."""
    assert set(signs(play(registry.build("trend", QUICK), minute_bars([1_000] * 50)))) == {"."}


def test_the_move_must_go_the_averages_way() -> None:
    """A bounce turns the averages up while the efficient move is still the fall before it: no entry."""
    strategy = registry.build("trend", {**QUICK, "efficiency_period": 8})
    closes = [1_100, 1_080, 1_060, 1_040, 1_020, 1_000, 980, 960, 1_020, 1_025]
    signals = signs(play(strategy, minute_bars(closes), quantity=-75, follow=False))
    assert signals == "........xx", "the averages are up"
    strategy.start_day()
    assert signs(play(strategy, minute_bars(closes), follow=False)) == ".........."


def test_no_entry_without_an_atr() -> None:
    """Before `atr_period` bars there is no stop, so no entry."""
    strategy = registry.build("trend", {**QUICK, "atr_period": 50})
    assert set(signs(play(strategy, minute_bars(UP)))) == {"."}


def test_the_stop_is_atrs_and_the_target_multiples_of_it() -> None:
    """The stop is the parameter's multiple of the ATR and no nearer than its least; target 0 is none."""
    strategy = registry.build("trend", {**QUICK, "stop_atr": 2, "target_risk": 0})
    entry = play(strategy, minute_bars(UP))[6]
    assert isinstance(entry, Enter)
    assert (entry.side, entry.stop_distance, entry.target_distance) == (1, 34.6875, 0.0)
    assert entry.numbers is not None
    assert entry.numbers["efficiency"] == 0.667
    far = play(registry.build("trend", {**QUICK, "stop_atr": 2, "min_stop_percent": 5, "target_risk": 3}),
               minute_bars(UP))[6]
    assert isinstance(far, Enter)
    assert (far.stop_distance, far.target_distance) == (52.0, 156.0)


def test_a_day_at_a_time() -> None:
    """After start_day the same bars give the same signals: nothing is carried over a night."""
    strategy = registry.build("trend", QUICK)
    first = signs(play(strategy, minute_bars(UP)))
    strategy.start_day()
    assert signs(play(strategy, minute_bars(UP))) == first


@given(market_and_positions())
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]]) -> None:
    """Whatever is held, the state after each bar is the same: a restart may warm it."""
    assert_blind_to_positions("trend", QUICK, *drawn)


@pytest.mark.parametrize("wrong", [
    {"fast": 21, "slow": 21}, {"fast": 1}, {"efficiency_period": 3}, {"min_efficiency": 1.1}, {"stop_atr": 0},
    {"target_risk": -1}, {"min_stop_percent": -1}, {"direction": 1},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds, and slow must be above fast."""
    with pytest.raises(registry.InvalidParameters, match="trend"):
        registry.build("trend", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = Trend(TrendParameters())
    assert play(strategy, minute_bars([10_000])) == [None]


def test_a_real_day_has_a_few_trades() -> None:
    """2025-08-29, NIFTY forward of the nearest expiry, gaps and all, with the defaults: a few trades."""
    shared = Path(os.environ.get("TRON_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
    file = shared / "data" / "derived_forward_1m_NIFTY_2025-08-29.parquet"
    parquet = pytest.importorskip("pyarrow.parquet", reason="reading Parquet needs pyarrow")
    if not file.exists():
        pytest.skip(f"no recorded data at {file}; set TRON_SHARED to the folder that holds data/")
    rows = [row for row in parquet.read_table(file).to_pylist() if row["symbol"].endswith("2025-09-02")]
    bars = [
        Bar(int(row["ts"].timestamp()) * 1_000_000_000, row["symbol"],
            *(round(row[side] * 100) for side in ("open", "high", "low", "close")))
        for row in rows
    ]
    given_signals = signs(play(registry.build("trend", {}), bars))
    assert 1 <= given_signals.count("B") + given_signals.count("S") <= 6
