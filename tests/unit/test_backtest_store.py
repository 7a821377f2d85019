"""Backtests on the disk: killed and gone on with, the same bytes; tables whose columns stay; flat memory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from common.planning.mandate import default_mandate_text, parse_mandate
from common.research.backtest import backtest
from common.research.backtest_plan import Request
from common.research.backtest_report import write as write_report
from common.research.day_store import DayStore
from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.market import RecordedMarket, StreamedMarket
from common.research.recorded import dates
from common.research.result_tables import VERSION, write_tables
from common.research.storing import write_parquet
from jobs.cli import main

DAY = date(2026, 11, 20)
STOCKS = LARGE_CAPS[:3]
TABLES = ("days.parquet", "trades.parquet", "orders.parquet", "equity.parquet", "report.html", "report.json")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stocks over eight sessions, in row groups that mix days and symbols."""
    file = tmp_path_factory.mktemp("store") / "session.parquet"
    write_parquet(generate(DAY, 5, stocks=STOCKS, sessions_before=7), file)
    table = parquet.read_table(file, filters=[("symbol", "in", [stock.symbol for stock in STOCKS])])
    parquet.write_table(table, file, row_group_size=1_000)
    return file


def arguments(path: Path, out: Path, *more: str) -> list[str]:
    return ["backtest", "--strategy", "ema_cross", "--bars", str(path), "--out", str(out), *more]


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def test_a_killed_run_goes_on_to_the_same_bytes(path: Path, tmp_path: Path) -> None:
    """kill -9 after some days, --resume: tables and page are those of a run that nobody killed."""
    assert main(arguments(path, tmp_path / "whole")) == 0
    out = tmp_path / "killed"
    running = subprocess.Popen(
        [sys.executable, "-m", "jobs.cli", *arguments(path, out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(6_000):
        if running.poll() is not None or len(list(out.glob("days/2*.json"))) >= 2:
            break
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    done = sorted(out.glob("days/2*.json"))
    if len(done) == 8:  # it was quicker than we are: take the end of it away
        for late in (*done[5:], out / "report.html"):
            late.unlink()
    before = {one: one.stat().st_mtime_ns for one in out.glob("days/2*.json")}
    assert 2 <= len(before) < 8
    assert main(arguments(path, out, "--resume")) == 0
    assert contents(out) == contents(tmp_path / "whole")
    assert all(one.stat().st_mtime_ns == at for one, at in before.items())


def test_a_result_by_way_of_the_disk_is_that_of_memory(path: Path, tmp_path: Path) -> None:
    """The same values; the trades are read anew each time, and written as a list of them all would be."""
    request, mandate = Request("ema_cross", (path,)), parse_mandate(default_mandate_text())
    whole = backtest(request, mandate)
    stored = backtest(request, mandate, kept=DayStore(tmp_path, {}, resume=False))
    assert whole["trades"], "a result without trades proves nothing"
    trades = stored.pop("trades")
    for _ in range(2):
        assert list(trades) == whole["trades"]
    assert stored == {name: value for name, value in whole.items() if name != "trades"}
    write_report(tmp_path, stored | {"trades": trades})
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(whole))


def test_other_inputs_are_not_mixed(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--resume with other parameters is refused by name; without it the days begin anew."""
    assert main(arguments(path, tmp_path / "out")) == 0
    assert main(arguments(path, tmp_path / "out", "--param", "fast=9", "--resume")) == 2
    assert "other inputs (parameters)" in capsys.readouterr().err
    assert main(arguments(path, tmp_path / "out", "--param", "fast=9")) == 0
    assert main(["backtest", "--strategy", "vwap", "--bars", str(path), "--resume"]) == 2


def test_tables_agree_with_the_result_and_keep_their_columns(path: Path, tmp_path: Path) -> None:
    """Versioned schema with hashes; the columns are those that docs/backtests.md lists; sums agree."""
    assert main(arguments(path, tmp_path)) == 0
    tables = {name: parquet.read_table(tmp_path / f"{name}.parquet") for name in ("days", "trades", "orders", "equity")}
    manual = (Path(__file__).parents[2] / "docs" / "backtests.md").read_text()
    for name, table in tables.items():
        metadata = table.schema.metadata
        assert metadata[b"tron.schema_version"].decode() == VERSION
        assert len(metadata[b"tron.code_hash"]) == len(metadata[b"tron.data_hash"]) == 64
        listed = next(line for line in manual.splitlines() if line.startswith(f"| `{name}.parquet`"))
        assert listed.split("|")[2].strip().replace("`", "") == ", ".join(table.column_names)
    net = sum(tables["days"]["net_paise"].to_pylist())
    assert net == sum(tables["trades"]["net_paise"].to_pylist())
    ends: dict[Any, int] = dict(zip(*(tables["equity"][c].to_pylist() for c in ("date", "net_paise")), strict=True))
    assert sum(ends.values()) == net
    assert sum(tables["days"]["orders"].to_pylist()) == tables["orders"].num_rows


def test_a_stretch_holds_what_a_whole_read_holds(path: Path) -> None:
    """However few rows are kept, each day has the bars, instruments and volumes of a market that reads everything."""
    days = dates((path,))
    whole = RecordedMarket((path,))
    for rows in (1, 3_000, 10**9):
        streamed = StreamedMarket((path,), days, rows)
        for day in days:
            assert streamed.instruments(day) == whole.instruments(day)
            symbols = [one.symbol for one in whole.instruments(day)]
            assert list(map(repr, streamed.feed(day, symbols))) == list(map(repr, whole.feed(day, symbols)))
            assert streamed.without_volume(day, symbols) == whole.without_volume(day, symbols)


def test_one_stretch_is_kept_at_a_time(path: Path) -> None:
    """Rows in memory are bounded by the stretch, not by how many days the file has."""
    days = dates((path,))
    every = parquet.ParquetFile(path).metadata.num_rows
    streamed = StreamedMarket((path,), days, every // 4)
    for day in days:
        streamed.instruments(day)
        kept = streamed._stretch
        assert kept is not None
        assert kept[2].num_rows <= every // 4


def test_tables_take_one_day_at_a_time(tmp_path: Path) -> None:
    """A day is asked for only when the one before has been written out: nothing adds up in memory."""
    alive: list[int] = []

    class Day(dict[str, Any]):
        def __init__(self, number: int) -> None:
            super().__init__(
                date=f"2026-11-{number:02d}", asset_class="stock", state="DONE", capital_paise=1, tick_paise=0,
                orders=[], trades=[], equity=[["2026-11-02T10:00:00+05:30", number]],
            )
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    most = 0

    def days() -> Iterator[Day]:
        nonlocal most
        for number in range(1, 29):
            yield Day(number)
            most = max(most, len(alive))

    write_tables(tmp_path, days(), {})
    assert most <= 2
    assert parquet.read_table(tmp_path / "equity.parquet").num_rows == 28
