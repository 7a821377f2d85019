"""NGINX, API and dashboard killed one after the other while a day trades: each comes back, and no trade is another."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.local.simulated_kite import free_port
from tests.browser.conftest import ended, said, tron
from tests.browser.seen import WAIT_MS, no_exception, opened
from tests.system.day_run import documents, processes, seed_session, until

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here: apt-get install nginx-light")
ENOUGH = 4
AGAIN_MS = 60_000
"""The browser asks again later and later, every thirty seconds in the end."""
PARTS = {"proxy": "nginx -e", "functions": "jobs.local.function_host", "dashboard": "jobs.local.dashboard"}
"""By the name that `tron up` calls it, what its command line holds."""


def test_what_shows_a_day_is_killed_and_the_day_trades_on(
    chromium: Browser, finished_run: Path, tmp_path: Path,
) -> None:
    """The page that is open goes on by itself after each; the workloads are there, and orders come.

    Workloads here are children of the functions' host and start again with it. Which orders they make is not compared:
    at this pace a start takes minutes of the session, in which the supervisor may well halt a class that is silent.
    """
    home, port = tmp_path / "up", free_port()
    seed_session(finished_run, home)
    cloud = tron("up", "--seed", "21", "--speed", "240", "--start", "09:10", "--proxy", str(port), "--out", str(home))
    try:
        said(cloud, "stock RUNNING options RUNNING futures RUNNING")
        with opened(chromium, f"http://127.0.0.1:{port}", "") as (page, _):
            for name, command in PARTS.items():
                (pid,) = [pid for pid, told in processes(home).items() if command in told]
                os.kill(pid, signal.SIGKILL)
                said(cloud, f"{name} is back")
                _goes_on(page)
            no_exception(page)
        assert until(lambda: len(_workloads(home)) == 3)
        assert until(lambda: len(documents(home, "orders")) >= ENOUGH)
    finally:
        ended(cloud)


def _goes_on(page: Page) -> None:
    """The time on it moves, and nothing says that the API is down."""
    clock = page.get_by_text(re.compile(r"now .*IST"))
    before = clock.inner_text(timeout=WAIT_MS)
    expect(clock).not_to_have_text(before, timeout=AGAIN_MS)
    expect(page.get_by_text("The API is down.")).to_be_hidden(timeout=WAIT_MS)


def _workloads(home: Path) -> list[int]:
    """Their processes."""
    return [pid for pid, told in processes(home).items() if "jobs.trade" in told]
