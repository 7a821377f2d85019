"""The functions that Firestore's events start, fed by the real emulator: one launch a class, whatever happens."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from common.adapters.firestore import FirestoreStore
from common.day.delivery import NOTICES
from common.day.plan import PLANS
from common.day.workloads import WORKLOADS, State, workload_id
from common.log_record import LOGS
from common.market.instrument import AssetClass
from common.ports import Create, Query, Update
from common.research.generator import generate
from common.research.storing import write_parquet
from functions.firestore_event import decode_data
from jobs.local.emulator_relay import CONTENT_TYPE
from jobs.local.relay import Trigger
from tests.process.firestore_cloud import (
    THRICE,
    Events,
    FirestoreCloud,
    events,
    firestore_cloud,
    post,
    serving,
)
from tests.process.waiting import until

DAY: Final = date(2026, 11, 20)
TARGETS: Final = ("prepare_day", "plan_day", "start_workloads", "supervise", "alert")


@dataclass(frozen=True)
class Triggered:
    """A function that an event starts: on what, and which field of which collection counts what it did.

    document: None for the day's plan.
    """

    target: str
    collection: str
    document: Mapping[str, Any] | None
    effect: str
    counted: str

    def written(self, plan: Mapping[str, Any]) -> Create:
        """What makes the event."""
        return Create(self.collection, DAY.isoformat(), plan if self.document is None else self.document)

    def effects(self, cloud: FirestoreCloud) -> int:
        """How often it did its work, over all documents."""
        return sum(document.fields[self.counted] for document in cloud.store.query(Query(self.effect)))


ALARM: Final = {
    "severity": "CRITICAL", "message": "naked", "date": DAY.isoformat(), "asset_class": "stock", "category": "risk",
    "expires": "2026-12-20T09:15:00+05:30", "fields": {},
}
TRIGGERED: Final = {
    "start_workloads": Triggered("start_workloads", PLANS, None, WORKLOADS, "launches"),
    "alert": Triggered("alert", LOGS, ALARM, NOTICES, "told"),
}
EFFECTS: Final = {"start_workloads": 3, "alert": 1}
"""Launches, and messages, that one event makes, however often it comes."""


@pytest.fixture(params=sorted(TRIGGERED))
def triggered(request: pytest.FixtureRequest) -> Triggered:
    return TRIGGERED[str(request.param)]


@pytest.fixture(scope="module")
def session_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("session") / "session.parquet"
    write_parquet(generate(DAY, 7), path)
    return path


@pytest.fixture(scope="module")
def disorderly() -> Iterator[Events]:
    """Each event comes three times, up to 0.4 s late, so in any order."""
    with events(THRICE) as found:
        yield found


@pytest.fixture(scope="module")
def plan(
    disorderly: Events, session_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Any]:
    """A day's plan as the functions make it on Firestore, with all three classes."""
    with firestore_cloud(disorderly, tmp_path_factory.mktemp("planned"), (session_file,), TARGETS) as cloud:
        cloud.ask("prepare_day", DAY)
        assert cloud.ask("plan_day", DAY)["status"] == "READY"
        document = cloud.store.get(PLANS, DAY.isoformat())
        assert document is not None
        return document.fields


@pytest.fixture
def cloud(disorderly: Events, session_file: Path, tmp_path: Path) -> Iterator[FirestoreCloud]:
    with firestore_cloud(disorderly, tmp_path, (session_file,), TARGETS) as cloud:
        yield cloud


def launched(cloud: FirestoreCloud) -> dict[str, int]:
    """How often each class was launched."""
    found = {name: cloud.store.get(WORKLOADS, workload_id(DAY, name)) for name in AssetClass}
    return {name.value: document.fields["launches"] for name, document in found.items() if document}


ONCE: Final = {name.value: 1 for name in AssetClass}


def processes(cloud: FirestoreCloud) -> int:
    """How many workloads have been started, as their launcher noted it."""
    return len(list((cloud.settings.home / "run").glob("*.pid.json")))


def delivered(cloud: FirestoreCloud, events: int, before: int) -> None:
    """Returns when each of the events has been delivered as often as the disorder has it."""
    until(lambda: cloud.events.relay.counts.delivered == before + events * THRICE.copies)


def test_one_launch_a_class(cloud: FirestoreCloud, plan: Mapping[str, Any]) -> None:
    """A plan written three times, its nine events out of order: each class starts once, and trades on Firestore."""
    cloud.trigger(f"{PLANS}/{{date}}", "start_workloads")
    before = cloud.events.relay.counts.delivered
    (version,) = cloud.store.commit([Create(PLANS, DAY.isoformat(), {**plan, "status": "DRAFT"})])
    (version,) = cloud.store.commit([Update(PLANS, DAY.isoformat(), {**plan, "reasons": []}, version)])
    cloud.store.commit([Update(PLANS, DAY.isoformat(), plan, version)])
    delivered(cloud, 3, before)
    assert launched(cloud) == ONCE

    def heard_of(name: AssetClass) -> bool:
        document = cloud.store.get(WORKLOADS, workload_id(DAY, name))
        return document is not None and document.fields["state"] != State.LAUNCHED

    until(lambda: all(heard_of(name) for name in AssetClass))
    assert (processes(cloud), launched(cloud)) == (3, ONCE)


