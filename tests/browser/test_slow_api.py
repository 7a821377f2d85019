"""An API that takes its time: that it is waited for is seen, nothing else is claimed, and what comes is shown."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from jobs.local.dashboard import LocalDashboard
from jobs.local.simulated_kite import free_port
from tests.browser.conftest import Api, run_date
from tests.browser.seen import WAIT_MS, kept, no_exception, opened, settled

MOST_SECONDS = 5.0
"""Held back: less than the dashboard's patience, after which the API would be down."""
PASSED_ON = ("ETag", "Tron-Time", "Content-Type")


class SlowApi(ThreadingHTTPServer):
    """The API of a finished day, asked once it is `open`. held: how many answers were waited for."""

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.api, self.open, self.held = api, threading.Event(), 0
        self.open.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    server: SlowApi

    def do_GET(self) -> None:
        if not self.server.open.is_set():
            self.server.held += 1
            self.server.open.wait(MOST_SECONDS)
        mark = self.headers.get("If-None-Match")
        asked = urllib.request.Request(self.server.api.url + self.path, headers={"If-None-Match": mark} if mark else {})
        try:
            answer = urllib.request.urlopen(asked, timeout=WAIT_MS / 1000)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            body = answer.read()
            self.send_response(answer.status)
            for name in PASSED_ON:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def slow(api: Api) -> Iterator[SlowApi]:
    server = SlowApi(api)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.open.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def dashboard(slow: SlowApi, finished_run: Path) -> Iterator[str]:
    """Its address; it has asked nothing yet."""
    part = LocalDashboard(finished_run, slow.url, free_port(), run_date())
    part.start()
    yield part.url
    part.stop()


def test_an_answer_that_takes_long_is_seen_to_be_waited_for(chromium: Browser, slow: SlowApi, dashboard: str) -> None:
    """The page itself is there meanwhile, no number is shown, nobody is called down; then come the trades."""
    with opened(chromium, dashboard, "plan") as (page, faults):
        expect(_waiting(page)).to_have_count(0)
        slow.open.clear()
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Trades", exact=True).click()
        expect(_waiting(page)).to_be_visible(timeout=WAIT_MS)
        page.screenshot(path=kept("slow", "trades"))
        assert slow.held
        expect(page.get_by_test_id("stSidebarNav")).to_be_visible()
        expect(page.get_by_text("The API is down.")).to_have_count(0)
        expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
        slow.open.set()
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=WAIT_MS)
        settled(page)
        expect(_waiting(page)).to_have_count(0)
        expect(page.get_by_text("The API is down.")).to_have_count(0)
        no_exception(page)
        assert faults == []


def _waiting(page: Page) -> Locator:
    return page.get_by_test_id("stSpinner").get_by_text("Asking the API ...")
