"""The dashboard's parts without a browser: connection, words, access, the file of trades, the payoff."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from dashboard.access import _local
from dashboard.connection import Connection
from dashboard.views.plan import payoff_points
from dashboard.views.scorecard import verdict
from dashboard.views.trades import COLUMNS, as_csv
from dashboard.words import made, plural, rupees, signed, span


class _Api(BaseHTTPRequestHandler):
    """Answers {"n": 1} with a mark, 304 to that mark."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        mark = self.headers.get("If-None-Match", "")
        self.asked.append(mark)
        status, body = (304, b"") if mark == "W/1" else (200, json.dumps({"n": 1}).encode())
        if self.path.startswith("/scorecard"):
            status, body = 404, json.dumps({"detail": "no scorecard"}).encode()
        self.send_response(status)
        self.send_header("ETag", "W/1")
        self.send_header("Tron-Time", "2026-11-20T10:00:00+05:30")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    _Api.asked.clear()
    made_here = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    threading.Thread(target=made_here.serve_forever, args=(0.02,), daemon=True).start()
    yield made_here
    made_here.shutdown()
    made_here.server_close()


def _address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_an_answer_is_kept_and_asked_for_again_by_its_mark(server: ThreadingHTTPServer) -> None:
    """Within its time nothing is asked; asked afresh, the mark is sent and 304 leaves the answer as it was."""
    link = Connection(_address(server), "")
    assert link.read("/plan", {}).data == {"n": 1}
    assert link.read("/plan", {}).data == {"n": 1}
    assert _Api.asked == [""]
    again = link.read("/plan", {}, fresh=True)
    assert (again.data, again.source, _Api.asked) == ({"n": 1}, "api", ["", "W/1"])


def test_what_is_not_there_is_no_failure(server: ThreadingHTTPServer) -> None:
    """404 is said as missing, and the API is up."""
    link = Connection(_address(server), "")
    found = link.read("/scorecard", {})
    assert (found.data, found.missing, found.problem, link.down) == (None, True, "no scorecard", False)


def test_answers_outlive_the_api_and_the_process(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    """Down: the kept answer, with the reason; another process finds it on disk; nothing can be posted."""
    link = Connection(_address(server), "", tmp_path)
    link.read("/plan", {})
    server.shutdown()
    server.server_close()
    for one in (link, Connection(_address(server), "", tmp_path)):
        found = one.read("/plan", {}, fresh=True)
        assert (found.data, found.source, one.down) == ({"n": 1}, "kept", True)
        assert "does not answer" in found.problem
    taken, problem = link.post("/control", {"action": "halt"})
    assert not taken
    assert "does not answer" in problem


def test_the_store_goes_before_a_kept_answer() -> None:
    """Where the store can be read its numbers are newer; what it cannot say is told as unknown."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    link = Connection("http://127.0.0.1:9", "", None, lambda path, _: ({"n": 2}, now) if path == "/plan" else None)
    assert (link.read("/plan", {}).data, link.read("/plan", {}).source) == ({"n": 2}, "store")
    assert link.read("/trades", {}).data is None


@pytest.mark.parametrize(("host", "address", "let_in"), [
    ("localhost:8501", None, True), ("127.0.0.1:8501", "127.0.0.1", True), ("[::1]:8501", "::1", True),
    ("tron.example:8501", None, False), ("127.0.0.1:8501", "192.168.1.5", False), ("", None, False),
    ("localhost.example", None, False),
])
def test_without_a_sign_in_only_this_machine(host: str, address: str | None, let_in: bool) -> None:
    """By the name that was asked for and by where it came from, both."""
    assert _local(host, address) is let_in


def test_numbers_in_words() -> None:
    """Indian grouping, a sign beside each colour, spans as people say them."""
    assert rupees(12_345_678_00) == "₹1,23,45,678"
    assert signed(-123_456).endswith("₹1,235")
    assert "−" in signed(-123_456)
    assert (made(0), made(None)) == ("nothing made, nothing lost", "")
    assert "lost" in made(-100)
    assert "₹1 made" in made(100)
    assert (span(40), span(720), span(7500), span(None)) == ("40 s", "12 min", "2 h 05 min", "–")
    assert (plural(1, "trade"), plural(2, "trade")) == ("1 trade", "2 trades")


def test_no_text_of_the_file_is_a_formula() -> None:
    """A spreadsheet that opens it calculates nothing."""
    row = dict.fromkeys(COLUMNS, "1") | {"entry_reason": "=HYPERLINK(1)", "symbol": "+A", "net": -5}
    assert as_csv([row]).splitlines()[1].split(",")[2] == "'+A"
    assert "'=HYPERLINK(1)" in as_csv([row])
    assert as_csv([row]).splitlines()[1].endswith(",-5")


def test_the_payoff_of_a_credit_spread() -> None:
    """Above the sold put its credit is kept, below the bought one the width less the credit is lost."""
    legs = [
        {"side": -1, "strike_paise": 100_000, "kind": "PE"}, {"side": 1, "strike_paise": 90_000, "kind": "PE"},
    ]
    points = payoff_points({"legs": legs, "units": 10, "credit_paise": 20_000})
    assert [round(worth) for _, worth in points] == [-800, -800, 200, 200]


def test_the_verdict_counts_what_was_beaten() -> None:
    """Neither the day itself nor the rules that it followed are alternatives; what failed is none either."""
    arms = [
        {"name": "as traded", "net_paise": 500, "failed": ""}, {"name": "rules", "net_paise": 500, "failed": ""},
        {"name": "no trade", "net_paise": 0, "failed": ""}, {"name": "vwap", "net_paise": 900, "failed": ""},
        {"name": "scalp", "net_paise": 0, "failed": "no data"},
    ]
    assert verdict({"traded_paise": 500, "arms": arms}).endswith("better than 1 of 2 alternatives.")
