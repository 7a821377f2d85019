"""Backtest: which days and instruments it takes, what it refuses, and that it is the same twice."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.market.tables import OutsideTable
from common.planning.mandate import default_mandate_text, parse_mandate
from common.research.backtest import backtest
from common.research.backtest_plan import NothingToTest, Request
from common.research.faults import DataError
from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.storing import write_csv, write_parquet
from common.strategies.registry import InvalidParameters, UnknownStrategy

DAY = date(2026, 11, 20)
STOCKS = LARGE_CAPS[:3]
HEADER = "ts,symbol,exchange,open,high,low,close,volume,oi\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stocks, index, future and options: the day and two sessions before it."""
    file = tmp_path_factory.mktemp("backtest") / "session.parquet"
    write_parquet(generate(DAY, 5, stocks=STOCKS, sessions_before=2), file)
    return file


def run(path: Path, strategy: str = "vwap", **changes: Any) -> dict[str, Any]:
    return backtest(Request(strategy, (path,), **changes), parse_mandate(default_mandate_text()))


def test_every_day_and_the_same_twice(path: Path) -> None:
    """All of the file's days; run again, the very same; days add up to the total."""
    found = run(path)
    assert (found["days"], found["from"], found["to"]) == (3, "2026-11-18", "2026-11-20")
    assert run(path) == found
    assert sum(net for _, net in found["daily"]) == found["totals"]["net_paise"]
    assert found["totals"]["net_paise"] == found["totals"]["gross_paise"] - found["totals"]["charges_paise"]
    assert {trade["symbol"] for trade in found["trades"]} <= {stock.symbol for stock in STOCKS}


@pytest.mark.parametrize(("day", "is_last"), [(date(2016, 1, 1), False), (date(2026, 12, 31), True)])
def test_the_calendars_first_and_last_day(tmp_path: Path, day: date, is_last: bool) -> None:
    """They trade, although no session before or after them is known; a day further out is refused by name."""
    lines = [f"{day}T10:{minute:02d}:00+05:30,SBIN,NSE,800,801,799,800,5000,0\n" for minute in range(60)]
    file = tmp_path / "day.csv"
    file.write_text(HEADER + "".join(lines))
    assert run(file)["daily"] == [[day.isoformat(), 0]]
    beyond = day + timedelta(1 if is_last else -1)
    file.write_text(HEADER + "".join(line.replace(day.isoformat(), beyond.isoformat()) for line in lines))
    with pytest.raises(OutsideTable, match=f"{beyond} is outside the calendar"):
        run(file)


def test_parquet_and_csv_agree(path: Path, tmp_path: Path) -> None:
    """The same bars in another format give the same orders."""
    file = tmp_path / "session.csv"
    write_csv(generate(DAY, 5, stocks=STOCKS, sessions_before=2), file)
    assert run(file)["order_hash"] == run(path)["order_hash"]


def test_first_and_last_are_included(path: Path) -> None:
    """One day alone is what that day is among others: days share nothing."""
    whole = run(path)
    for day, net in whole["daily"]:
        one = date.fromisoformat(day)
        alone = run(path, first=one, last=one)
        assert alone["daily"] == [[day, net]]
        assert alone["trades"] == [trade for trade in whole["trades"] if trade["date"] == day]


def test_the_symbols_asked_for(path: Path) -> None:
    """Only what was named is traded; a name that is not there is refused by name."""
    symbol = STOCKS[1].symbol
    assert {trade["symbol"] for trade in run(path, symbols=(symbol,))["trades"]} <= {symbol}
    with pytest.raises(NothingToTest, match="NOPE"):
        run(path, symbols=("NOPE",))


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"first": date(2027, 1, 4)}, "--from"), ({"first": DAY, "last": date(2026, 11, 18)}, "--from"),
     ({"strategy": "trend", "symbols": (STOCKS[0].symbol,)}, "futures"),
     ({"strategy": "scalp", "symbols": (STOCKS[0].symbol,)}, "option chain")],
)
def test_nothing_to_test(path: Path, changes: Mapping[str, Any], says: str) -> None:
    """A selection that leaves nothing says which part of it does."""
    with pytest.raises(NothingToTest, match=says):
        run(path, **changes)


