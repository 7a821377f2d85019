"""A WebSocket server that speaks as Kite's stream does, with faults on order, and a stream that is connected to it."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from common.adapters.clock import SystemClock
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.stream import KiteStream
from common.adapters.kite.stream_state import Login, Timing
from common.redaction import Secret
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_frames import frame, ltp

QUICK = Timing(silence=0.6, connect=0.6, first_delay=0.05, longest_delay=0.2, login=0.05)
ACCESS = "the-access-token"
GOOD = Login(Secret("the-api-key"), Secret(ACCESS))
LIMIT_SECONDS = 8.0


def until(condition: Callable[[], object], what: str) -> None:
    """Waits for it; fails after some seconds."""
    end = monotonic() + LIMIT_SECONDS
    while not condition():
        assert monotonic() < end, f"waited {LIMIT_SECONDS} s for {what}"
        sleep(0.01)


class Wire:
    """One server. silent: says nothing more, on any socket. A handshake without ACCESS gets 403, and
    while it `forbids` every one.

    asked: messages of each socket. addresses: of every handshake.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.silent = Event()
        self.forbids = Event()
        self.asked: list[list[dict[str, Any]]] = []
        self.addresses: list[str] = []
        self._sockets: list[ServerConnection] = []
        self._ending = Event()
        self._tls = tls
        self._server: Server = serve(
            self._talk, "127.0.0.1", port, process_request=self._judge, ssl=tls, compression=None, close_timeout=0.1,
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._server.socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://localhost:{self.port}"

    def send(self, message: bytes | str) -> None:
        """To whoever is connected now."""
        for one in self._sockets:
            with suppress(ConnectionClosed):
                one.send(message)

    def tick(self, last: int, token: int = 1) -> None:
        self.send(frame([ltp(token, last)]))

    def drop(self) -> None:
        """Every socket, without a word."""
        for one in self._sockets:
            with suppress(OSError):
                one.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._ending.set()
        self.drop()
        self._server.shutdown()
        self._thread.join(5)

    def _judge(self, _: ServerConnection, request: Request) -> Response | None:
        self.addresses.append(request.path)
        if ACCESS not in request.path or self.forbids.is_set():
            headers = Headers({"Content-Length": "0", "Connection": "close"})
            return Response(HTTPStatus.FORBIDDEN, "Forbidden", headers, b"")
        return None

    def _talk(self, connection: ServerConnection) -> None:
        asked: list[dict[str, Any]] = []
        self.asked.append(asked)
        self._sockets.append(connection)
        beats = 0.0
        while not self._ending.is_set():
            try:
                asked.append(json.loads(connection.recv(timeout=0.02)))
            except TimeoutError:
                pass
            except ConnectionClosed:
                break
            if not self.silent.is_set() and monotonic() > beats:
                beats = monotonic() + 0.1
                with suppress(ConnectionClosed):
                    connection.send(b"\0")
        self._sockets.remove(connection)


class Relay:
    """TCP between a client and a server; `freeze` leaves what is open open, and moves nothing more on it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._frozen: set[Event] = set()
        self._live: set[Event] = set()
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ws://localhost:{self._listening.getsockname()[1]}"

    def freeze(self) -> None:
        """What is connected now; later connections are carried."""
        for one in self._live:
            one.set()

    def close(self) -> None:
        self.freeze()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            frozen = Event()
            self._live.add(frozen)
            Thread(target=self._carry, args=(near, far, frozen), daemon=True).start()
            Thread(target=self._carry, args=(far, near, frozen), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, frozen: Event) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                if frozen.is_set():
                    Event().wait(LIMIT_SECONDS * 2)  # neither read nor closed, as a peer that has lost its power
                    return
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class Listening:
    """A stream that is started and closed by `with`. refused: what REST says of the token. orders: rows heard."""

    def __init__(
        self, url: str, *, tls: ssl.SSLContext | None = None, login: Login | None = GOOD, refused: bool = True,
    ) -> None:
        self.logs = KeptLogs()
        self.inbox = Inbox(monotonic)
        self.orders: list[Mapping[str, Any]] = []
        self.refused = refused
        self.login = login
        self.stream = KiteStream(
            url, lambda: self.login, self.inbox, SystemClock(), self.logs, on_order=self.orders.append,
            is_refused=lambda: self.refused, timing=QUICK, tls=tls,
        )

    def __enter__(self) -> Self:
        self.stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def connected(self, times: int = 1) -> None:
        until(lambda: self.stream.counts.connections >= times, f"connection {times}")

    def hears(self, last: int) -> None:
        """A tick with this price comes through."""
        seen: list[int] = []

        def came() -> bool:
            seen.extend(tick.last for tick in self.inbox.take(0.05)[0])
            return last in seen

        until(came, f"the tick {last}, heard {seen}")


@contextmanager
def wire(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Wire]:
    """A server for one test."""
    server = Wire(tls, port)
    try:
        yield server
    finally:
        server.close()
