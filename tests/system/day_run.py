"""`tron` as a person starts it, and what its run directory says afterwards, read without the code under test."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.log_record import read_line
from common.trading.charges import SEGMENTS, rates_on, round_trip
from jobs.local.run_directory import DEMO_DATE, DEMO_SEED

ROOT: Final = Path(__file__).parents[2]
DAY: Final = DEMO_DATE.isoformat()
SEED: Final = DEMO_SEED
OTHER_SEED: Final = SEED + 1
CLASSES: Final = ("stock", "options", "futures")
SEGMENT_OF: Final = dict(zip(("stock", "futures", "options"), SEGMENTS, strict=True))
BOUND_SECONDS: Final = 240
COMMAND: Final = (sys.executable, "-m", "jobs.cli")


def tron(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        (*COMMAND, *map(str, arguments)), cwd=cwd, env=_environment(), capture_output=True, text=True,
        timeout=BOUND_SECONDS, check=False,
    )


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Start it and go on; killed at the end if it still runs. Its output is thrown away."""
    child = subprocess.Popen(
        (*COMMAND, *map(str, arguments)), cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, preexec_fn=_take_interrupts,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate(timeout=BOUND_SECONDS)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _take_interrupts() -> None:
    # A test run in the background ignores SIGINT, and its children would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(reached: Callable[[], bool]) -> bool:
    """Whether it was reached within the bound; looks often, so that a kill can be aimed."""
    deadline = time.monotonic() + BOUND_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def processes(home: Path) -> dict[int, str]:
    """Command lines by process id of what works on this run: by its environment or its command line."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            told = command + b"\0" + (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(home).encode() in told or str(home.parent).encode() + b"\0" in command + b"\0":
            found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def nothing_runs(home: Path) -> bool:
    """Whether every process of this run is gone within the bound."""
    return until(lambda: not processes(home))


def documents(home: Path, collection: str) -> dict[str, dict[str, Any]]:
    """By id, straight from the file."""
    with closing(sqlite3.connect(f"file:{home / 'store.sqlite'}?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT id, fields FROM documents WHERE collection = ?", (collection,)).fetchall()
    return {id: json.loads(fields) for id, fields in rows}


def journal_lines(home: Path) -> list[dict[str, Any]]:
    """Every whole line of the simulated exchange's books."""
    return [
        json.loads(line)
        for path in sorted((home / "journal").glob("*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")
    ]


def journalled_bytes(home: Path, asset_class: str = "*") -> int:
    """How far the trading has come."""
    return sum(path.stat().st_size for path in (home / "journal").glob(f"*-{asset_class}.jsonl"))


def seed_session(source: Path, home: Path) -> Path:
    """A run directory that has the generated session already: making it anew would be most of a run's time."""
    home.mkdir(parents=True)
    shutil.copy(source / "session.parquet", home / "session.parquet")
    return home


def check_books(home: Path) -> None:
    """Store, exchange and report agree, to the paisa; nothing was ordered twice; everything is flat."""
    orders = documents(home, "orders")
    at_exchange: dict[str, set[str]] = defaultdict(set)
    last: dict[str, dict[str, Any]] = {}
    for line in journal_lines(home):
        at_exchange[line["tag"]].add(line["id"])
        last[line["tag"]] = line
    assert all(len(ids) == 1 for ids in at_exchange.values()), "a tag has two orders at the exchange"
    assert set(at_exchange) <= set(orders), "the exchange has orders without an intent"
    for tag, order in orders.items():
        assert order["tag"] == tag
        assert order["verdict"]["allowed"]
        if tag in last:
            assert (order["fills"], order["status"]) == (last[tag]["fills"], last[tag]["status"]), tag
        else:
            assert order["status"] == "NOT PLACED", tag
            assert order["fills"] == []
    fills = [(order["asset_class"], fill["id"]) for order in orders.values() for fill in order["fills"]]
    assert len(fills) == len(set(fills)), "a fill counts twice"
    expected = sorted(round_trips(orders))
    stored = documents(home, "trades").values()
    assert sorted(
        (t["asset_class"], t["symbol"], t["quantity"], t["gross_paise"], t["charges_paise"], t["net_paise"])
        for t in stored
    ) == expected
    report = json.loads((home / "report.json").read_text())
    assert report["differences"] == []
    assert report["totals"]["net_paise"] == sum(row[-1] for row in expected)
    assert report["totals"]["trades"] == len(expected)
    assert {w["state"] for w in report["workloads"]} == {"DONE"}


def check_logs(home: Path) -> None:
    """What a workload has archived it had said on standard output before, and nothing is there twice."""
    said, kept = set[str](), list[str]()
    for path in (home / "run").glob("*.log"):
        said |= {read_line(line)["id"] for line in path.read_bytes().splitlines() if line.startswith(b"{")}
    for asset_class in CLASSES:
        for path in (home / "archive").glob(f"*/logs/{asset_class}/*.ndjson"):
            kept += [record["id"] for record in map(read_line, path.read_bytes().splitlines()) if not record["service"]]
    assert len(kept) == len(set(kept)), "archived twice"
    assert set(kept) <= said


def round_trips(orders: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, int, int, int, int]]:
    """From fills alone: (class, symbol, quantity, gross, charges, net). Fails where a symbol does not end flat."""
    by_symbol: dict[tuple[str, str], list[tuple[int, int, int, str, int, int]]] = defaultdict(list)
    for tag, order in orders.items():
        for n, fill in enumerate(order["fills"]):
            row = (fill["ts"], order["sequence"], n, tag, order["side"] * fill["quantity"], fill["price"])
            by_symbol[order["asset_class"], order["symbol"]].append(row)
    found = []
    day = date.fromisoformat(next(iter(orders.values()))["date"]) if orders else date.min
    for (asset_class, symbol), rows in by_symbol.items():
        held, trip = 0, list[tuple[str, int, int]]()
        for _, _, _, tag, signed, price in sorted(rows):
            held += signed
            trip.append((tag, signed, price))
            if held == 0:
                found.append((asset_class, symbol, *_money(day, asset_class, trip)))
                trip = []
        assert held == 0, f"{held} {symbol} are open"
    return found


def _money(day: date, asset_class: str, trip: list[tuple[str, int, int]]) -> tuple[int, int, int, int]:
    bought = sum(signed * price for _, signed, price in trip if signed > 0)
    sold = sum(-signed * price for _, signed, price in trip if signed < 0)
    buys, sells = ({tag for tag, signed, _ in trip if signed * side > 0} for side in (1, -1))
    charges = round_trip(rates_on(day, SEGMENT_OF[asset_class]), bought, sold, len(buys), len(sells)).total
    quantity = sum(signed for _, signed, _ in trip if signed > 0)
    return quantity, sold - bought, charges, sold - bought - charges
