"""Doubts about a backtest's data: adjusted prices, splits left in, survivors only; and none where there is none."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pytest

from common.research.credibility import LONG_DAYS, credibility_warnings
from common.research.faults import DataError
from common.research.provenance import data_hash
from jobs.cli import main

INDIA = ZoneInfo("Asia/Kolkata")
START = date(2025, 6, 2)
NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")


def write(path: Path, closes: dict[str, list[float]], marks: dict[str, str] | None = None, volume: int = 100) -> Path:
    """One bar a day, a day after the other, each opening at its close."""
    rows = [
        {"ts": datetime.combine(START + timedelta(days=number), datetime.min.time(), INDIA).replace(hour=9, minute=15),
         "symbol": symbol, "exchange": "NSE", "open": close, "high": close, "low": close, "close": close,
         "volume": volume, "oi": 0}
        for symbol, series in closes.items() for number, close in enumerate(series)
    ]
    table = pa.Table.from_pylist(rows).replace_schema_metadata(marks or {})
    if path.suffix == ".csv":
        stamps = pa.array([str(row["ts"]) for row in rows])
        arrow_csv.write_csv(table.set_column(0, "ts", stamps), path)
    else:
        column = table["ts"].cast(pa.timestamp("ns", "Asia/Kolkata"))
        parquet.write_table(table.set_column(0, "ts", column), path, row_group_size=7)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_prices_as_traded_over_a_short_time_raise_no_doubt(tmp_path: Path, suffix: str) -> None:
    """On the tick, no jump, a month; a recording's odd close or two off the tick are forgiven."""
    series = [500.05 + 0.05 * number for number in range(30)]
    assert credibility_warnings([write(tmp_path / f"bars.{suffix}", {"AAA": series})]) == []
    assert credibility_warnings([write(tmp_path / f"odd.{suffix}", {"AAA": [*series, 500.013, 500.017]})]) == []


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_adjusted_prices_are_told_by_the_tick(tmp_path: Path, suffix: str) -> None:
    """A third of a price on the tick is none; which share, and how many of its days."""
    series = [round((1500.05 + number) / 3, 4) for number in range(30)]
    (warning,) = credibility_warnings([write(tmp_path / f"bars.{suffix}", {"AAA": series})])
    assert warning.startswith("adjusted prices: 1 of 1 shares, as AAA (")


def test_a_file_may_say_it_of_itself(tmp_path: Path) -> None:
    """By its metadata: adjusted, and by whose list the symbols were chosen."""
    marks = {"adjusted": "true", "universe_as_of": "2026-10-01"}
    found = credibility_warnings([write(tmp_path / "bars.parquet", {"AAA": [500.0]}, marks)])
    assert [warning.split(":")[0] for warning in found] == ["adjusted prices", "survivorship"]
    assert "2026-10-01" in found[1]
    assert credibility_warnings([write(tmp_path / "raw.parquet", {"AAA": [500.0]}, {"adjusted": "false"})]) == []


@pytest.mark.parametrize(("before", "after", "split"), [
    (1000.0, 500.0, True), (1000.0, 101.0, True), (1000.0, 668.0, True), (500.0, 1000.0, True), (1000.0, 880.0, False),
    (1000.0, 1150.0, False),
])
def test_a_split_that_was_left_in_is_told_by_its_jump(
    tmp_path: Path, before: float, after: float, split: bool
) -> None:
    """A half, a tenth, two thirds, the double; a bad night is none of them."""
    found = credibility_warnings([write(tmp_path / "bars.parquet", {"AAA": [before, before, after]})])
    assert bool(found) == split
    assert not split or f"AAA from 1,000.00 to {after:,.2f} on 2025-06-04" in found[0] or before < after


def test_a_universe_of_survivors_is_told_by_nobody_leaving(tmp_path: Path) -> None:
    """Five shares over half a year and more, all to the end; not where one dropped out, or over a shorter time."""
    whole = {name: [500.0] * (LONG_DAYS + 1) for name in NAMES}
    (warning,) = credibility_warnings([write(tmp_path / "bars.parquet", whole)])
    assert warning.startswith("survivorship: all 5 shares trade to the end, 2025-11-29")
    assert credibility_warnings([write(tmp_path / "left.parquet", whole | {"EEE": [500.0] * 100})]) == []
    short = {name: [500.0] * LONG_DAYS for name in NAMES}
    assert credibility_warnings([write(tmp_path / "short.parquet", short)]) == []
    assert credibility_warnings([write(tmp_path / "index.parquet", whole, volume=0)]) == []


def test_recorded_files(shared: Path) -> None:
    """Daily bars adjusted for splits, of today's index: both doubts; raw minutes of two weeks: none."""
    found = credibility_warnings([shared / "equity_1d_to_2025-08.parquet"])
    assert [warning.split(":")[0] for warning in found] == ["adjusted prices", "survivorship"]
    assert "TATASTEEL" in found[0]
    assert credibility_warnings([shared / "equity_1m_2016-08.parquet"]) == []


def test_what_is_no_file_of_bars_is_said_as_elsewhere(tmp_path: Path) -> None:
    """By the reader's own words."""
    path = tmp_path / "other.parquet"
    parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DataError, match="lacks the columns"):
        credibility_warnings([path])


def test_the_backtest_says_it_and_carries_its_hashes(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hourly bars of today's index: the doubt is among the warnings, with the hashes of data and code."""
    file = shared / "equity_60m_to_2025-08.parquet"
    days = ["--from", "2025-08-28", "--to", "2025-08-29", "--symbol", "SBIN", "--json"]
    assert main(["backtest", "--strategy", "ema_cross", "--bars", str(file), *days]) == 0
    result = json.loads(capsys.readouterr().out)
    assert any(warning.startswith("survivorship") for warning in result["warnings"])
    assert result["data_hash"] == data_hash([file])
    assert len(result["code_hash"]) == 64
