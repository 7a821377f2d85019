"""`tron` on the command line: what a program reads from it, and one line that helps for everything given wrong."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from common.planning.mandate import default_mandate_text
from tests.system.answers import Capture, called, refused, strict
from tests.system.conftest import RunDay
from tests.system.day_run import DAY, ROOT, SEED, tron

HEADER = "ts,symbol,exchange,open,high,low,close,volume,oi"


def test_json_alone_on_standard_output(ran: RunDay) -> None:
    """--json: one object on one line and nothing else, for each command, and no progress among it."""
    charges = ("charges", "--date", DAY, "--segment", "options", "--buy", "100", "--sell", "101.5", "--quantity", "75")
    session = ran.home / "session.parquet"
    for done in (
        ran.done, tron(*charges, "--json"), tron("data", "check", session, "--json"),
        tron("backtest", "--strategy", "trend", "--bars", session, "--from", DAY, "--json"),
    ):
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") == 1
        assert isinstance(strict(done.stdout), dict)
        assert done.stderr == ""


def test_progress_is_on_standard_error(tmp_path: Path) -> None:
    """For people: steps on standard error, the result on standard output, the report's path last."""
    done = tron("day", "--date", DAY, "--seed", SEED, "--out", tmp_path, "--in-process")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{DAY}  paper  generated session, seed {SEED}"
    assert done.stdout.splitlines()[-1] == f"  report {tmp_path / DAY / 'report.html'}"
    assert "plan the day ..." in done.stderr.splitlines()
    assert "..." not in done.stdout


def test_a_reader_that_stops_early(tmp_path: Path) -> None:
    """`tron day --json | head -c 20` ends quietly, without a traceback."""
    done = subprocess.run(
        ["bash", "-c", '"$0" -m jobs.cli day --date 2026-11-20 --in-process --json --out "$1" | head -c 20',
         sys.executable, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )
    assert done.stderr == ""


DATES = {
    "2026-01-26": "closed on 2026-01-26", "2026-11-21": "closed on 2026-11-21", "2050-01-03": "outside the calendar",
    "1990-01-03": "outside the calendar", "tomorrow": "YYYY-MM-DD", "2026-02-30": "YYYY-MM-DD",
}


@pytest.mark.parametrize("day", DATES)
def test_dates_that_cannot_be_traded(tmp_path: Path, capsys: Capture, day: str) -> None:
    """A holiday, a Saturday, dates beyond the calendar and what is no date: refused before anything is written."""
    for how in ((), ("--in-process",)):
        done = called(capsys, "day", "--date", day, "--out", tmp_path, *how)
        refused(done, DATES[day])
        assert done.returncode == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["day", "backtest"])
def test_files_that_cannot_be_read(tmp_path: Path, capsys: Capture, command: str) -> None:
    """Missing, a directory, empty, random bytes, the wrong ending: the file is named with what to give instead."""
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "noise.parquet").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "header.csv").write_text(HEADER + "\n")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "folder.parquet").mkdir()
    for name in ("missing.parquet", *(path.name for path in tmp_path.iterdir())):
        options: tuple[object, ...] = ("--session", tmp_path / name, "--out", tmp_path / "out")
        if command == "backtest":
            options = ("--strategy", "vwap", "--bars", tmp_path / name)
        refused(called(capsys, command, *options), name)


@pytest.mark.parametrize("price", ["nan", "-5", "inf", "abc", "1e30", "0"])
def test_prices_that_are_none(tmp_path: Path, capsys: Capture, price: str) -> None:
    """A price in a session that cannot be traded on stops replay, backtest and `data check`; the file is named."""
    path = tmp_path / "bars.csv"
    row = "2026-11-20T09:{}:00+05:30,ABC,NSE,100,101,99,{},500,0"
    path.write_text("\n".join([HEADER, row.format(15, 100), row.format(16, price), row.format(17, 100)]) + "\n")
    in_process = called(capsys, "day", "--session", path, "--out", tmp_path / "out", "--in-process", "--json")
    refused(in_process, "bars.csv")
    refused(called(capsys, "backtest", "--strategy", "vwap", "--bars", path), "bars.csv")
    checked = called(capsys, "data", "check", path)
    assert checked.returncode == 1
    assert "error" in checked.stdout


