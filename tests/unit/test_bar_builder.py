"""Bars from ticks: volume by difference, order, gaps, and nothing invented."""

from datetime import date, time

from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Quote
from common.market.bar_builder import BarBuilder
from common.market.indian_time import moment

OPEN = moment(date(2026, 8, 18), time(9, 15))
NEXT_DAY = moment(date(2026, 8, 19), time(9, 15))


def tick(seconds: float, last: int, volume: int = 0, symbol: str = "TCS", bid: int = 0, ask: int = 0) -> Quote:
    return Quote(OPEN + int(seconds * NANOSECONDS_A_SECOND), symbol, last, bid, ask, 0, 0, volume)


def test_a_bar_has_the_minute_and_the_difference_of_volumes() -> None:
    """Prices of the minute, bid and ask of its last tick, and the volume since the day's first tick, not before it."""
    builder = BarBuilder()
    for quote in (tick(1, 100, 5_000), tick(20, 105, 5_300), tick(59.999, 98, 5_400, bid=97, ask=99)):
        assert builder.add(quote) is None
    bar = builder.add(tick(60, 101, 5_450))
    assert bar is not None
    assert (bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume) == (OPEN, 100, 105, 98, 98, 400)
    assert (bar.bid, bar.ask) == (97, 99)
    (last,) = builder.flush()
    assert (last.ts, last.volume) == (OPEN + NANOSECONDS_A_MINUTE, 50)
    assert builder.flush() == []


def test_minutes_without_ticks_are_gaps_not_bars() -> None:
    """Three silent minutes give no bar and are counted."""
    builder = BarBuilder()
    builder.add(tick(0, 100))
    assert builder.add(tick(4 * 60, 102)) is not None
    assert builder.counts["TCS"].gap_minutes == 3
    assert [bar.ts for bar in builder.flush()] == [OPEN + 4 * NANOSECONDS_A_MINUTE]


def test_late_duplicate_and_unpriced_ticks_are_dropped_and_counted() -> None:
    """None of them changes a price or the volume."""
    builder = BarBuilder()
    builder.add(tick(0, 100, 10))
    builder.add(tick(5, 101, 20))
    builder.add(tick(5, 101, 20))
    builder.add(tick(2, 500, 15))
    builder.add(tick(6, 0, 15))
    (bar,) = builder.flush()
    assert (bar.high, bar.volume) == (101, 10)
    counts = builder.counts["TCS"]
    assert (counts.used, counts.duplicate, counts.late, counts.unpriced) == (2, 1, 1, 1)


def test_a_tick_of_a_minute_closed_by_the_clock_is_late() -> None:
    """Once `close` has given a bar out, it is never given out again with more in it."""
    builder = BarBuilder()
    builder.add(tick(10, 100))
    assert builder.close(OPEN + NANOSECONDS_A_MINUTE - 1) == []
    assert len(builder.close(OPEN + NANOSECONDS_A_MINUTE)) == 1
    assert builder.add(tick(50, 120)) is None
    assert builder.counts["TCS"].late == 1
    assert builder.flush() == []


def test_a_total_that_goes_back_adds_no_volume() -> None:
    """A stale total is ignored and the recovery is not counted as new volume."""
    builder = BarBuilder()
    for second, volume in enumerate((100, 150, 120, 160)):
        builder.add(tick(second, 100 + second, volume))
    (bar,) = builder.flush()
    assert bar.volume == 60
    assert builder.counts["TCS"].volume_falls == 1


def test_a_new_day_sets_a_new_base() -> None:
    """The first tick of the next day ends the old bar, counts no gap for the night and starts volume afresh."""
    builder = BarBuilder()
    builder.add(tick(0, 100, 90_000))
    bar = builder.add(Quote(NEXT_DAY, "TCS", 110, volume=700))
    assert bar is not None
    assert bar.ts == OPEN
    builder.add(Quote(NEXT_DAY + 1, "TCS", 111, volume=900))
    (today,) = builder.flush()
    assert (today.volume, builder.counts["TCS"].gap_minutes) == (200, 0)
    assert builder.add(tick(30, 100, 95_000)) is None
    assert builder.counts["TCS"].late == 1


def test_symbols_do_not_touch_each_other() -> None:
    """Two symbols interleaved give the bars that each alone would give."""
    builder = BarBuilder()
    builder.add(tick(0, 100, 10, "B"))
    builder.add(tick(1, 900, 99, "A"))
    builder.add(tick(2, 103, 25, "B"))
    assert [(bar.symbol, bar.high, bar.volume) for bar in builder.flush()] == [("A", 900, 0), ("B", 103, 15)]


STREAMS = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 10_000), st.integers(0, 500)), min_size=1, max_size=60)


@given(STREAMS)
def test_bars_account_for_every_tick_and_unit(steps: list[tuple[int, int, int]]) -> None:
    """Whatever comes: bars ascend, hold their prices, and together hold exactly the volume of the ticks used."""
    builder, bars, total, base = BarBuilder(), [], 0, None
    newest = -1
    for seconds, last, traded in steps:
        if seconds >= newest:
            newest, total = seconds, total + traded
        base = total if base is None else base
        bar = builder.add(tick(seconds, last, total))
        bars += [bar] if bar else []
    bars += builder.flush()
    assert [bar.ts for bar in bars] == sorted({bar.ts for bar in bars})
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert sum(bar.volume for bar in bars) == total - (base or 0)
    counts = builder.counts["TCS"]
    assert counts.used + counts.late + counts.duplicate + counts.unpriced == len(steps)
    span = (bars[-1].ts - bars[0].ts) // NANOSECONDS_A_MINUTE + 1
    assert counts.gap_minutes == span - len(bars)
