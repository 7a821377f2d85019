"""`python -m jobs.main_runner`: the day's steps from the session table, and its ends: closed, holiday, SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from common.launch_settings import LaunchSettings
from common.market.indian_time import INDIA
from common.research.generator import generate
from common.research.storing import write_parquet
from common.settings import Settings
from jobs.local.firestore_emulator import FirestoreEmulator
from tests.architecture.source_files import ROOT
from tests.contract.cloud_run_server import CloudRun, cloud_run
from tests.firestore import need_emulator
from tests.process.waiting import BOUND_SECONDS, alive, until

DAY: Final = "2026-11-20"
HOLIDAY: Final = "2026-01-26"
FAST: Final = 1800.0
UNHURRIED: Final = 120.0
"""So that a busy machine has planned long before it is too late to trade."""


def played(home: Path, begin: str, speed: float) -> Settings:
    """A generated session whose clock stands at `begin` now."""
    session = home / "session.parquet"
    write_parquet(generate(date.fromisoformat(DAY), 7), session)
    start = datetime.fromisoformat(f"{DAY}T{begin}").replace(tzinfo=INDIA)
    return Settings(
        home=home, sessions=(session,), seed=7, session_clock=(time.time(), start.timestamp(), speed),
        lease_ttl_seconds=speed * 30,
    )


def variables(settings: Settings) -> dict[str, str]:
    """Of a process that has these settings and finds our code."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings.environment()}


@contextmanager
def started(settings: Settings, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The runner; killed at the end if it still runs."""
    child = subprocess.Popen(
        [sys.executable, "-m", "jobs.main_runner", *arguments], env=variables(settings), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def told(output: str) -> list[dict[str, Any]]:
    """Its records."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_a_holiday_ends_at_once(tmp_path: Path) -> None:
    """Status 0, and no function was started."""
    with started(Settings(home=tmp_path), "--date", HOLIDAY) as runner:
        output = runner.communicate(timeout=BOUND_SECONDS)[0]
    assert runner.returncode == 0
    assert [one["message"] for one in told(output)] == [f"{HOLIDAY} is not a trading day: nothing to run"]
    assert not (tmp_path / "functions.log").exists()


def test_a_wrong_setting_is_said(tmp_path: Path) -> None:
    """Status 2, with the variable's name."""
    environment = {**variables(Settings(home=tmp_path)), "TRON_LAUNCHERS": "stock=moon"}
    done = subprocess.run(
        [sys.executable, "-m", "jobs.main_runner"], env=environment, capture_output=True, text=True, check=False,
    )
    assert (done.returncode, "TRON_LAUNCHERS" in done.stderr) == (2, True)


def test_the_steps_of_a_day_in_order(tmp_path: Path) -> None:
    """Begun late, it catches up in order; a step's function host that is killed comes back; the books are closed."""
    with started(played(tmp_path, "14:50:00", FAST)) as runner:
        assert runner.stdout is not None
        messages, killed = [], False
        for line in runner.stdout:
            messages += [one["message"] for one in told(line)]
            if not killed and messages[-1:] == ["plan_day has answered"]:
                killed = True
                children = Path(f"/proc/{runner.pid}/task/{runner.pid}/children").read_text().split()
                for child in map(int, children):
                    os.kill(child, signal.SIGKILL)
        assert runner.wait(BOUND_SECONDS) == 0
    steps = [text.split()[0] for text in messages if text.endswith("has answered")]
    once = [name for name in steps if name != "supervise"]
    assert once == ["remind_login", "prepare_day", "plan_day", "square_off", "close_day"]
    assert killed
    assert len(list((tmp_path / "archive").glob("*/report.json"))) == 1


def test_sigterm_leaves_the_workloads_alone(tmp_path: Path) -> None:
    """They were started by the supervisor's sweep, no event being delivered; it ends with 143, and they trade on."""
    need_emulator()
    with FirestoreEmulator() as emulator:
        settings = replace(
            played(tmp_path, "08:50:00", UNHURRIED), store="firestore", project="p", emulator=emulator.address,
        )
        cloud = CloudRun((sys.executable,), variables(settings), str(tmp_path / "workloads.log"))
        with cloud_run(cloud) as address:
            runners = dict.fromkeys(("stock", "options", "futures"), "cloud_run")
            launching = LaunchSettings(runners, run_url=address)
            with started(replace(settings, launching=launching)) as runner:
                until(lambda: len(cloud.processes) == 3)
                runner.send_signal(signal.SIGTERM)
                output = runner.communicate(timeout=BOUND_SECONDS)[0]
            assert runner.returncode == 143, output
            assert told(output)[-1]["message"].startswith("the main runner is told to end (SIGTERM)")
            assert not alive(runner.pid)
            assert all(one["runningCount"] for one in cloud.executions.values())
            assert all(alive(child.pid) for child in cloud.processes.values())