def test_a_session_with_a_wrong_price(tmp_path: Path) -> None:
    """The same through functions and processes: the person is told of the file, not of a server's error."""
    path = tmp_path / "bars.csv"
    path.write_text(f"{HEADER}\n2026-11-20T09:15:00+05:30,ABC,NSE,100,101,99,nan,500,0\n")
    refused(tron("day", "--session", path, "--out", tmp_path / "out"), "bars.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [("foo = 1", "foo"), ("foo = = 1", "TOML"), (default_mandate_text() + "\n[extra]\nx = 1\n", "extra")],
)
def test_mandates_that_are_wrong(tmp_path: Path, capsys: Capture, text: str, says: str) -> None:
    """An unknown key or section, no TOML: refused with the place, before anything is started."""
    path = tmp_path / "mandate.toml"
    path.write_text(text)
    command = ("day", "--date", DAY, "--seed", SEED, "--mandate", path, "--out", tmp_path / "out")
    for more in ((), ("--in-process",)):
        done = called(capsys, *command, *more)
        refused(done, says)
        assert done.returncode == 2


def test_a_mended_mandate_goes_on(tmp_path: Path) -> None:
    """A refused mandate claims nothing: mended, the very same command is not told to throw away an earlier run."""
    path = tmp_path / "mandate.toml"
    command = ("day", "--date", DAY, "--seed", SEED, "--mandate", path, "--out", tmp_path / "out")
    path.write_text("foo = 1")
    refused(tron(*command), "foo")
    path.write_text(default_mandate_text())
    mended = tron(*command)
    assert mended.returncode == 0, mended.stderr


@pytest.mark.parametrize("name", ["missing.toml", "folder", "binary.toml"])
@pytest.mark.parametrize("how", [(), ("--in-process",)])
def test_mandates_that_cannot_be_read(tmp_path: Path, capsys: Capture, name: str, how: tuple[str, ...]) -> None:
    """A mandate that is missing, a directory or no text: one line that names it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x81" * 50)
    done = called(capsys, "day", "--date", DAY, "--mandate", tmp_path / name, "--out", tmp_path / "out", *how)
    refused(done, "mandate")


@pytest.mark.parametrize("how", [(), ("--in-process",)])
def test_out_that_cannot_be_written(tmp_path: Path, capsys: Capture, how: tuple[str, ...]) -> None:
    """--out under a file, or where no directory can be made: one line that names it."""
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", Path("/proc/nowhere")):
        refused(called(capsys, "day", "--date", DAY, "--out", out, "--json", *how), str(out))


def test_full_disk() -> None:
    """Standard output that cannot be written is one line, not a traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "jobs.cli", "charges", "--date", DAY, "--segment", "intraday",
             "--buy", "1", "--sell", "1", "--quantity", "1"],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


