"""The simulator of whole days: clean with and without faults, rich, the same from the same seed, and told as JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.bootstrap import simulation_bench
from common.simulation.faults import Fault, parse_faults
from common.simulation.outcome import day_seed, setting_of, simulate_day
from common.simulation.report import FLOORS, Totals
from jobs import cli

ROOT = Path(__file__).parents[2]
DAYS_WITHOUT = 12
DAYS_WITH = 20


def days(seed: int, faults: str, count: int) -> Totals:
    """So many days of a run, added up."""
    wanted = parse_faults(faults)
    totals = Totals(seed, wanted)
    for number in range(count):
        totals.add(simulate_day(setting_of(day_seed(seed, number), wanted, simulation_bench())))
    return totals


def told(totals: Totals) -> str:
    """The violations, a line each."""
    found = totals.violations
    return "\n".join(f"day {one['day_seed']} {one['time']} {one['invariant']}: {one['text']}" for one in found)


def test_days_without_faults_are_clean() -> None:
    """Nothing is violated, nothing struck, and everything that is looked at was looked at."""
    totals = days(3, "none", DAYS_WITHOUT)
    assert not totals.violations, told(totals)
    assert not totals.faults
    checked = {name for name, count in totals.checks.items() if count}
    assert {"I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "flip", "money"} <= checked
    assert totals.requests["place"] >= FLOORS["orders"] * DAYS_WITHOUT


@pytest.mark.parametrize("run", [21, 22, 23])
def test_days_with_all_faults_are_clean(run: int) -> None:
    """Whatever strikes: no violation, and days rich enough to say so."""
    totals = days(run, "all", DAYS_WITH)
    assert not totals.violations, told(totals)
    assert totals.floors()["met"], totals.floors()
    assert totals.duplicates == 0
    assert totals.naked == 0.0
    assert len([name for name, count in totals.faults.items() if count]) > len(Fault) * 0.8


ONE_DAY = """
import json, os, sys
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
from common.bootstrap import simulation_bench
from common.simulation.faults import parse_faults
from common.simulation.outcome import setting_of, simulate_day
outcome = simulate_day(setting_of(4711, parse_faults("all"), simulation_bench()))
print(json.dumps([outcome.steps, outcome.orders, outcome.fills, outcome.requests, outcome.faults]), file=sys.stderr)
"""


def test_a_seed_is_a_day() -> None:
    """The same seed gives the same day, also in processes that hash strings differently."""
    seen = set()
    for hashing in ("0", "1", "77"):
        answer = subprocess.run(
            [sys.executable, "-c", ONE_DAY], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True, text=True, timeout=60, check=True,
        )
        seen.add(answer.stderr.splitlines()[-1])
    assert len(seen) == 1, seen


def test_json(capfd: pytest.CaptureFixture[str]) -> None:
    """`tron simulate --json`: one object with everything that the order asks for; status 0 where nothing broke."""
    status = cli.main(["simulate", "--days", "6", "--seed", "5", "--faults", "update-lost,crash-after", "--json"])
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert {
        "days", "seed", "steps", "orders", "fills", "faults_injected", "checks", "alarms", "violations", "floors",
        "days_per_second", "duplicates", "naked_short_seconds", "unprotected_seconds_beyond_bound",
        "time_to_flat_seconds", "alarms_per_1000_days", "alarms_by_kind", "alarm_ceiling",
    } <= result.keys()
    assert (result["days"], result["seed"], status) == (6, 5, 0)
    assert {name for name, count in result["faults_injected"].items() if count} == {"UPDATE_LOST", "CRASH_AFTER"}
    assert result["violations"] == []
    assert result["time_to_flat_seconds"].keys() == {"count", "p50", "p90", "p99", "max"}


def test_one_day_with_its_trace(capfd: pytest.CaptureFixture[str]) -> None:
    """A day by its seed, told on standard error; the table on standard output."""
    assert cli.main(["simulate", "--day-seed", "4711", "--trace", "--faults", "none"]) == 0
    out, err = capfd.readouterr()
    assert "1 days" in out
    assert "starts" in err
    assert "ended: finished" in err


def test_a_fault_that_is_none(capfd: pytest.CaptureFixture[str]) -> None:
    """An unknown name is a mistake of the caller, and the answer lists the names."""
    assert cli.main(["simulate", "--faults", "gremlins"]) == 2
    assert "update-lost" in capfd.readouterr().err


def test_a_violation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks a check is in the result with its seed, its time and its invariant."""
    monkeypatch.setattr("common.simulation.positions.Positions.naked", lambda *_: 75)
    totals = days(9, "none", 3)
    assert {one["invariant"] for one in totals.violations} == {"I7"}
    assert totals.failed_days
    assert not totals.good
