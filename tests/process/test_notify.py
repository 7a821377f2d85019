"""Notifications over real HTTP: taken, dead, slow, refused, and from the function that a stored alarm starts."""

import json
import os
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from common.adapters.notify import AppriseNotifier, LoggedNotifier, send_to_all
from common.ports import Change, Document
from common.settings import Settings
from jobs import cli
from jobs.local import cloud_event
from jobs.local.cloud_event import Database
from jobs.local.function_host import FunctionHost
from tests.process.waiting import BOUND_SECONDS
from tests.unit.kept_logs import KeptLogs

ROOT = Path(__file__).parents[2]
HIDDEN = "s3cr3tp4ss"


class Receiver(ThreadingHTTPServer):
    """Keeps what it was told. status: what it answers. hold: set when an answer may go out; None for at once."""

    daemon_threads = True

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.status = 200
        self.hold: threading.Event | None = None
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://me:{HIDDEN}@127.0.0.1:{self.server_port}/notices"


class Handler(BaseHTTPRequestHandler):
    """One message."""

    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.hold is not None:
            self.server.hold.wait(BOUND_SECONDS)
        self.server.told.append(body)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The test looks at what was told."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving() as server:
        yield server


@contextmanager
def serving() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        if server.hold is not None:
            server.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def dead() -> str:
    """Where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"json://me:{HIDDEN}@127.0.0.1:{held.getsockname()[1]}/"


def test_a_message_arrives_whole(receiver: Receiver) -> None:
    """Title and text as they are, rupees and line ends included; the urgent ones are marked."""
    notifier = AppriseNotifier([receiver.url], KeptLogs())
    assert notifier.send("Net ₹1,23,456.78", "one\ntwo <b>three</b> & %s\\n")
    assert notifier.send("look", "now", urgent=True)
    first, second = receiver.told
    assert (first["title"], first["message"]) == ("Net ₹1,23,456.78", "one\ntwo <b>three</b> & %s\\n")
    assert (first["type"], second["type"]) == ("info", "warning")


def test_one_that_is_dead_does_not_keep_the_others_from_it(receiver: Receiver) -> None:
    """Told by one is told; the failures are logged by number, and no line has a part of a URL."""
    logs = KeptLogs()
    notifier = AppriseNotifier([dead(), receiver.url, f"nonsense://{HIDDEN}", HIDDEN], logs)
    assert notifier.send("title", "text")
    assert len(receiver.told) == 1
    assert logs.messages == [
        "receiver 1 of TRON_NOTIFY_URLS: refused it, or does not answer",
        "receiver 3 of TRON_NOTIFY_URLS: no URL that apprise knows: correct it",
        "receiver 4 of TRON_NOTIFY_URLS: no URL that apprise knows: correct it",
    ]
    assert {one["fields"]["category"] for one in logs.records} == {"alert"}
    assert HIDDEN not in str(logs.records) + repr(notifier)


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_refusal_is_no_success(receiver: Receiver, status: int) -> None:
    """The server answered, and has not taken it."""
    receiver.status = status
    assert not AppriseNotifier([receiver.url], KeptLogs()).send("title", "text")


def test_a_dead_server_is_no_success() -> None:
    """Nobody listens there."""
    assert not AppriseNotifier([dead()], KeptLogs()).send("title", "text")


def test_a_slow_server_is_left_behind(receiver: Receiver) -> None:
    """It holds its answer until the test lets it go: the call has come back long before."""
    receiver.hold = threading.Event()
    failures = send_to_all([receiver.url], "title", "text", bound_seconds=0.2)
    assert failures == ["receiver 1 of TRON_NOTIFY_URLS: no answer in time"]
    assert receiver.told == []


def test_without_receivers_there_is_a_record() -> None:
    """The default: nothing but the log, of a category that is not told of."""
    logs = KeptLogs()
    assert LoggedNotifier(logs).send("title", "text ₹1", urgent=True)
    (record,) = logs.records
    assert (record["severity"], record["message"]) == ("INFO", "title: text ₹1")
    assert record["fields"] == {"category": "alert", "urgent": True}


def test_the_command(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    """`tron notify test`: 0 when all have taken it, 1 when one has not, 2 when none is named; never a URL."""
    monkeypatch.setenv("TRON_NOTIFY_URLS", receiver.url)
    assert cli.main(["notify", "test", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"receivers": 1, "failures": []}
    assert receiver.told[0]["title"] == "Tron: a trial message"
    monkeypatch.setenv("TRON_NOTIFY_URLS", f"{receiver.url} {dead()}")
    assert cli.main(["notify", "test"]) == 1
    monkeypatch.setenv("TRON_NOTIFY_URLS", "")
    assert cli.main(["notify", "test"]) == 2
    said = capsys.readouterr()
    assert "1 of 2 receivers have taken it" in said.out
    assert "TRON_NOTIFY_URLS is not set" in said.err
    assert HIDDEN not in said.out + said.err


def stored(id: str, fields: Mapping[str, Any], number: int = 1) -> Change:
    document = Document("system_logs_realtime", id, fields, "1")
    return Change(number, "system_logs_realtime", id, None, document, datetime.now(UTC))


def post(host: FunctionHost, change: Change, **changed: str) -> int:
    """Status of the event's delivery."""
    headers = {**cloud_event.headers(change, "created", Database()), **changed}
    request = urllib.request.Request(host.url("alert"), cloud_event.body(change, Database()), headers)
    try:
        with urllib.request.urlopen(request, timeout=BOUND_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_stored_alarm_becomes_a_message(receiver: Receiver, tmp_path: Path) -> None:
    """The alert function under its framework: twice the event, one message; refused, it asks for the event again."""
    settings = Settings(home=tmp_path, notify_urls=(receiver.url,))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings.environment()}
    log = tmp_path / "functions.log"
    alarm = {"severity": "CRITICAL", "message": "naked: access_token=abc", "date": "2026-11-20", "asset_class": "stock"}
    with FunctionHost({"alert": ROOT / "functions" / "alert.py"}, environment, log) as host:
        receiver.status = 500
        assert post(host, stored("1", alarm)) == 500
        receiver.status = 200
        assert [post(host, stored("1", alarm)) for _ in range(3)] == [200, 200, 200]
        assert post(host, stored("2", {**alarm, "severity": "WARNING"})) == 200
        assert post(host, stored("3", {**alarm, "category": "alert"})) == 200
        assert post(host, stored("4", alarm), **{"ce-time": "2020-01-01T00:00:00Z"}) == 200
        assert post(host, stored("5", alarm), **{"ce-time": "yesterday"}) == 200
    messages = [one["message"] for one in receiver.told]
    assert messages == ["naked: access_token=***"] * 2, "the refused one, and the one that was taken"
    said = log.read_text()
    assert "too old" in said
    assert "not a moment with its zone" in said
    assert HIDDEN not in said