STRATEGIES = {"vwap": "stock", "opening_range_breakout": "stock", "trend": "futures", "scalp": "options"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_backtest_of_a_generated_day(ran: RunDay, strategy: str) -> None:
    """Each strategy on its class: sums that add up, flat each day, and the same result a second time."""
    arguments = ("backtest", "--strategy", strategy, "--bars", ran.home / "session.parquet", "--from", DAY, "--json")
    first, second = tron(*arguments), tron(*arguments)
    assert first.returncode == 0, first.stderr
    result = strict(first.stdout)
    assert result == strict(second.stdout)
    assert result["trades"], "an empty backtest proves nothing"
    assert {trade["asset_class"] for trade in result["trades"]} == {STRATEGIES[strategy]}
    for name in ("gross_paise", "charges_paise", "net_paise"):
        assert result["totals"][name] == sum(trade[name] for trade in result["trades"])


def test_backtest_from_and_to(ran: RunDay) -> None:
    """--from and --to choose days, both included; each day's result is what it is alone."""
    arguments = ("backtest", "--strategy", "vwap", "--bars", ran.home / "session.parquet", "--json")
    whole = strict(tron(*arguments).stdout)
    days = [day for day, _ in whole["daily"]]
    assert len(days) > 3
    part = strict(tron(*arguments, "--from", days[1], "--to", days[2]).stdout)
    assert (part["from"], part["to"], part["days"]) == (days[1], days[2], 2)
    assert part["daily"] == whole["daily"][1:3]
    assert part["trades"] == [t for t in whole["trades"] if date.fromisoformat(t["date"]).isoformat() in days[1:3]]


BACKTESTS: list[tuple[tuple[str, ...], str]] = [
    (("--strategy", "nope"), "there is no strategy"), (("--strategy", "vwap", "--param", "nope=1"), "nope"),
    (("--strategy", "vwap", "--param", "stop_atr=-3"), "stop_atr"),
    (("--strategy", "vwap", "--param", "stop_atr=1e999"), "stop_atr"),
    (("--strategy", "vwap", "--param", "stop_atr=NaN"), "stop_atr"),
    (("--strategy", "vwap", "--param", "atr_period=lots"), "atr_period"),
    (("--strategy", "vwap", "--param", "atr_period"), "name=value"),
    (("--strategy", "vwap", "--symbol", "NOPE"), "NOPE"), (("--strategy", "vwap", "--from", "2030-01-01"), "--from"),
    (("--strategy", "vwap", "--from", DAY, "--to", "2026-11-01"), "--from"),
    (("--strategy", "vwap", "--from", "soon"), "YYYY-MM-DD"),
    (("--strategy", "scalp", "--symbol", "HDFCBANK"), "scalp"),
    (("--strategy", "trend", "--symbol", "HDFCBANK"), "trend"),
    (("--strategy", "scalp", "--from", DAY, "--param", "underlying=NOPE"), "NOPE"),
]


@pytest.mark.parametrize(("arguments", "says"), BACKTESTS, ids=[" ".join(arguments) for arguments, _ in BACKTESTS])
def test_backtests_that_are_wrong(ran: RunDay, capsys: Capture, arguments: tuple[str, ...], says: str) -> None:
    """An unknown strategy, parameter, symbol or range: one line that names it."""
    refused(called(capsys, "backtest", "--bars", ran.home / "session.parquet", *arguments), says)


CHARGES: list[tuple[str, str]] = [
    ("--quantity", "0"), ("--quantity", "-1"), ("--quantity", "1.5"), ("--quantity", "9" * 40), ("--buy", "-5"),
    ("--buy", "nan"), ("--buy", "sNaN"), ("--buy", "inf"), ("--buy", "1e400"), ("--buy", "1e999999"), ("--buy", ""),
    ("--buy", "12,50"), ("--sell", "nan"), ("--date", "2026-02-30"), ("--segment", "cash"),
]


@pytest.mark.parametrize(("option", "value"), CHARGES)
def test_charges_that_are_wrong(capsys: Capture, option: str, value: str) -> None:
    """What is no price, quantity, date or segment is refused by its option's name."""
    given = {"--date": DAY, "--segment": "intraday", "--buy": "100", "--sell": "101", "--quantity": "10", option: value}
    refused(called(capsys, "charges", *(part for pair in given.items() for part in pair)), option)


def test_charges_add_up() -> None:
    """The parts add up to the total, and what people read is what programs read."""
    arguments = ("charges", "--date", DAY, "--segment", "futures", "--buy", "25000", "--sell", "25100.05",
                 "--quantity", "75")
    parts = strict(tron(*arguments, "--json").stdout)
    total = parts.pop("total_paise")
    assert total == sum(value for name, value in parts.items() if name.endswith("_paise")) > 0
    people = tron(*arguments).stdout.splitlines()
    assert people[-1].split() == ["total", f"₹{total // 100:,}.{total % 100:02}"]
