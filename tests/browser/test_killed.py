"""NGINX, API and dashboard killed one after the other while a day trades: each comes back, and no trade is another."""

import os
import re
import shutil
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.local.simulated_kite import free_port
from tests.browser.conftest import ended, said, tron
from tests.browser.seen import WAIT_MS, no_exception, opened
from tests.system.day_run import documents, processes, seed_session, until

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here: apt-get install nginx-light")
Stored = dict[str, dict[str, Any]]
ENOUGH = 4
AGAIN_MS = 60_000
"""The browser asks again later and later, every thirty seconds in the end."""
DECIDED = ("asset_class", "symbol", "side", "quantity", "purpose", "created", "verdict", "strategy")
"""Of an order, and never changed afterwards."""
PARTS = {"proxy": "nginx -e", "functions": "jobs.local.function_host", "dashboard": "jobs.local.dashboard"}
"""By the name that `tron up` calls it, what its command line holds."""


def test_what_shows_a_day_is_killed_and_the_day_trades_on(
    chromium: Browser, finished_run: Path, tmp_path: Path,
) -> None:
    """The page that is open goes on by itself after each; the orders are those of a day that nobody looks at."""
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
        assert until(lambda: len(documents(home, "orders")) >= ENOUGH)
    finally:
        ended(cloud)
    _same(documents(finished_run, "orders"), documents(home, "orders"), documents(home, "workloads"))


def _goes_on(page: Page) -> None:
    """The time on it moves, and nothing says that the API is down."""
    clock = page.get_by_text(re.compile(r"now .*IST"))
    before = clock.inner_text(timeout=WAIT_MS)
    expect(clock).not_to_have_text(before, timeout=AGAIN_MS)
    expect(page.get_by_text("The API is down.")).to_be_hidden(timeout=WAIT_MS)


def _same(whole: Stored, begun: Stored, workloads: Stored) -> None:
    """What has been ordered is what was ordered, as far as each workload says that it has come."""
    assert begun
    for name, order in begun.items():
        assert {key: order[key] for key in DECIDED} == {key: whole[name][key] for key in DECIDED}
    for workload in workloads.values():
        come = datetime.fromisoformat(workload["market_time"]).timestamp() * 1e9
        due = {name for name, order in whole.items()
               if order["asset_class"] == workload["asset_class"] and order["created"] < come}
        assert due <= begun.keys()
