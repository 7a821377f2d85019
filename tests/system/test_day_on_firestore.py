"""The same day on Firestore and Cloud Storage as on SQLite and a directory: everything real, the documents equal."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from common.bootstrap import Application
from common.log_record import ARCHIVED, LOGS
from common.ports import Archive, DocumentStore, Query
from common.settings import Settings
from jobs.local.day import LocalDay
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.firestore_emulator import FirestoreEmulator
from jobs.local.run_directory import RunInputs, put_lists
from tests.contract.storage_server import storage_server
from tests.firestore import need_emulator, project_of
from tests.system.conftest import RunDay
from tests.system.day_run import DAY, SEED, nothing_runs, tron

BY_THE_CLOCK: Final = {
    "leases": {"expires", "holder"}, "reports": {"closed_at"}, "workloads": {"heartbeat", "launched"},
}
"""Fields that tell who wrote and when in real time: no two runs of a day have them in common."""
COLLECTIONS: Final = ("evidence", "gpt_runner_daily_plan", "leases", "orders", "reports", "trades", "workloads")


@dataclass(frozen=True)
class CloudDay:
    """A whole day that has been traded on cloud ports."""

    app: Application
    result: Mapping[str, Any]


@pytest.fixture
def cloud_day(ran: RunDay, tmp_path: Path) -> Iterator[CloudDay]:
    """As `tron day` runs it, with Firestore for the store and Cloud Storage for the archive."""
    need_emulator()
    session = tmp_path / "session.parquet"
    shutil.copy(ran.home / session.name, session)
    inputs = RunInputs.choose(date.fromisoformat(DAY), (), int(SEED), None)
    with (
        storage_server(), EmulatorRelay() as relay, FirestoreEmulator(events_to=relay.address) as emulator,
    ):
        settings = Settings(
            home=tmp_path, sessions=(session,), seed=inputs.seed, source_name=inputs.source,
            store="firestore", project=project_of(str(tmp_path)), emulator=emulator.address, archive="gcs",
        )
        app = Application(settings)
        put_lists(inputs, app.archive, app.market.instruments(inputs.day))
        yield CloudDay(app, LocalDay(inputs.day, app, lambda *_: None, emulator_relay=relay).run())
        assert relay.counts.delivered >= 1
        assert list(relay.dropped) == []
        app.store.close()


def test_same_day_on_both(ran: RunDay, cloud_day: CloudDay) -> None:
    """Order hash, every document of every collection, and the archive are equal, but for who wrote and when."""
    here = Application(Settings(home=ran.home))
    report = json.loads((ran.home / "report.json").read_text())
    assert cloud_day.result["order_hash"] == report["order_hash"]
    for collection in COLLECTIONS:
        expected, found = (documents(store, collection) for store in (here.store, cloud_day.app.store))
        assert found == expected, collection
        assert found, f"{collection} is empty: this proves nothing"
    assert logged(cloud_day.app.store) == logged(here.store)
    assert not (cloud_day.app.settings.home / "store.sqlite").exists()
    assert "report.json" in archived(here.archive)
    objects = archived(cloud_day.app.archive)
    book = "".join(objects.pop(name).decode() for name in sorted(objects) if name.startswith("paper/"))
    assert last_lines(book.splitlines()) == last_lines(
        line for path in (ran.home / "journal").iterdir() for line in path.read_text().splitlines()
    )
    assert objects == archived(here.archive)
    here.store.close()


def documents(store: DocumentStore, collection: str) -> dict[str, Mapping[str, Any]]:
    """By id, without what is by the clock."""
    hidden = BY_THE_CLOCK.get(collection, set())
    return {
        document.id: {name: value for name, value in document.fields.items() if name not in hidden}
        for document in store.query(Query(collection, limit=1000))
    }


def last_lines(lines: Iterable[str]) -> dict[str, Any]:
    """The paper broker's book: of each order what was written last."""
    return {row["id"]: row for row in map(json.loads, lines)}


def archived(archive: Archive) -> dict[str, bytes]:
    """By name: the content, but for the logs, which are by the clock."""
    day = date.fromisoformat(DAY)
    return {name: archive.get(day, name) or b"" for name in archive.list(day) if not name.startswith(ARCHIVED)}


def logged(store: DocumentStore) -> Counter[tuple[str, str, str]]:
    """What was said, by whom and how loudly, in whatever order."""
    records = store.query(Query(LOGS, limit=1000))
    return Counter((r.fields["asset_class"], r.fields["severity"], r.fields["message"]) for r in records)


def test_as_a_command(ran: RunDay, tmp_path: Path) -> None:
    """`tron day --store firestore`: the day of the embedded store, in a directory of its own, and nothing runs on."""
    need_emulator()
    wanted = json.loads(ran.done.stdout)["order_hash"]
    done = tron("day", "--date", DAY, "--seed", SEED, "--out", tmp_path, "--store", "firestore", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["order_hash"] == wanted
    assert [path.name for path in tmp_path.iterdir()] == [f"{DAY}-firestore"]
    assert nothing_runs(tmp_path)
    refused = tron("day", "--date", DAY, "--out", tmp_path, "--store", "firestore", "--in-process")
    assert (refused.returncode, "leave out --store" in refused.stderr) == (2, True)
