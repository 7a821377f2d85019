"""Whole days on recorded market data: each trades, adds up, and gives the same a second time and in one process."""

import json
from pathlib import Path

import pytest

from tests.system.day_run import check_books, nothing_runs, tron

DAYS = {
    "2016-08-30": (("equity_1m_2016-08.parquet",), {"stock"}),
    "2025-08-29": (
        ("options_1m_NIFTY_2025-08-29.parquet", "derived_forward_1m_NIFTY_2025-08-29.parquet"), {"options", "futures"},
    ),
}


@pytest.mark.parametrize("day", DAYS)
def test_a_recorded_day(shared: Path, tmp_path: Path, day: str) -> None:
    """Processes and replay agree; books are right to the paisa; the classes that the files hold are enabled."""
    files, classes = DAYS[day]
    sessions = [part for name in files for part in ("--session", str(shared / name))]
    arguments = ("day", *sessions, "--date", day, "--json")
    done = tron(*arguments, "--out", tmp_path / "processes")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {workload["asset_class"] for workload in result["workloads"]} == classes
    assert result["trades"], "a day without trades proves nothing"
    check_books(tmp_path / "processes" / day)
    replay = tron(*arguments, "--out", tmp_path / "replay", "--in-process")
    assert json.loads(replay.stdout)["order_hash"] == result["order_hash"]
    again = tron(*arguments, "--out", tmp_path / "processes")
    assert json.loads(again.stdout) == result
    assert nothing_runs(tmp_path / "processes" / day)


def test_the_last_day_is_the_default(shared: Path, tmp_path: Path) -> None:
    """Without --date the last day of the sessions is traded; it is in the directory's name."""
    done = tron("day", "--session", shared / "equity_1m_2016-08.parquet", "--out", tmp_path, "--in-process", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["date"] == "2016-08-31"
    assert (tmp_path / "2016-08-31" / "report.html").is_file()


def test_a_day_that_the_files_lack(shared: Path, tmp_path: Path) -> None:
    """A date without bars is refused in one line that gives the dates there are."""
    done = tron("day", "--session", shared / "equity_1m_2016-08.parquet", "--date", "2016-08-27", "--out", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tron: the sessions hold 2016-08-16 to 2016-08-31, but not 2016-08-27: give another --date\n"


@pytest.mark.parametrize("strategy", ["vwap", "opening_range_breakout"])
def test_backtest_of_one_stock(shared: Path, strategy: str) -> None:
    """Twelve days of one stock: trades on it alone, sums that add up, and the same hash a second time."""
    arguments = ("backtest", "--strategy", strategy, "--bars", shared / "equity_1m_2016-08.parquet",
                 "--symbol", "RELIANCE", "--json")
    first, second = tron(*arguments), tron(*arguments)
    assert first.returncode == 0, first.stderr
    result = json.loads(first.stdout)
    assert result == json.loads(second.stdout)
    assert (result["days"], result["from"], result["to"]) == (12, "2016-08-16", "2016-08-31")
    assert {trade["symbol"] for trade in result["trades"]} == {"RELIANCE"}
    assert sum(net for _, net in result["daily"]) == result["totals"]["net_paise"]


def test_real_files_are_fit(shared: Path) -> None:
    """`tron data check` finds the recorded equity minutes fit, with its warnings, and says so in one JSON object."""
    done = tron("data", "check", shared / "equity_1m_2016-08.parquet", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["ok"]
    assert len(report["symbols"]) == 166
    assert len(report["dates"]) == 12