def test_a_poison_document_stops_nobody(
    cloud: FirestoreCloud, plan: Mapping[str, Any], triggered: Triggered
) -> None:
    """What can never be read is taken and logged, not sent again; the good document behind it has its effect, once."""
    from google.cloud.firestore_v1.types import Write

    collection = triggered.collection
    cloud.trigger(f"{collection}/{{id}}", triggered.target)
    counts = cloud.events.relay.counts
    assert isinstance(cloud.store, FirestoreStore)
    calls = cloud.store._calls
    poison: Any = Write.pb()()
    poison.update.name = f"{calls.documents}/{collection}/2026-11-18"
    poison.update.fields["when"].timestamp_value.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    calls.commit([poison])
    cloud.store.commit([
        Create(collection, "2026-11-19", {"status": "READY", "classes": 5, "severity": 7}), triggered.written(plan),
    ])
    until(lambda: triggered.effects(cloud) == EFFECTS[triggered.target])
    until(lambda: cloud.events.relay.counts.delivered >= counts.delivered + 3 * THRICE.copies)
    until(lambda: cloud.events.relay.open == 0)
    assert cloud.events.relay.counts.dropped == counts.dropped
    assert cloud.log.count("2026-11-18: the field when is a timestamp_value") == THRICE.copies
    assert triggered.effects(cloud) == EFFECTS[triggered.target]


def test_an_event_too_old_does_nothing(
    cloud: FirestoreCloud, captured: Callable[..., tuple[dict[str, str], bytes]], plan: Mapping[str, Any],
    triggered: Triggered,
) -> None:
    """The very event of the emulator, told two hours late, is taken and logged; told in time it has its effect."""
    headers, body = captured(cloud, f"{triggered.collection}/{{id}}", triggered.written(plan))
    now, url = datetime.now(UTC), cloud.host.url(triggered.target)
    for text in ((now - timedelta(hours=2)).isoformat(), "yesterday"):
        assert 200 <= post(url, {**headers, "ce-time": text}, body)[0] < 300
    assert "too old" in cloud.log
    assert "yesterday" in cloud.log
    assert triggered.effects(cloud) == 0
    for _ in range(2):
        assert 200 <= post(url, headers, body)[0] < 300
    assert triggered.effects(cloud) == EFFECTS[triggered.target]


def test_a_restart_between(cloud: FirestoreCloud, plan: Mapping[str, Any]) -> None:
    """The functions are down when the plan is written, and come back in another process: one launch a class."""
    cloud.trigger(f"{PLANS}/{{date}}", "start_workloads")
    port = int(cloud.host.url("supervise").split(":")[2].split("/")[0])
    cloud.host.stop()
    counts = cloud.events.relay.counts
    cloud.store.commit([Create(PLANS, DAY.isoformat(), plan)])
    until(lambda: cloud.events.relay.counts.retried >= counts.retried + THRICE.copies)
    assert launched(cloud) == {}
    with serving(cloud.settings, TARGETS, port):
        delivered(cloud, 1, counts.delivered)
        assert (processes(cloud), launched(cloud)) == (3, ONCE)


def test_the_sweeper_starts_what_a_lost_event_missed(cloud: FirestoreCloud, plan: Mapping[str, Any]) -> None:
    """No event at all: the next look from outside starts each class once, and an event after it none again."""
    (version,) = cloud.store.commit([Create(PLANS, DAY.isoformat(), {**plan, "reasons": []})])
    assert launched(cloud) == {}
    said = cloud.ask("supervise", DAY)
    assert (said["said"], len(said["did"])) == ("looked", 3)
    assert (processes(cloud), launched(cloud)) == (3, ONCE)
    cloud.trigger(f"{PLANS}/{{date}}", "start_workloads")
    before = cloud.events.relay.counts.delivered
    cloud.store.commit([Update(PLANS, DAY.isoformat(), plan, version)])
    delivered(cloud, 1, before)
    cloud.ask("supervise", DAY)
    assert (processes(cloud), launched(cloud)) == (3, ONCE)


def test_the_event_is_as_the_cloud_sends_it(
    cloud: FirestoreCloud, captured: Callable[..., tuple[dict[str, str], bytes]]
) -> None:
    """What the relay hands on is repaired: protobuf bytes, one project in the source, ASCII headers, and any id."""
    headers, body = captured(cloud, "notes/{id}", Create("notes", "50% é", {"n": 1}))
    project = cloud.settings.project
    assert headers["ce-source"] == f"//firestore.googleapis.com/projects/{project}/databases/(default)"
    assert (headers["content-type"], headers["ce-document"]) == (CONTENT_TYPE, "notes/50%25%20%C3%A9")
    change = decode_data(body)
    assert (change.collection, change.id, change.fields, change.old_fields) == ("notes", "50% é", {"n": 1}, None)


@pytest.fixture
def captured() -> Iterator[Callable[..., tuple[dict[str, str], bytes]]]:
    """Writes a document and returns the event that the emulator sent for it, as the relay hands it on."""
    found: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def capture(cloud: FirestoreCloud, documents: str, write: Create) -> tuple[dict[str, str], bytes]:
        trigger = Trigger(documents, "written", f"http://127.0.0.1:{server.server_port}/")
        cloud.events.relay.register(trigger, cloud.events.emulator.address, cloud.settings.project)
        cloud.store.commit([write])
        until(lambda: len(found) == THRICE.copies)
        headers, body = found[0]
        return {name: value for name, value in headers.items() if name.startswith(("ce-", "content-type"))}, body

    yield capture
    server.shutdown()
    server.server_close()
