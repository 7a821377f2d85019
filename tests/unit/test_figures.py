"""Figures, candles and drawdown, the parts of the report that can be checked by hand."""

from datetime import datetime, timedelta

from common.research import candles, charts, figures
from common.research.grid import Grid, dotted, grid


def test_figures_are_written_the_indian_way() -> None:
    """Fixed examples, so that the page and the test above cannot be wrong together."""
    minus = figures.MINUS
    assert figures.signed(12_345_678) == "+₹1,23,456.78"
    assert figures.signed(-5) == f"{minus}₹0.05"
    assert figures.rupees(0) == "₹0.00"
    assert figures.count(-1_234_567) == f"{minus}12,34,567"
    assert figures.price(24_567.5) == "24,567.50"
    assert figures.percent(-0.1234) == f"{minus}12.3 %"
    assert figures.scalar(0.35, "band_percent") == "0.35 %"
    assert figures.scalar(2026, "seed") == "2026"
    assert figures.scalar(24567, "bid") == "24,567"
    assert figures.label("max_atr_percent") == "Max ATR"
    assert figures.used(0.85, "per second") == "0.85 per second"
    assert figures.clock("2026-11-20T04:45:00+00:00") == "10:15:00"
    assert figures.long_date("2026-11-20") == "Friday 20 November 2026"
    assert figures.rupees(None) == figures.price(None) == figures.NOTHING


def test_candles_keep_what_the_bars_say() -> None:
    """Aggregation keeps first open, last close, extremes and volume; few bars are left as they are."""
    opened = datetime.fromisoformat("2026-11-20T09:15:00+05:30")
    rows = [
        [(opened + timedelta(minutes=n)).isoformat(), 100 + n % 7, 110 + n % 11, 90 - n % 5, 101 + n % 3, n]
        for n in range(375)
    ]
    bars = candles.candles_from(rows)
    whole, minutes = candles.readable(bars)
    assert (minutes, len(whole)) == (5, 75)
    assert (whole[0].open, whole[-1].close) == (bars[0].open, bars[-1].close)
    assert max(one.high for one in whole) == max(one.high for one in bars)
    assert min(one.low for one in whole) == min(one.low for one in bars)
    assert sum(one.volume for one in whole) == sum(one.volume for one in bars)
    assert candles.readable(bars[:150]) == (bars[:150], 1)


def test_drawdown_is_measured_from_a_flat_start() -> None:
    """A day that only loses is in drawdown from its first mark."""
    assert charts.drawdown([(0, -5), (1, 10), (2, 4)]) == [(0, -5), (1, 0), (2, -6)]


def test_objects_of_one_kind_become_a_table() -> None:
    """Lists, mappings and dotted names of flat objects share columns; a gap is a dash; the rest stays as it is."""
    rows = [{"lot": 65, "symbol": "NIFTY"}, {"symbol": "SBIN", "range_percent": 1.839}]
    assert grid(rows) == Grid(
        ["Symbol", "Lot", "Range"], [["NIFTY", "65", figures.NOTHING], ["SBIN", figures.NOTHING, "1.839 %"]]
    )
    assert grid({"M&M": {"stt_paise": 150}, "TCS": {"stt_paise": 5}}) == Grid(
        ["", "STT"], [["M&M", "₹1.50"], ["TCS", "₹0.05"]]
    )
    assert grid(rows[:1]) is None
    assert grid({"a": {"b": [1]}, "c": {}}) is None
    assert grid(["TCS", "SBIN"]) is None
    numbers = {f"symbols.S{n}.{name}": n for n in range(4) for name in ("turnover_paise", "n")}
    table = dotted(numbers)
    assert table is not None
    assert table.columns == ["", "Turnover", "N"]
    assert table.rows[3] == ["S3", "₹0.03", "3"]
    assert dotted({"vwap": 3.5}) is None


def test_what_an_axis_of_days_says() -> None:
    """No time of day below a year of days, and months below several years; within a day the time alone."""
    day = 86_400.0
    assert charts.tick_text(1_471_458_600, 15 * day, 2 * day) == "18 Aug"
    assert charts.tick_text(1_471_458_600, 700 * day, 30 * day) == "Aug 2016"
    assert charts.tick_text(1_471_458_600, 6 * 3_600, 1_800) == "00:00"
    assert figures.ratio(-1.2345) == "\N{MINUS SIGN}1.23"
    assert figures.ratio(None) == figures.NOTHING
