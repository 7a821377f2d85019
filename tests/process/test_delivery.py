"""POSTs to receivers that misbehave on the wire."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from common.adapters.sqlite import SqliteStore
from common.ports import Create
from jobs.local.deliveries import Retries
from jobs.local.delivery import DeliveryFailed, Posts
from jobs.local.relay import Relay, Trigger
from tests.process.waiting import BOUND_SECONDS

Serve = Callable[[Callable[[socket.socket], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server of raw bytes and gives its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def start(answer: Callable[[socket.socket], None]) -> str:
        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        _read_request(connection)
                        answer(connection)

        Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/x"

    yield start
    server.close()


def _read_request(connection: socket.socket) -> None:
    """All of it: closing with something unread would reset the connection under the answer."""
    with connection.makefile("rb") as request:
        headers = dict(line.lower().split(b": ") for line in iter(request.readline, b"\r\n") if b": " in line)
        request.read(int(headers[b"content-length"]))


def test_a_trickle_is_cut(serve: Serve, tmp_path: Path) -> None:
    """A receiver that sends a byte now and then for ever does not hold the relay: the whole attempt is bounded."""
    ended = Event()

    def trickle(connection: socket.socket) -> None:
        while not ended.wait(0.02):
            connection.sendall(b"H")

    url = serve(trickle)
    store = SqliteStore(tmp_path / "store.db")
    relay = Relay(
        store, [Trigger("a/{id}", "created", url)], tmp_path / "relay.json",
        retries=Retries(attempts=1, timeout_seconds=0.2),
    )
    relay.start()
    store.commit([Create("a", "x", {})])
    assert relay.wait_until_settled(BOUND_SECONDS)
    assert relay.counts.dropped == 1
    ended.set()
    relay.stop()
    store.close()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "RemoteDisconnected"), (b"gibberish\r\n\r\n", "BadStatusLine"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "IncompleteRead"),
    ],
)
def test_broken_answers_are_failures(serve: Serve, answer: bytes, says: str) -> None:
    """Nothing but a whole 2xx counts as taken."""
    with pytest.raises(DeliveryFailed, match=says):
        Posts(BOUND_SECONDS).post(serve(lambda connection: connection.sendall(answer)), {}, b"body")


def test_closed_posts_refuse(serve: Serve) -> None:
    """After close() nothing more is sent."""
    posts = Posts(BOUND_SECONDS)
    posts.close()
    with pytest.raises(DeliveryFailed, match="stopping"):
        posts.post(serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")), {}, b"")