def test_strategies_and_parameters(path: Path) -> None:
    """An unknown strategy or parameter, and one out of bounds, is refused before a day is traded."""
    with pytest.raises(UnknownStrategy, match="nope"):
        run(path, "nope")
    for parameters in ({"nope": 1}, {"stop_atr": -3}, {"stop_atr": 10**9}, {"stop_atr": "wide"}):
        with pytest.raises(InvalidParameters, match=next(iter(parameters))):
            run(path, parameters=parameters)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None, [1], {"a": 1}])
def test_parameters_that_are_no_numbers(path: Path, value: object) -> None:
    """NaN, infinities, lists: refused as a parameter, by its name, with the registry's error."""
    with pytest.raises(InvalidParameters, match="stop_atr"):
        run(path, parameters={"stop_atr": value})


def test_days_on_which_the_exchange_was_closed(tmp_path: Path) -> None:
    """Bars on a Saturday are left out with a warning; a file of nothing else is refused."""
    rows = [f"2026-11-{day}T09:{minute}:00+05:30,ABC,NSE,100,101,99,100,500,0\n"
            for day in (20, 21) for minute in range(15, 45)]
    both, saturday = tmp_path / "both.csv", tmp_path / "saturday.csv"
    both.write_text(HEADER + "".join(rows))
    saturday.write_text(HEADER + "".join(rows[30:]))
    found = run(both)
    assert found["days"] == 1
    assert any("2026-11-21" in warning for warning in found["warnings"])
    with pytest.raises(NothingToTest, match="trading day"):
        run(saturday)


def test_sessions_that_are_not_in_the_files(tmp_path: Path) -> None:
    """A gap between the first and the last day is said, with its dates; weekends are none."""
    file = tmp_path / "gap.csv"
    file.write_text(HEADER + "".join(
        f"2026-11-{day}T09:{minute}:00+05:30,ABC,NSE,100,101,99,100,500,0\n"
        for day in (18, 20, 23) for minute in range(15, 45)
    ))
    warnings = run(file)["warnings"]
    assert [warning for warning in warnings if "not in the files" in warning] == [
        "sessions that are not in the files (1): 2026-11-19"
    ]


def test_bars_that_are_no_minutes(tmp_path: Path) -> None:
    """Hourly bars are traded as they are, and the result says that they say little; minutes raise no such doubt."""
    rows = [f"2026-11-20 {hour:02}:15:00+05:30,AAA,NSE,100,101,99,100,900,0" for hour in range(9, 15)]
    file = tmp_path / "hours.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n")
    (warning,) = [text for text in run(file)["warnings"] if "minute" in text]
    assert warning.startswith("not one-minute bars on 1 of 1 days, first 2026-11-20: bars are 3,600 seconds apart")


def test_refused_entries_are_counted(path: Path) -> None:
    """By code, over all days, which add up: what else would a run without trades tell?"""
    whole = run(path, "ema_cross")
    days = [DAY - timedelta(before) for before in range(3)]
    parts = [run(path, "ema_cross", first=day, last=day)["denied"] for day in days]
    assert whole["denied"] == sum(map(Counter, parts), Counter())
    assert {"outside_entry_window", "symbol_locked"} <= set(whole["denied"])


def test_files_that_are_none(tmp_path: Path) -> None:
    """A file that is missing is the reader's error, with the file's name."""
    with pytest.raises(DataError, match=r"missing\.parquet"):
        run(tmp_path / "missing.parquet")


def test_charges_before_their_table(tmp_path: Path) -> None:
    """Days before the first row of charges are said, and only those."""
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    for file, day in ((old, "2019-07-02"), (new, "2026-11-20")):
        file.write_text(HEADER + "".join(
            f"{day}T09:{minute}:00+05:30,ABC,NSE,100,101,99,100,500,0\n" for minute in range(15, 45)
        ))
    assert any("charges" in warning for warning in run(old)["warnings"])
    assert not any("charges" in warning for warning in run(new)["warnings"])
