"""Logs of real processes that are killed, told to end, or end by themselves; and of functions."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from common.adapters.directory import DirectoryArchive
from common.adapters.sqlite import SqliteStore
from common.log_record import LOGS, read_line
from common.ports import Query
from common.settings import Settings
from tests.process.test_functions import event, post, serving
from tests.process.waiting import BOUND_SECONDS, until

ROOT = Path(__file__).parents[2]
DAY = date(2025, 8, 29)

CHILD = """
import os, signal, sys, time
from pathlib import Path
from common.adapters.clock import SystemClock
from common.adapters.directory import DirectoryArchive
from common.adapters.logs import structured, thread
from common.adapters.sqlite import SqliteStore
home, how = Path(sys.argv[1]), sys.argv[2]

class Fast(SystemClock):
    def monotonic(self):
        return super().monotonic() * 600

class Hung:
    def put(self, *a, **k):
        time.sleep(3600)

thread.TURN_SECONDS = 0.02
thread.EXIT_SECONDS = 0.5 if how == "hung" else 60.0
archive = Hung() if how == "hung" else DirectoryArchive(home / "archive")
logs = structured.open_logs(
    1, lambda: archive, lambda: SqliteStore(home / "store.sqlite"), home / "spool", Fast(), lambda _: {},
    f"run{os.getpid()}",
    {"date": "2025-08-29", "asset_class": "stock"},
)
if how == "told":
    from jobs.trade import _end_on_request
    _end_on_request(logs)
for number in range(100 if how in ("ends", "hung") else 1_000_000):
    logs.write("WARNING" if number % 50 == 0 else "INFO", f"{number}", {"n": number})
    if how == "kills itself" and number == 999:
        os.kill(os.getpid(), signal.SIGKILL)
    if how in ("killed", "told"):
        time.sleep(0.0005)
"""


def run(home: Path, how: str, output: Path) -> subprocess.Popen[bytes]:
    with output.open("ab") as file:
        return subprocess.Popen([sys.executable, "-c", CHILD, str(home), how], cwd=ROOT, stdout=file)


def printed(output: Path) -> list[dict[str, Any]]:
    return [read_line(line) for line in output.read_bytes().splitlines()]


def archived(home: Path) -> list[dict[str, Any]]:
    archive = DirectoryArchive(home / "archive")
    objects = [archive.get(DAY, name) or b"" for name in archive.list(DAY, "logs/stock/")]
    return sorted((read_line(line) for data in objects for line in data.splitlines()), key=lambda one: one["id"])


def stored(home: Path) -> list[dict[str, Any]]:
    with closing(SqliteStore(home / "store.sqlite")) as store:
        return [dict(one.fields) for one in store.query(Query(LOGS, limit=1000))]


def test_a_process_that_is_gone_at_once_has_said_everything(tmp_path: Path) -> None:
    """kill -9 right after a record: standard output has that record too, whatever the threads were doing."""
    output = tmp_path / "out"
    assert run(tmp_path, "kills itself", output).wait(BOUND_SECONDS) == -signal.SIGKILL
    assert [one["fields"]["n"] for one in printed(output)] == list(range(1000))


def test_a_killed_process_leaves_whole_objects_and_its_spool(tmp_path: Path) -> None:
    """The archive has the beginning without a gap; only what came after the last roll is missing; the store alike."""
    output = tmp_path / "out"
    child = run(tmp_path, "killed", output)
    until(lambda: len(DirectoryArchive(tmp_path / "archive").list(DAY, "logs/")) >= 3)
    child.kill()
    child.wait(BOUND_SECONDS)
    said = [one["fields"]["n"] for one in printed(output)]
    assert said == list(range(len(said)))
    kept = [one["fields"]["n"] for one in archived(tmp_path)]
    assert kept == list(range(len(kept)))
    assert 0 < len(kept) <= len(said)
    loud = sorted(one["fields"]["n"] for one in stored(tmp_path))
    assert loud == [50 * n for n in range(len(loud))]
    names = DirectoryArchive(tmp_path / "archive").list(DAY, "logs/")
    output.unlink()
    assert run(tmp_path, "ends", output).wait(BOUND_SECONDS) == 0
    assert set(DirectoryArchive(tmp_path / "archive").list(DAY, "logs/")) > set(names), "nothing was overwritten"


@pytest.mark.parametrize(("how", "status"), [("ends", 0), ("told", -signal.SIGTERM)])
def test_whoever_ends_in_order_hands_everything_over(tmp_path: Path, how: str, status: int) -> None:
    """By itself, or because it is told to (SIGTERM): archive and store have what standard output has."""
    output = tmp_path / "out"
    child = run(tmp_path, how, output)
    if how == "told":
        until(lambda: output.exists() and output.stat().st_size > 20_000)
        child.terminate()
    assert child.wait(BOUND_SECONDS) == status
    said = printed(output)
    assert {one["id"] for one in archived(tmp_path)} == {one["id"] for one in said}
    assert len(archived(tmp_path)) == len(said)
    assert len(stored(tmp_path)) == sum(one["severity"] == "WARNING" for one in said)
    assert ("SIGTERM" in said[-1]["message"]) == (how == "told")


def test_an_archive_that_hangs_does_not_keep_a_process_alive(tmp_path: Path) -> None:
    """It ends within its bound; what did not arrive is in the spool, and the next process delivers it."""
    output = tmp_path / "out"
    assert run(tmp_path, "hung", output).wait(BOUND_SECONDS) == 0
    assert len(printed(output)) == 100
    assert archived(tmp_path) == []
    assert run(tmp_path, "ends", output).wait(BOUND_SECONDS) == 0
    assert {one["id"] for one in archived(tmp_path)} == {one["id"] for one in printed(output)}


def test_functions_log_before_they_answer(tmp_path: Path) -> None:
    """Refused events and failed steps: structured on standard output with their trace, stored and archived already."""
    settings = Settings(home=tmp_path, sessions=(tmp_path / "none.parquet",), local=True, project="p", stage="staging")
    trace = "0af7651916cd43dd8448eb211c80319c"
    with serving(settings) as host:
        assert event(host, b"\x00\xff") < 300
        header = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        assert post(host.url("prepare_day"), b'{"date": "2026-11-20"}', **header)[0] == 500
        found = stored(tmp_path)
        log = tmp_path / "functions.log"
        until(lambda: b"prepare_day" in log.read_bytes())
    services = {one["service"]: one for one in found}
    assert set(services) == {"start_workloads", "prepare_day"}
    assert {one["environment"] for one in found} == {"staging"}
    assert "Traceback" in services["prepare_day"]["fields"]["traceback"]
    lines = [json.loads(line) for line in log.read_bytes().splitlines() if line.startswith(b'{"severity"')]
    assert [line.get("logging.googleapis.com/trace") for line in lines] == [None, f"projects/p/traces/{trace}"]
    today = date.fromisoformat(found[0]["date"])
    assert len(DirectoryArchive(tmp_path / "archive").list(today, "logs/")) == 2
