"""The adapters under contract: one line each, opened by name so that other processes can open them too."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from common.adapters.directory import DirectoryArchive
from common.adapters.memory import Documents, MemoryArchive, MemoryStore
from common.adapters.sqlite import SqliteStore
from common.ports import Archive, DocumentStore
from tests.contract.storage_server import project_of
from tests.firestore import open_firestore

Opening = Callable[[], DocumentStore]

ONE_PROCESS = frozenset({"memory"})
"""Adapters that no other process can open."""

_documents: dict[str, Documents] = defaultdict(Documents)

STORES: dict[str, Callable[[str], DocumentStore]] = {
    "firestore": open_firestore,
    "memory": lambda place: MemoryStore(_documents[place]),
    "sqlite": lambda place: SqliteStore(Path(place) / "store.db"),
}
"""name -> opens the store at `place`, a folder of the test's own; opening it again finds the same documents."""

ARCHIVES: dict[str, Callable[[str], Archive]] = {
    "memory": lambda _: MemoryArchive(),
    "directory": lambda place: DirectoryArchive(Path(place) / "archive"),
    "cloud storage": lambda place: cloud_storage(place, "{project}-tron-trade-logs-{date}"),
    "cloud storage, one bucket": lambda place: cloud_storage(place, "{project}-archive"),
}

def cloud_storage(place: str, bucket: str) -> Archive:
    """On the server that the environment names."""
    from common.adapters.gcs import CloudStorageArchive

    return CloudStorageArchive(bucket, project_of(place), location="ASIA-SOUTH1")


DAY = date(2025, 8, 29)


def skip_of_one_process(name: str) -> None:
    """Ends a test that needs other processes, for an adapter that none of them could open."""
    if name in ONE_PROCESS:
        pytest.skip(f"the {name} adapter lives in one process")


QUICK = settings(
    max_examples=60, deadline=None,
    # The store is made once a test and each example takes a collection of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
