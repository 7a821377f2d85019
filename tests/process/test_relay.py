"""The relay against real HTTP receivers: at least once, over failures, restarts and disorder."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

import pytest

from common.adapters.sqlite import SqliteStore
from common.ports import Change, Create, Delete, StoreUnavailable, Update
from functions.firestore_event import DocumentEvent, decode_data
from jobs.local.deliveries import Disorder, Retries
from jobs.local.relay import Relay, RelayFailed, Trigger
from tests.process.waiting import BOUND_SECONDS, until

IN_ORDER = Disorder()
FAST = Retries(attempts=4, first_wait_seconds=0.01, longest_wait_seconds=0.02, timeout_seconds=BOUND_SECONDS)


class Receiver:
    """An HTTP server that keeps what it was sent; `answer` decides each status."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], DocumentEvent]] = []
        self.answer: Callable[[DocumentEvent, int], int] = lambda _event, _times: 200
        self._lock = Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = decode_data(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver.take(self.path, headers, event))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/receive"

    def take(self, path: str, headers: dict[str, str], event: DocumentEvent) -> int:
        with self._lock:
            self.received.append((path, headers, event))
            times = sum(seen.id == event.id for _, _, seen in self.received)
        return self.answer(event, times)

    @property
    def ids(self) -> list[str]:
        return [event.id for _, _, event in self.received]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db")
    yield store
    store.close()


@pytest.fixture
def relaying(store: SqliteStore, receiver: Receiver, tmp_path: Path) -> Iterator[Callable[..., Relay]]:
    """Makes a relay of created documents in `plans`, stopped at the end of the test."""
    relays: list[Relay] = []

    def make(triggers: list[Trigger] | None = None, retries: Retries = FAST, disorder: Disorder = IN_ORDER) -> Relay:
        wanted = triggers or [Trigger("plans/{date}", "created", receiver.url)]
        relays.append(Relay(store, wanted, tmp_path / "relay.json", retries=retries, disorder=disorder))
        return relays[-1]

    yield make
    for relay in relays:
        relay.stop()


