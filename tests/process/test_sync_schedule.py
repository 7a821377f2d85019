"""`sync_schedule` and `tron doctor` with Google's client against a small Cloud Scheduler over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from common.adapters.scheduler import CloudSchedule
from common.schedule_ports import Call
from common.settings import Settings
from jobs.local.function_host import FunctionHost
from tests.architecture.source_files import ROOT
from tests.process.scheduler_server import Scheduler, scheduler
from tests.process.waiting import BOUND_SECONDS

ORDINARY: Final = "2026-11-20"
HOLIDAY: Final = "2026-01-26"
EVENING: Final = "2026-11-08"
AT_FIRST: Final = {
    "sync-schedule": "0 6 * * 1-5", "remind-login": "0 8 * * 1-5", "prepare-day": "30 8 * * 1-5",
    "plan-day": "45 8 * * 1-5", "square-off": "2 15 * * 1-5", "close-day": "55 15 * * 1-5",
    "supervise": "* 9-15 * * 1-5",
}
"""As Terraform makes them."""


@pytest.fixture
def served() -> Scheduler:
    found = Scheduler()
    for name, cron in AT_FIRST.items():
        found.add(f"tron-{name}", cron)
    found.add("of-the-person", "1 1 * * *")
    return found


@pytest.fixture
def address(served: Scheduler) -> Iterator[str]:
    with scheduler(served) as address:
        yield address


@pytest.fixture
def settings(address: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, project="p", scheduler=address)


def variables(settings: Settings) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings.environment()}


@pytest.fixture
def function(settings: Settings) -> Iterator[str]:
    targets = {"sync_schedule": ROOT / "functions" / "sync_schedule.py"}
    with FunctionHost(targets, variables(settings), settings.home / "log", ready_within_seconds=BOUND_SECONDS) as host:
        yield host.url("sync_schedule")


def call(url: str, day: str) -> dict[str, Any]:
    answer = requests.post(url, json={"date": day}, timeout=BOUND_SECONDS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_calls_follow_the_table(function: str, served: Scheduler) -> None:
    """First day, the same again, a holiday, an evening's session, an ordinary day: each as it should be."""
    assert len(call(function, ORDINARY)["changed"]) == 7
    assert served.job("tron-close-day")["schedule"] == "55 15 * * *"
    served.asked.clear()
    assert call(function, ORDINARY)["changed"] == []
    assert served.asked == []
    call(function, HOLIDAY)
    states = {name.rpartition("/")[2]: job["state"] for name, job in served.jobs.items()}
    assert {name for name, state in states.items() if state == "ENABLED"} == {"tron-sync-schedule", "of-the-person"}
    served.asked.clear()
    call(function, EVENING)
    assert served.asked.index("move tron-square-off to 47 18 * * *") < served.asked.index("resume tron-square-off")
    assert call(function, ORDINARY)["changed"] == ["square_off", "close_day", "supervise"]
    assert served.job("of-the-person")["schedule"] == "1 1 * * *"


def test_a_call_that_is_missing_is_said(function: str, served: Scheduler) -> None:
    """It is Terraform's to make; the others are changed all the same."""
    served.jobs.pop("projects/p/locations/asia-south1/jobs/tron-plan-day")
    done = call(function, ORDINARY)
    assert (done["missing"], len(done["changed"])) == (["plan_day"], 6)
    assert "apply terraform/" in done["said"]


def doctor(settings: Settings) -> list[dict[str, str]]:
    """What `tron doctor` finds about the schedule."""
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "doctor", "--date", ORDINARY, "--home", str(settings.home), "--json"],
        env=variables(settings), capture_output=True, text=True, check=False,
    )
    found = json.loads(done.stdout)["checks"]
    return [one for one in found if one["name"] == "schedule"]


def test_doctor_tells_the_drift(settings: Settings, served: Scheduler, function: str) -> None:
    """Each call that is not as the table has it, red, with what to do; green after the sync."""
    call(function, ORDINARY)
    (green,) = doctor(settings)
    assert green["verdict"] == "green"
    served.job("tron-square-off")["state"] = "PAUSED"
    served.job("tron-plan-day")["timeZone"] = "UTC"
    found = doctor(settings)
    assert [one["verdict"] for one in found] == ["red", "red"]
    assert {one["text"] for one in found} == {
        "plan_day its time is that of UTC", "square_off is paused, should be called at 2 15 * * *",
    }
    assert all("sync_schedule" in one["remedy"] for one in found)


def test_what_does_not_answer_is_an_error_that_says_so(served: Scheduler, address: str) -> None:
    """A job that is gone meanwhile, and nobody at that address."""
    schedule = CloudSchedule("p", "asia-south1", address)
    found = schedule.calls()["plan_day"]
    served.jobs.pop("projects/p/locations/asia-south1/jobs/tron-plan-day")
    with pytest.raises(OSError, match="does not change plan_day: NotFound"):
        schedule.change("plan_day", found, Call("1 1 * * *"))
    with pytest.raises(OSError, match="does not list"):
        CloudSchedule("p", "asia-south1", "127.0.0.1:9").calls()
