"""The adapters under contract: one line each, opened by name so that other processes can open them too."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, settings

from common.adapters.directory import DirectoryArchive
from common.adapters.sqlite import SqliteStore
from common.ports import Archive, DocumentStore

Opening = Callable[[], DocumentStore]

STORES: dict[str, Callable[[str], DocumentStore]] = {
    "sqlite": lambda place: SqliteStore(Path(place) / "store.db"),
}
"""name -> opens the store at `place`, a folder of the test's own; opening it again finds the same documents."""

ARCHIVES: dict[str, Callable[[str], Archive]] = {
    "directory": lambda place: DirectoryArchive(Path(place) / "archive"),
}

DAY = date(2025, 8, 29)
QUICK = settings(
    max_examples=60, deadline=None,
    # The store is made once a test and each example takes a collection of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
