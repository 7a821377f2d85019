"""A finished day and a running one with their dashboards, and a real Chromium; all is skipped where there is none."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from common.adapters.clock import SystemClock
from common.adapters.sqlite import SqliteStore
from common.day.control import Halt, Source, set_halt
from common.day.square_off import REASON
from common.trading.halts import HaltLevel
from jobs.local.dashboard import LocalDashboard
from jobs.local.simulated_kite import free_port
from tests.architecture.source_files import ROOT
from tests.browser.seen import CHROMIUM, OPTIONS

DATE = "2026-11-20"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs Chromium."""
    if not CHROMIUM.exists():
        for item in items:
            if "tests/browser" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="no Chromium here: apt-get install chromium"))


def tron(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """A command that goes on, in a session of its own. variables: of its environment."""
    return subprocess.Popen(
        [sys.executable, "-m", "jobs.cli", *arguments], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=_hears_ctrl_c,
    )


def _hears_ctrl_c() -> None:
    """Also where these tests run in the background, whose children are deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def said(process: "subprocess.Popen[str]", pattern: str) -> str:
    """The first line that holds the pattern."""
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if re.search(pattern, line):
            return line
    raise AssertionError(f"{pattern!r} was never said:\n{''.join(told)}")


def ended(process: "subprocess.Popen[str]") -> None:
    """As by Ctrl-C."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


class Api:
    """`tron api` over a run, always at the same port; it can be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **variables: str) -> None:
        self._process = tron("api", "--run", str(self.home), "--port", str(self.port), **variables)
        said(self._process, "the API of")

    def stop(self) -> None:
        if self._process is not None:
            ended(self._process)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a day that has traded, and whose square-off the scheduler has asked for, as in real time."""
    out = tmp_path_factory.mktemp("finished")
    process = tron("day", "--seed", "21", "--out", str(out))
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0, told
    path = next(out.glob("*/store.sqlite"))
    with closing(SqliteStore(path)) as store:
        asked = Halt(Source.SQUARE_OFF, "all", HaltLevel.FLATTEN, REASON, "square_off", run_date())
        set_halt(store, asked, SystemClock())
    return path.parent


@pytest.fixture(scope="session")
def api(finished_run: Path) -> Iterator[Api]:
    made = Api(finished_run)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def finished(finished_run: Path, api: Api) -> Iterator[str]:
    """The address of a finished day's dashboard."""
    part = LocalDashboard(finished_run, api.url, free_port(), run_date())
    part.start()
    yield part.url
    part.stop()


def run_date() -> date:
    """Of both days."""
    return date.fromisoformat(DATE)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the dashboard that `tron up` brought, once its workloads trade.

    Of one file: pytest-xdist runs other files between two of these, and the day would be over.
    """
    home = tmp_path_factory.mktemp("running") / "up"
    process = tron("up", "--seed", "21", "--speed", "60", "--start", "09:10", "--out", str(home))
    try:
        address = re.findall(r"http://[0-9.:]+", said(process, "dashboard .*http"))[0]
        said(process, "stock RUNNING options RUNNING futures RUNNING")
        yield address
    finally:
        ended(process)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        yield browser
        browser.close()