def test_each_trigger_gets_its_events(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """Each trigger is sent exactly the events of its type, collection and id, with headers and images."""
    relay = relaying([
        Trigger("plans/{date}", type, f"{receiver.url}/{type}") for type in ("created", "updated", "deleted", "written")
    ] + [Trigger("plans/other", "written", f"{receiver.url}/other")])
    relay.start()
    (first,) = store.commit([Create("plans", "d1", {"n": 1})])
    store.commit([Create("elsewhere", "d1", {"n": 1})])
    (second,) = store.commit([Update("plans", "d1", {"n": 2}, first)])
    store.commit([Update("plans", "d1", {"n": 2}, second)])
    store.commit([Delete("plans", "d1", second)])
    assert relay.wait_until_settled(BOUND_SECONDS)
    assert {
        (path, headers["ce-type"].rpartition(".")[2], repr(event.old_fields), repr(event.fields))
        for path, headers, event in receiver.received
    } == {
        (f"/receive/{path}", path, before, after)
        for type, before, after in (
            ("created", "None", "{'n': 1}"), ("updated", "{'n': 1}", "{'n': 2}"), ("deleted", "{'n': 2}", "None")
        )
        for path in (type, "written")
    }
    assert len(receiver.received) == 6
    assert relay.counts.delivered == 6
    assert receiver.received[0][1]["content-type"] == "application/protobuf"


def test_a_refused_event_is_sent_again(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """A receiver that fails twice gets the same event, by id, until it takes it."""
    receiver.answer = lambda _event, times: 200 if times == 3 else 500
    relay = relaying()
    relay.start()
    store.commit([Create("plans", "d1", {})])
    assert relay.wait_until_settled(BOUND_SECONDS)
    assert len({headers["ce-id"] for _, headers, _ in receiver.received}) == 1
    assert (len(receiver.received), relay.counts.retried, relay.counts.dropped) == (3, 2, 0)


def test_poison_does_not_block_others(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """An event that always fails is given up after its attempts and named, while the others arrive."""
    receiver.answer = lambda event, _times: 500 if event.id == "poison" else 200
    relay = relaying()
    relay.start()
    store.commit([Create("plans", "poison", {}), *(Create("plans", f"d{n}", {}) for n in range(20))])
    assert relay.wait_until_settled(BOUND_SECONDS)
    assert Counter(receiver.ids) == {"poison": FAST.attempts, **{f"d{n}": 1 for n in range(20)}}
    assert (relay.counts.delivered, relay.counts.dropped) == (20, 1)
    assert "plans/poison" in relay.dropped[0]
    assert "status 500" in relay.dropped[0]


def test_an_absent_receiver_is_awaited(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """Events committed before the receiver listens are refused connections, and arrive once it does."""
    receiver.close()
    relay = relaying(retries=Retries(attempts=1000, first_wait_seconds=0.01, longest_wait_seconds=0.02))
    relay.start()
    store.commit([Create("plans", "d1", {})])
    assert not relay.wait_until_settled(0.1)
    port = urlsplit(receiver.url).port
    assert port is not None
    server = ThreadingHTTPServer(("127.0.0.1", port), _Taker)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    assert relay.wait_until_settled(BOUND_SECONDS)
    assert relay.counts.delivered == 1
    server.shutdown()
    server.server_close()


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_restart_sends_the_rest(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """What was delivered stays delivered over a restart; what was not is sent; what came meanwhile too."""
    receiver.answer = lambda event, _times: 500 if event.id == "d2" else 200
    relay = relaying(retries=Retries(attempts=1000, first_wait_seconds=0.01, longest_wait_seconds=0.01))
    relay.start()
    for n in range(3):
        store.commit([Create("plans", f"d{n}", {})])
    until(lambda: receiver.ids.count("d2") > 1)
    relay.stop()
    receiver.received.clear()
    receiver.answer = lambda _event, _times: 200
    store.commit([Create("plans", "d3", {})])
    again = relaying()
    again.start()
    assert again.wait_until_settled(BOUND_SECONDS)
    assert sorted(receiver.ids) == ["d2", "d3"]


def test_position_of_another_store(
    store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay], tmp_path: Path
) -> None:
    """A position left by a store that is gone, or damaged, does not swallow the events of the new one."""
    for left in ('{"position": 500}', "{", '{"position": -1}', '{"position": "x"}'):
        (tmp_path / "relay.json").write_text(left)
        store.commit([Create("plans", f"d{len(receiver.received)}", {})])
        receiver.received.clear()
        relay = relaying()
        relay.start()
        assert relay.wait_until_settled(BOUND_SECONDS)
        relay.stop()
        assert len(receiver.received) >= 1


def test_disorder(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """On request every event comes twice with one id, and not in the order of the commits."""
    relay = relaying(disorder=Disorder(copies=2, spread_seconds=0.1, seed=7))
    relay.start()
    for n in range(10):
        store.commit([Create("plans", f"d{n}", {})])
    assert relay.wait_until_settled(BOUND_SECONDS)
    assert Counter(receiver.ids) == {f"d{n}": 2 for n in range(10)}
    assert len({headers["ce-id"] for _, headers, _ in receiver.received}) == 10
    assert receiver.ids != sorted(receiver.ids)


def test_stop_does_not_wait_for_a_hanging_receiver(
    store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]
) -> None:
    """stop() ends a POST under way; the event counts as not delivered and comes again."""
    hanging, release = Event(), Event()

    def hang(_event: DocumentEvent, _times: int) -> int:
        hanging.set()
        release.wait(BOUND_SECONDS)
        return 200

    receiver.answer = hang
    relay = relaying()
    relay.start()
    store.commit([Create("plans", "d1", {})])
    assert hanging.wait(BOUND_SECONDS)
    relay.stop(within_seconds=BOUND_SECONDS)
    assert not release.is_set()
    assert not relay.running
    assert relay.counts.delivered == 0
    release.set()
    receiver.answer = lambda _event, _times: 200
    again = relaying()
    again.start()
    assert again.wait_until_settled(BOUND_SECONDS)
    assert again.counts.delivered == 1


def test_slow_answer_is_cut_and_retried(store: SqliteStore, receiver: Receiver, relaying: Callable[..., Relay]) -> None:
    """A receiver that does not answer within the time-out has failed that attempt only."""
    release = Event()
    receiver.answer = lambda _event, times: 200 if times > 1 or release.wait(BOUND_SECONDS) else 500
    relay = relaying(retries=Retries(attempts=3, first_wait_seconds=0.01, timeout_seconds=0.2))
    relay.start()
    store.commit([Create("plans", "d1", {})])
    assert relay.wait_until_settled(BOUND_SECONDS)
    release.set()
    assert (relay.counts.delivered, relay.counts.retried) == (1, 1)


class Feed:
    """A feed that fails as told."""

    def __init__(self, store: SqliteStore, failures: list[Exception]) -> None:
        self.store = store
        self.failures = failures

    def changes(self, after: int, limit: int = 100) -> list[Change]:
        if self.failures:
            raise self.failures.pop()
        return self.store.changes(after, limit)


def test_a_feed_that_is_away_is_waited_for(store: SqliteStore, receiver: Receiver, tmp_path: Path) -> None:
    """StoreUnavailable is tried again; any other error stops the relay, loudly."""
    store.commit([Create("plans", "d1", {})])
    feed = Feed(store, [])
    relay = Relay(feed, [Trigger("plans/{date}", "created", receiver.url)], tmp_path / "relay.json")
    feed.failures.append(StoreUnavailable("locked"))
    relay.start()
    until(lambda: relay.counts.delivered == 1)
    feed.failures.append(RuntimeError("broken"))
    until(lambda: relay._failure is not None)
    with pytest.raises(RelayFailed, match="broken"):
        relay.wait_until_settled(BOUND_SECONDS)
    relay.stop()


@pytest.mark.parametrize(
    ("document", "url"), [("plans", "http://x"), ("a/b/c", "http://x"), ("a/", "http://x"), ("a/b", "https://x")]
)
def test_triggers_refused(document: str, url: str) -> None:
    """A trigger that could never fire or deliver is refused when it is made."""
    with pytest.raises(ValueError, match="trigger"):
        Trigger(document, "created", url)


def test_position_is_saved_as_the_day_goes(store: SqliteStore, relaying: Callable[..., Relay], tmp_path: Path) -> None:
    """The position on disk reaches the last change without a stop, so that a kill sends little again."""
    relay = relaying()
    relay.start()
    store.commit([Create("plans", "d1", {}), Create("elsewhere", "d1", {})])
    last = store.changes(0)[-1].number
    saved = tmp_path / "relay.json"
    until(lambda: saved.exists() and json.loads(saved.read_text()) == {"position": last})
