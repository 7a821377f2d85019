"""The generated market behaves like one: activity, correlation, smile, spreads, jumps, and the same from a seed."""

import hashlib
import math
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import correlation, mean, median

import pytest

from common.market.bar import Bar
from common.market.calendar import MarketClosed, session_on
from common.market.indian_time import day_of
from common.market.instrument import Kind
from common.research.data_report import check
from common.research.factors import MOODS, Regime, draw_regime, noise_shape, volume_shape, walk
from common.research.generator import INDEX, generate
from common.research.large_caps import LARGE_CAPS
from common.research.recorded import Recording, read
from common.research.storing import write_csv, write_parquet
from tests.unit.generated_market import DAY, FUTURE, expiries_in, market, options, today

PINNED = "097a86ada106e44d4b94153bb2a9fd7d66f4ed1b5dd29bd3ecb40dd8fadb8f80"
SEEDS = (1, 2, 3)


def returns(bars: list[Bar]) -> list[float]:
    return [math.log(after.close / before.close) for before, after in pairwise(bars)]


def digest(recording: Recording) -> str:
    lines = (repr(bar) for symbol in sorted(recording.bars) for bar in recording.bars[symbol])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_the_same_seed_gives_the_same_bars_everywhere() -> None:
    """The hash of a small market is pinned: a change of it is a change of every generated day."""
    assert digest(generate(DAY, 1, stocks=LARGE_CAPS[:3], sessions_before=1)) == PINNED
    assert digest(generate(DAY, 1, stocks=LARGE_CAPS[:3], sessions_before=1)) == PINNED


def test_another_seed_gives_another_market() -> None:
    """Seeds are not ignored, in any part of the market."""
    one, other = market(1), market(2)
    for symbol in ("SBIN", INDEX, FUTURE):
        assert [repr(bar) for bar in one.bars[symbol]] != [repr(bar) for bar in other.bars[symbol]]


def test_leaving_a_stock_out_leaves_the_others_as_they_are() -> None:
    """Each stock draws from a stream of its own."""
    few = generate(DAY, 1, stocks=LARGE_CAPS[:3], sessions_before=1)
    assert "SBIN" not in few.bars
    assert [repr(bar) for bar in few.bars["RELIANCE"]] == [repr(bar) for bar in market(1).bars["RELIANCE"]]


@pytest.mark.parametrize(
    "day",
    [
        date(2016, 8, 30), date(2024, 3, 2), date(2025, 8, 29), DAY, date(2026, 11, 3), date(2026, 12, 8),
        date(2026, 12, 31),
    ],
)
def test_it_passes_its_own_check_in_every_regime_of_the_calendar(tmp_path: Path, day: date) -> None:
    """Old hours, a drill Saturday, the closing auction, an expiry day: no error, no missing bar, all on the tick."""
    path = tmp_path / "day.parquet"
    write_parquet(market(5, day), path)
    report = check(path)
    assert report.ok, str(report)
    assert {warning.kind for warning in report.warnings} <= {"bars without volume"}
    assert report.dates[-1] == day
    assert len(report.dates) == 2
    assert report.kinds == {"EQ": 20, "INDEX": 1, "FUT": 1, "CE": 62, "PE": 62}


def test_a_stored_market_is_read_back_exactly(tmp_path: Path) -> None:
    """Parquet and CSV return the same instruments and bars."""
    original = generate(DAY, 3, stocks=LARGE_CAPS[:2], sessions_before=0)
    for path, write in ((tmp_path / "day.csv", write_csv), (tmp_path / "day.parquet", write_parquet)):
        write(original, path)
        again = read([path])
        assert again.instruments == original.instruments
        assert digest(again) == digest(original)


def test_history_has_stocks_index_and_future_but_no_options() -> None:
    """There are sessions to plan from, and a chain for the day itself."""
    recording = market(1, sessions_before=3)
    for symbol in ("SBIN", INDEX, FUTURE):
        assert len({day_of(bar.ts) for bar in recording.bars[symbol]}) == 4
    for option in options(recording, Kind.CALL, expiries_in(recording)[0]):
        assert {day_of(bar.ts) for bar in recording.bars[option.symbol]} == {DAY}


def test_bars_fill_the_dated_hours_of_each_segment() -> None:
    """Stocks and index stop when continuous trading does, derivatives when theirs does."""
    session = session_on(DAY)
    assert session is not None
    closes = {"SBIN": session.stock_close, INDEX: session.stock_close, FUTURE: session.derivatives_close}
    for symbol, close in closes.items():
        bars = today(market(1), symbol)
        assert (bars[0].ts, bars[-1].ts + 60_000_000_000) == (session.open, close)


