"""A day that is killed or interrupted at any moment: the same command again ends it well, with nothing done twice.

TRON_KILLS=100 asks for that many kills of each kind.
"""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import RunDay
from tests.system.day_run import (
    BOUND_SECONDS,
    CLASSES,
    DAY,
    SEED,
    check_books,
    check_logs,
    documents,
    journalled_bytes,
    nothing_runs,
    processes,
    seed_session,
    started,
    tron,
    until,
)

KILLS = int(os.environ.get("TRON_KILLS", "2"))
"""Of each of the three kinds."""


@pytest.fixture
def home(ran: RunDay, tmp_path: Path) -> Path:
    return seed_session(ran.home, tmp_path / DAY)


def the_day(home: Path) -> tuple[object, ...]:
    return ("day", "--date", DAY, "--seed", SEED, "--out", home.parent)


def moment(chance: random.Random, whole: RunDay, home: Path, asset_class: str = "*") -> Callable[[], bool]:
    """One in four: some time after the functions are up, so before or between steps. Else: so far into the trading."""
    if chance.random() < 0.25:
        wait = chance.uniform(0.0, 1.5)
        born = list[float]()

        def waited() -> bool:
            if (home / "functions.log").exists() and not born:
                born.append(time.monotonic())
            return bool(born) and time.monotonic() - born[0] > wait

        return waited
    enough = chance.randint(1, journalled_bytes(whole.home, asset_class))
    return lambda: journalled_bytes(home, asset_class) >= enough


def check_the_end(home: Path, result: Any) -> None:
    """Every class done, the books right, no process left."""
    assert {w["asset_class"]: w["state"] for w in result["workloads"]} == dict.fromkeys(CLASSES, "DONE")
    assert result["differences"] == []
    check_books(home)
    check_logs(home)
    assert nothing_runs(home), processes(home)


def check_once_more(home: Path, result: Any) -> None:
    """Yet another run says the same and does nothing."""
    before = documents(home, "orders"), documents(home, "trades"), journalled_bytes(home)
    again = tron(*the_day(home), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == result
    assert before == (documents(home, "orders"), documents(home, "trades"), journalled_bytes(home))


def finish(home: Path) -> Any:
    done = tron(*the_day(home), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", range(KILLS))
def test_the_whole_day_is_killed(ran: RunDay, home: Path, seed: int) -> None:
    """kill -9 of `tron day`: its host and workloads go with it; the same command again finishes the day."""
    with started(*the_day(home)) as day:
        reached = moment(random.Random(seed), ran, home)
        assert until(lambda: reached() or day.poll() is not None)
        day.kill()
    check_the_end(home, finish(home))


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_workload_is_killed(ran: RunDay, home: Path, seed: int) -> None:
    """kill -9 of one workload: the run itself starts it anew and ends well."""
    chance = random.Random(1000 + seed)
    asset_class = chance.choice(CLASSES)
    note = home / "run" / f"{DAY}-{asset_class}.pid.json"
    enough = chance.randint(1, journalled_bytes(ran.home, asset_class))
    with started(*the_day(home)) as day:
        assert until(lambda: journalled_bytes(home, asset_class) >= enough or day.poll() is not None)
        pid = json.loads(note.read_text())["pid"]
        if "jobs.trade" in processes(home).get(pid, ""):
            os.kill(pid, signal.SIGKILL)
        assert day.wait(BOUND_SECONDS) == 0
    check_the_end(home, json.loads((home / "report.json").read_text()))


@pytest.mark.parametrize("seed", range(KILLS))
def test_the_function_host_is_killed(ran: RunDay, home: Path, seed: int) -> None:
    """kill -9 of the function host: the run says in one line what is wrong or still ends well; again, it finishes."""
    with started(*the_day(home)) as day:
        reached = moment(random.Random(2000 + seed), ran, home)
        assert until(lambda: (reached() and bool(_hosts(home))) or day.poll() is not None)
        for pid in _hosts(home):
            os.kill(pid, signal.SIGKILL)
        told = _rest(day)
        assert day.returncode in (0, 1)
        assert "Traceback" not in told, told
        if day.returncode:
            assert re.search(r"^tron: .*functions\.log", told, re.MULTILINE), told
    check_the_end(home, finish(home))


def _hosts(home: Path) -> list[int]:
    return [pid for pid, command in processes(home).items() if "jobs.local.function_host" in command]


@pytest.mark.parametrize(("number", "stage"), [(signal.SIGINT, "trading"), (signal.SIGTERM, "functions")])
def test_interrupted(ran: RunDay, home: Path, number: signal.Signals, stage: str) -> None:
    """Ctrl-C (130, one line that says to go on) or a plain kill: nothing is left running, and again it finishes."""
    half = journalled_bytes(ran.home) // 2 if stage == "trading" else 0
    with started(*the_day(home)) as day:
        log = home / "functions.log"
        assert until(lambda: (log.exists() and journalled_bytes(home) >= half) or day.poll() is not None)
        day.send_signal(number)
        told = _rest(day)
    assert "Traceback" not in told, told
    if number is signal.SIGINT:
        assert day.returncode == 130, told
        assert told.splitlines()[-1] == "tron: stopped; run the same command again to go on from here"
    else:
        assert day.returncode != 0
    assert nothing_runs(home), processes(home)
    result = finish(home)
    check_the_end(home, result)
    check_once_more(home, result)


@pytest.mark.skipif(KILLS < 3, reason="patience costs a lease's life: set TRON_KILLS to 3 or more")
def test_an_impatient_person(home: Path) -> None:
    """Ctrl-C three times in a row: no traceback, nothing left running, and again it finishes."""
    with started(*the_day(home)) as day:
        assert until(lambda: journalled_bytes(home) > 0 or day.poll() is not None)
        for _ in range(3):
            day.send_signal(signal.SIGINT)
            time.sleep(0.05)
        told = _rest(day)
    assert nothing_runs(home), processes(home)
    check_the_end(home, finish(home))
    assert "Traceback" not in told, told


def _rest(child: subprocess.Popen[str]) -> str:
    return child.communicate(timeout=BOUND_SECONDS)[1]
