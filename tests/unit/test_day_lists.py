"""Backtests and sweeps by the exchange's lists: who is left out, what is missing, what was not known yet."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from common.planning.mandate import default_mandate_text, parse_mandate
from common.planning.notices import NoticeError
from common.research.backtest import backtest
from common.research.backtest_plan import NothingToTest, Request, plan_day
from common.research.day_lists import DayLists
from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.market import RecordedMarket
from common.research.storing import write_parquet
from jobs.cli import main

DAY = date(2026, 11, 20)
DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")
NAMES = [stock.symbol for stock in LARGE_CAPS[:3]]
FIRST, SECOND, THIRD = NAMES


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stocks alone, three sessions."""
    file = tmp_path_factory.mktemp("lists") / "session.parquet"
    write_parquet(generate(DAY, 5, stocks=LARGE_CAPS[:3], sessions_before=2), file)
    parquet.write_table(parquet.read_table(file, filters=[("symbol", "in", NAMES)]), file)
    return file


def folder(tmp_path: Path, **lists: str) -> Path:
    """Whole lists for all days, with `lists` over them."""
    whole = {
        "surveillance": "symbol,stage\n", "ex_dates": "symbol,ex_date\n", "derivatives": "\n".join(["symbol", *NAMES]),
        "series": "\n".join(["symbol,series", *(f"{name},EQ" for name in NAMES)]),
    }
    made = tmp_path / "lists"
    for name, text in (whole | lists).items():
        file = made / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return made


def run(path: Path, lists: Path | None, **more: Any) -> dict[str, Any]:
    request = Request("vwap", (path,), lists=DayLists(lists) if lists else None, **more)
    return backtest(request, parse_mandate(default_mandate_text()))


def test_a_share_is_left_out_on_the_days_that_its_lists_say(path: Path, tmp_path: Path) -> None:
    """Under surveillance on the second day alone; near its ex-date on the last two; otherwise as without lists."""
    lists = folder(tmp_path, **{
        f"{DAYS[1]}/surveillance": f"symbol,stage\n{FIRST},ASM 1\n",
        "ex_dates": f"symbol,ex_date\n{SECOND},2026-11-20\n",
    })
    request = Request("vwap", (path,), lists=DayLists(lists))
    market, mandate = RecordedMarket((path,)), parse_mandate(default_mandate_text())
    left = [
        set(plan_day(day, request, market.instruments(day), mandate).plan.universe)
        for day in map(date.fromisoformat, DAYS)
    ]
    assert left == [set(NAMES), {THIRD}, {FIRST, THIRD}]
    found = run(path, lists)
    counted = ", ".join(sorted((f"{FIRST} on 1", f"{SECOND} on 2")))
    assert f"ruled out by the lists, in days: {counted}" in found["warnings"]
    assert not {(DAYS[1], FIRST), (DAYS[1], SECOND), (DAYS[2], SECOND)} & {
        (trade["date"], trade["symbol"]) for trade in found["trades"]
    }
    assert run(path, folder(tmp_path / "ordinary"))["order_hash"] == run(path, None)["order_hash"]


def test_without_a_list_stocks_trade_at_half_size(path: Path, tmp_path: Path) -> None:
    """As in a day's plan: what nobody says is named with the number of days, and nobody is sold short."""
    lists = folder(tmp_path)
    for name in ("surveillance", "derivatives"):
        (lists / f"{name}.csv").unlink()
    request = Request("vwap", (path,), lists=DayLists(lists), parameters={"direction": "both"})
    market, mandate = RecordedMarket((path,)), parse_mandate(default_mandate_text())
    found = plan_day(DAY, request, market.instruments(DAY), mandate)
    assert (found.plan.size, set(found.plan.long_only)) == (0.5, set(NAMES))
    result = backtest(request, mandate)
    assert any("on 3 days at half size: nobody says which shares are under" in text for text in result["warnings"])
    assert all(trade["side"] != "SHORT" for trade in result["trades"])
    assert result["trades"]


def test_a_day_on_which_all_are_ruled_out_is_left_out(path: Path, tmp_path: Path) -> None:
    """The other days are traded; where it is every day, that is said and not taken for a market without signals."""
    all_out = "symbol,stage\n" + "".join(f"{name},GSM 2\n" for name in NAMES)
    found = run(path, folder(tmp_path, **{f"{DAYS[0]}/surveillance": all_out}))
    assert (found["days"], found["from"]) == (2, DAYS[1])
    assert any(f"{DAYS[0]}: the lists rule out" in text for text in found["warnings"])
    with pytest.raises(NothingToTest, match="the lists rule out every share"):
        run(path, folder(tmp_path / "all", surveillance=all_out))


@pytest.mark.parametrize(("names", "says"), [
    ([], "holds no list"), (["notes"], "holds notes.csv"), (["2026-13-01/series"], "holds 2026-13-01/series.csv"),
])
def test_a_directory_that_is_none(tmp_path: Path, names: list[str], says: str) -> None:
    """A slip of the pen in a name or a date is not silently a list that nobody reads."""
    for name in names:
        (tmp_path / f"{name}.csv").parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.csv").write_text("symbol\n")
    with pytest.raises(NoticeError, match=says):
        DayLists(tmp_path)


def test_what_was_not_known_on_each_day_is_said(tmp_path: Path) -> None:
    """One list of surveillance for a year of days is hindsight; ex-dates carry their own."""
    lists = DayLists(folder(tmp_path))
    days = [date.fromisoformat(day) for day in DAYS]
    assert "one file of derivatives, series, surveillance is taken for all 3 days" in lists.warnings(days)[0]
    assert lists.warnings(days[:1]) == []


def test_both_commands_take_them(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One order hash from backtest and sweep; their hash is part of the result; a damaged list ends with its row."""
    lists = folder(tmp_path, **{f"{DAYS[1]}/surveillance": f"symbol,stage\n{FIRST},ASM 1\n"})
    (lists / DAYS[0]).mkdir()
    (lists / DAYS[0] / "surveillance.csv").write_text("symbol,stage\n" + "".join(f"{name},GSM\n" for name in NAMES))
    common = ["--strategy", "ema_cross", "--bars", str(path), "--lists", str(lists), "--json"]
    assert main(["backtest", *common, "--param", "fast=5", "--param", "slow=20"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["lists_hash"] == DayLists(lists).hash
    assert main(["sweep", *common, "--param", "fast=5", "--param", "slow=20"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["order_hash"], row["trades"]) == (alone["order_hash"], len(alone["trades"]))
    (lists / "series.csv").write_text("symbol,series\n,EQ\n")
    assert main(["backtest", *common]) == 2
    assert "series.csv row 2" in capsys.readouterr().err