@pytest.mark.parametrize("seed", SEEDS)
def test_volume_is_u_shaped(seed: int) -> None:
    """The first and the last half hour trade more than the middle of the day, over all stocks."""
    first, middle, last = [], [], []
    for stock in LARGE_CAPS:
        volumes = [bar.volume for bar in today(market(seed), stock.symbol)]
        whole = mean(volumes)
        first.append(mean(volumes[:30]) / whole)
        middle.append(mean(volumes[150:210]) / whole)
        last.append(mean(volumes[-30:]) / whole)
    assert mean(first) > 1.6 * mean(middle)
    assert mean(last) > 1.15 * mean(middle)


def test_stocks_move_together_and_more_so_within_a_sector() -> None:
    """Returns are correlated through market and sector, and follow the index; none is a copy of another."""
    within: list[float] = []
    across: list[float] = []
    to_index: list[float] = []
    for seed in SEEDS:
        recording = market(seed)
        series = {stock.symbol: returns(today(recording, stock.symbol)) for stock in LARGE_CAPS}
        index = returns(today(recording, INDEX))
        to_index += [correlation(values, index) for values in series.values()]
        for number, one in enumerate(LARGE_CAPS):
            for other in LARGE_CAPS[:number]:
                pair = correlation(series[one.symbol], series[other.symbol])
                (within if one.sector == other.sector else across).append(pair)
    assert 0.1 < mean(across) < 0.6
    assert mean(within) > mean(across) + 0.05
    assert mean(to_index) > 0.35
    assert max(within + across) < 0.95


def test_the_index_is_made_of_its_stocks() -> None:
    """The weighted return of the stocks is the return of the index."""
    recording = market(2)
    weights = sum(stock.weight for stock in LARGE_CAPS)
    changes = []
    for stock in LARGE_CAPS:
        bars = recording.bars[stock.symbol]
        changes.append(stock.weight / weights * (bars[-1].close / bars[0].open - 1))
    index = recording.bars[INDEX]
    assert index[-1].close / index[0].open - 1 == pytest.approx(sum(changes), abs=0.002)


def test_the_future_carries_a_basis() -> None:
    """The future stands a little above the index, by the rate until expiry, and wanders."""
    spot, future = today(market(1), INDEX), today(market(1), FUTURE)
    basis = [after.close / before.close - 1 for before, after in zip(spot, future, strict=False)]
    assert 0.001 < mean(basis) < 0.006
    assert len({round(one, 5) for one in basis}) > 20


def test_regimes_differ_from_day_to_day() -> None:
    """Quiet and volatile, trending and reverting sessions all occur, and gaps in both directions."""
    regimes = [draw_regime(Random(number), 0.006) for number in range(400)]
    assert min(one.volatility for one in regimes) < 0.7 < 1.5 < max(one.volatility for one in regimes)
    assert {(one.trend > 0) - (one.trend < 0) for one in regimes} == {-1, 0, 1}
    assert 0.2 < mean(one.reversion > 0 for one in regimes) < 0.5
    assert 0.3 < mean(one.gap > 0 for one in regimes) < 0.7
    assert not any(one.trend and one.reversion for one in regimes)


def test_regimes_show_in_the_path() -> None:
    """A trend ends far from the open, reversion near it, and volatility widens every step."""
    shape = noise_shape(375)

    def ends(regime: Regime) -> list[float]:
        return [abs(walk(Random(seed), regime, 0.006, shape, 0.0).log[-1]) for seed in range(60)]

    plain, trend = Regime(1.0, 0.0, 0.0, 0.0), Regime(1.0, 2.5, 0.0, 0.0)
    assert median(ends(trend)) > 1.5 * median(ends(plain))
    assert median(ends(Regime(1.0, 0.0, 0.03, 0.0))) < 0.6 * median(ends(plain))
    assert median(ends(Regime(1.7, 0.0, 0.0, 0.0))) > 1.4 * median(ends(plain))


