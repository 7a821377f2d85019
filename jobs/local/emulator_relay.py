"""Eventarc for the Firestore emulator: takes the CloudEvents that it emits, repairs them, and sees them delivered.

The emulator sends each event once and forgets it; its body is base64, its source names the project twice, and its
headers are raw UTF-8 (tried with the emulator of the gcloud SDK 528; no document says so).
"""

import base64
import binascii
import json
import logging
import time
import urllib.request
from collections import deque
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Final, Self

from jobs.local.cloud_event import TYPE_PREFIX, header_value
from jobs.local.deliveries import IN_ORDER, USUAL, Counts, Deliveries, Disorder, Retries
from jobs.local.function_host import HOST
from jobs.local.relay import Trigger

MAX_EVENT_BYTES: Final = 8 * 1024 * 1024
REGISTER_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
CONTENT_TYPE: Final = "application/protobuf"

_TWICE = "/projects/projects/"
_log = logging.getLogger(__name__)


class EmulatorRelay:
    """Listens on `address`, which the emulator is started with; then triggers are registered. A context manager."""

    def __init__(self, *, retries: Retries = USUAL, disorder: Disorder = IN_ORDER) -> None:
        self._deliveries = Deliveries(retries, disorder)
        self._urls: dict[str, str] = {}
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"{HOST}:{self._server.server_port}"

    @property
    def counts(self) -> Counts:
        return self._deliveries.counts

    @property
    def dropped(self) -> deque[str]:
        return self._deliveries.dropped

    @property
    def open(self) -> int:
        """Events that are neither delivered nor dropped."""
        return self._deliveries.open

    def register(self, trigger: Trigger, emulator: str, project: str, database: str = "(default)") -> None:
        """Have the emulator send what the trigger asks for. Raises OSError when it does not take it."""
        key = f"{trigger.type}-{len(self._urls)}"
        self._urls[f"/functions/projects/{project}/triggers/{key}"] = trigger.url
        wanted = {
            "eventType": TYPE_PREFIX + trigger.type, "database": database, "namespace": "(default)",
            "document": {"value": trigger.document, "matchType": "PATH_PATTERN"},
        }
        request = urllib.request.Request(
            f"http://{emulator}/emulator/v1/projects/{project}/eventarcTrigger?eventarcTriggerId={key}",
            json.dumps(wanted).encode(), {"Content-Type": "application/json"}, method="POST",
        )
        with urllib.request.urlopen(request, timeout=REGISTER_SECONDS) as answer:
            answer.read()

    def __enter__(self) -> Self:
        self._deliveries.start()
        Thread(target=self._server.serve_forever, args=(0.05,), name="emulator-relay", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends POSTs under way; what was not delivered is lost, as the emulator keeps nothing either."""
        self._server.shutdown()
        self._server.server_close()
        self._deliveries.stop(time.monotonic() + STOP_SECONDS)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(min(length, MAX_EVENT_BYTES))
                self.send_response(200 if relay._take(self.path, self.headers.items(), body) else 400)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The deliveries log what matters."""

        return Handler

    def _take(self, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> bool:
        url = self._urls.get(path)
        try:
            data = base64.b64decode(body, validate=True)
        except binascii.Error:
            data = b""
        if url is None or not data:
            _log.error("no event that the emulator sends: %s with %d bytes", path, len(body))
            return False
        repaired = {"content-type": CONTENT_TYPE, **repaired_headers(headers)}
        for _ in range(self._deliveries.copies):
            self._deliveries.add(url, repaired, data, lambda: None)
        return True


def repaired_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The event's attributes as the CloudEvents HTTP binding has them: ASCII, percent-encoded, one project."""
    found = {}
    for name, value in headers:
        if name.lower().startswith("ce-") and name.lower() != "ce-datacontenttype":
            text = value.encode("latin-1").decode("utf-8", errors="replace")
            found[name.lower()] = header_value(text.replace(_TWICE, "/projects/"))
    return found
