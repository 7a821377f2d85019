"""A day with a basket and stops, killed with SIGKILL: what the exchange's own journal says was never naked or doubled.

TRON_KILLS=50 asks for that many kills.
"""

import json
import os
import random
import signal
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from common.planning.mandate import default_mandate_text
from tests.system.conftest import RunDay
from tests.system.day_run import (
    BOUND_SECONDS,
    DAY,
    SEED,
    check_books,
    journal_lines,
    journalled_bytes,
    nothing_runs,
    processes,
    seed_session,
    started,
    tron,
    until,
)

KILLS = int(os.environ.get("TRON_KILLS", "2"))
PUT_OR_CALL = ("CE", "PE")
WORKING = ("OPEN", "TRIGGER PENDING")


@pytest.fixture
def home(ran: RunDay, tmp_path: Path) -> Path:
    """A run directory with the session, and beside it a mandate whose options are spreads."""
    text = default_mandate_text().replace('strategies = ["scalp"]', 'strategies = ["credit_spread"]')
    (tmp_path / "mandate.toml").write_text(text.replace("max_spread_percent = 2", "max_spread_percent = 5", 1))
    return seed_session(ran.home, tmp_path / DAY)


def the_day(home: Path) -> tuple[object, ...]:
    return ("day", "--date", DAY, "--seed", SEED, "--out", home.parent, "--mandate", home.parent / "mandate.toml")


def naked_moments(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every moment at which more options of a kind were short, or could have become so, than were long behind them."""
    found, books = [], dict[str, Mapping[str, Any]]()
    for line in lines:
        books[line["tag"]] = line
        held: dict[str, int] = defaultdict(int)
        for order in books.values():
            held[order["symbol"]] += order["side"] * sum(fill["quantity"] for fill in order["fills"])
        for kind in PUT_OR_CALL:
            net = sum(units for symbol, units in held.items() if symbol.endswith(kind))
            selling = sum(
                order["quantity"] - sum(fill["quantity"] for fill in order["fills"])
                for order in books.values()
                if order["side"] < 0 and order["symbol"].endswith(kind) and order["status"] in WORKING
            )
            if net - selling < 0:
                found.append(f"{line['tag']}: {kind} net {net}, {selling} more may be sold")
    return found


def unprotected_shorts(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Short options whose next order after their fill was not a buy for just as many."""
    rows, found = list(lines), []
    for n, line in enumerate(rows):
        if line["side"] > 0 or not line["tag"].endswith("E") or line["status"] != "COMPLETE":
            continue
        after = next((row for row in rows[n + 1 :] if row["symbol"] == line["symbol"]), None)
        if after is None or after["side"] < 0 or after["quantity"] != line["quantity"]:
            found.append(f"{line['tag']} was followed by {after and after['tag']}")
    return found


def check_exchange(home: Path) -> None:
    """From the exchange's journal alone, in the order in which things happened there."""
    options = [line for line in journal_lines(home) if line["tag"][7] == "O"]
    assert {line["side"] for line in options if line["tag"].endswith("E")} == {1, -1}, "there was no basket"
    assert naked_moments(options) == []
    assert unprotected_shorts(options) == []


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment(home: Path, seed: int) -> None:
    """Two kills, of one workload or of the whole day, then the same command again: flat, hedged, protected, once."""
    chance = random.Random(3000 + seed)
    for _ in range(2):
        enough = chance.randint(1, 9_000)
        with started(*the_day(home)) as day:
            assert until(lambda: journalled_bytes(home, "options") >= enough or day.poll() is not None)  # noqa: B023
            if chance.random() < 0.5:
                day.kill()
                continue
            note = home / "run" / f"{DAY}-options.pid.json"
            pid = json.loads(note.read_text())["pid"] if note.exists() else 0
            if "jobs.trade" in processes(home).get(pid, ""):
                os.kill(pid, signal.SIGKILL)
            assert day.wait(BOUND_SECONDS) == 0
    done = tron(*the_day(home))
    assert done.returncode == 0, done.stderr
    assert nothing_runs(home)
    check_books(home)
    check_exchange(home)


def test_the_check_sees_a_naked_short() -> None:
    """A short without a long, a long sold before its short is bought back, a short without a stop: each is named."""
    def line(tag: str, symbol: str, side: int, filled: int, status: str = "COMPLETE") -> dict[str, Any]:
        return {"tag": tag, "symbol": symbol, "side": side, "quantity": 65, "status": status,
                "fills": [{"quantity": filled}] if filled else []}

    long, short = line("1E", "APE", 1, 65), line("2E", "BPE", -1, 65)
    stop = line("3X", "BPE", 1, 0, "TRIGGER PENDING")
    assert naked_moments([long, short, stop]) == []
    assert naked_moments([short])
    assert naked_moments([long, short, line("4X", "APE", -1, 0, "OPEN")])
    assert unprotected_shorts([long, short, stop]) == []
    assert unprotected_shorts([long, short])