def test_jumps_are_large_and_leave_activity_behind() -> None:
    """With jumps the largest minute stands far out of the usual one, and volume is heated for a while."""
    shape, regime = [1.0] * 375, Regime(1.0, 0.0, 0.0, 0.0)
    calm = [walk(Random(seed), regime, 0.006, shape, 0.0) for seed in range(30)]
    jumpy = [walk(Random(seed), regime, 0.006, shape, 4.0) for seed in range(30)]

    def largest(log: list[float]) -> float:
        steps = [abs(after - before) for before, after in pairwise(log)]
        return max(steps) / median(steps)

    assert median(largest(one.log) for one in jumpy) > 1.2 * median(largest(one.log) for one in calm)
    assert max(max(one.heat) for one in calm) == 0.0
    assert median(max(one.heat) for one in jumpy) > 2.0


def test_moods_make_trending_and_ranging_weeks() -> None:
    """In one mood most sessions trend, in another most revert: what came before says something about the day."""
    trending, _, ranging = ([draw_regime(Random(n), 0.006, mood) for n in range(300)] for mood in MOODS)
    assert mean(one.trend != 0 for one in trending) > 0.6 > 0.3 > mean(one.trend != 0 for one in ranging)
    assert mean(one.reversion > 0 for one in ranging) > 0.5 > 0.2 > mean(one.reversion > 0 for one in trending)


def test_volatility_clusters_over_the_sessions() -> None:
    """After a volatile session the next one is livelier than after a quiet one, and the usual level is kept."""
    after = {before: median(draw_regime(Random(n), 0.006, before=before).volatility for n in range(300))
             for before in (0.65, 1.0, 1.7)}
    assert after[0.65] < after[1.0] < after[1.7] < 1.7
    level, levels = 1.0, []
    for n in range(2_000):
        level = draw_regime(Random(n), 0.006, before=level).volatility
        levels.append(level)
    assert 0.8 < median(levels) < 1.2


def test_minutes_have_fat_tails_and_the_size_they_should() -> None:
    """Kurtosis well above a Gaussian's 3, and a session's path of squares about the deviation asked for."""
    steps = [
        after - before
        for seed in range(60)
        for before, after in pairwise(walk(Random(seed), Regime(1.0, 0.0, 0.0, 0.0), 0.006, [1.0] * 375, 0.0).log)
    ]
    square = mean(step**2 for step in steps)
    assert mean(step**4 for step in steps) / square**2 > 5
    assert math.sqrt(square * 375) == pytest.approx(0.006, rel=0.1)


def test_where_the_calendar_begins_there_are_fewer_sessions_before() -> None:
    """The first trading days of the tables are generated with what history there can be."""
    first = date(2016, 1, 1)
    recording = generate(first, 1, stocks=LARGE_CAPS[:1], sessions_before=5)
    assert {day_of(bar.ts) for bar in recording.bars[LARGE_CAPS[0].symbol]} == {first}


def test_opens_gap_from_the_previous_close() -> None:
    """The first price of a day is not the last one of the day before."""
    gaps = []
    for stock in LARGE_CAPS:
        bars = market(1, sessions_before=3).bars[stock.symbol]
        pairs = pairwise(bars)
        gaps += [abs(b.open / a.close - 1) for a, b in pairs if day_of(a.ts) != day_of(b.ts)]
    assert len(gaps) == 60
    assert 0.001 < mean(gaps) < 0.02


def test_the_shapes_are_normalised() -> None:
    """Shapes redistribute volume and variance over the day without changing their sum."""
    assert mean(volume_shape(360)) == pytest.approx(1.0)
    assert mean(value**2 for value in noise_shape(360)) == pytest.approx(1.0)
    assert noise_shape(1) == pytest.approx([1.0])


def test_every_traded_bar_has_a_book_around_its_price() -> None:
    """Stocks and the future can be bought and sold at the end of each minute, near the last price."""
    recording = market(1)
    for symbol in ("SBIN", "MARUTI", FUTURE):
        tick = recording.instruments[symbol].tick
        for bar in recording.bars[symbol]:
            assert 0 < bar.bid <= bar.close <= bar.ask <= bar.bid + 2 * tick
            assert bar.bid % tick == 0 == bar.ask % tick
            assert bar.volume > 0


def test_a_closed_day_and_absurd_arguments_are_refused() -> None:
    """Errors say what to ask for instead."""
    with pytest.raises(MarketClosed, match="2026-11-07 is not a trading day; the next one is 2026-11-09"):
        generate(date(2026, 11, 7), 1)
    with pytest.raises(ValueError, match="at least one stock"):
        generate(DAY, 1, stocks=())
    with pytest.raises(ValueError, match="0 to 60 sessions before"):
        generate(DAY, 1, sessions_before=61)
