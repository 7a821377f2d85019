"""POSTs to functions of this machine, each bounded in time, all of them ended at once on request."""

import contextlib
import http.client
import socket
import time
from collections.abc import Mapping
from threading import Lock
from urllib.parse import urlsplit

MAX_ANSWER_BYTES = 64 * 1024


class DeliveryFailed(Exception):
    """The receiver did not take it; sending it again may help."""


class Posts:
    """HTTP POSTs, one connection each. Thread-safe."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._lock = Lock()
        self._open: dict[http.client.HTTPConnection, float] = {}
        self._closed = False

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Returns when the receiver answered 2xx; raises DeliveryFailed otherwise."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self._timeout_seconds)
        try:
            connection.connect()
            self._register(connection)
            connection.request("POST", parts.path or "/", body, dict(headers))
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER_BYTES)
            if response.length and len(answer) < MAX_ANSWER_BYTES:
                raise http.client.IncompleteRead(answer, response.length)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
        finally:
            with self._lock:
                self._open.pop(connection, None)
            connection.close()
        if not 200 <= response.status < 300:
            raise DeliveryFailed(f"status {response.status}: {answer[:300].decode(errors='replace')}")

    def end_overdue(self) -> None:
        """Ends what has taken longer than the time-out: a socket's own time-out starts anew with every byte."""
        now = time.monotonic()
        with self._lock:
            overdue = [connection for connection, deadline in self._open.items() if deadline < now]
        for connection in overdue:
            _cut(connection)

    def close(self) -> None:
        """Ends every POST under way, and any later one: they raise DeliveryFailed."""
        with self._lock:
            self._closed = True
            under_way = list(self._open)
        for connection in under_way:
            _cut(connection)

    def _register(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if self._closed:
                raise DeliveryFailed("the relay is stopping")
            self._open[connection] = time.monotonic() + self._timeout_seconds


def _cut(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
