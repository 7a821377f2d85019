"""What the embedded store's change feed promises to the relay."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.ports import Change, Conflict, Create, Delete, Document, Update

NINE = datetime(2025, 8, 29, 9, 0, tzinfo=INDIA)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NINE)


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db", clock=clock)
    yield store
    store.close()


def test_each_write_is_a_change_with_both_images(store: SqliteStore, clock: VirtualClock) -> None:
    """Create, update and delete appear once each, in order, with what was before and after, dated by the clock."""
    (first,) = store.commit([Create("a", "x", {"n": 1})])
    clock.sleep(1.5)
    (second,) = store.commit([Update("a", "x", {"n": 2}, first)])
    store.commit([Delete("a", "x", second)])
    one, two = Document("a", "x", {"n": 1}, first), Document("a", "x", {"n": 2}, second)
    later = NINE + timedelta(seconds=1.5)
    numbers = [change.number for change in store.changes(0)]
    assert store.changes(0) == [
        Change(numbers[0], "a", "x", None, one, NINE), Change(numbers[1], "a", "x", one, two, later),
        Change(numbers[2], "a", "x", two, None, later),
    ]
    assert numbers == sorted(set(numbers))


def test_what_is_refused_or_changes_nothing_is_no_change(store: SqliteStore) -> None:
    """A conflict and an update with the same fields leave no trace in the feed, and use up no order."""
    (version,) = store.commit([Create("a", "x", {"n": 1})])
    store.commit([Update("a", "x", {"n": 1}, version)])
    with pytest.raises(Conflict):
        store.commit([Create("a", "y", {}), Create("a", "x", {})])
    assert [(change.id, change.before) for change in store.changes(0)] == [("x", None)]


def test_pages(store: SqliteStore) -> None:
    """Reading on from the last number misses and repeats nothing, whatever the page."""
    for n in range(7):
        store.commit([Create("a", f"d{n}", {}), Create("b", f"d{n}", {})])
    whole = store.changes(0)
    assert len(whole) == 14
    found: list[Change] = []
    while page := store.changes(found[-1].number if found else 0, 3):
        found += page
    assert found == whole
    assert store.changes(whole[-1].number) == []
    with pytest.raises(ValueError, match="limit"):
        store.changes(0, 0)


def test_a_reader_behind_writers_misses_nothing(store: SqliteStore, tmp_path: Path) -> None:
    """A number never appears below one that was already read, while four threads commit, conflict and roll back."""
    def write(thread: int) -> None:
        mine = SqliteStore(tmp_path / "store.db")
        for n in range(25):
            mine.commit([Create("a", f"{thread}-{n}", {}), Create("b", f"{thread}-{n}", {})])
            with pytest.raises(Conflict):
                mine.commit([Create("c", f"{thread}-{n}", {}), Create("a", f"{thread}-{n}", {})])
        mine.close()

    found: list[Change] = []
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, n) for n in range(4)]
        while not all(writer.done() for writer in writers):
            found += store.changes(found[-1].number if found else 0, 10)
        for writer in writers:
            writer.result()
    while page := store.changes(found[-1].number if found else 0, 10):
        found += page
    assert Counter(change.collection for change in found) == {"a": 100, "b": 100}
    assert found == store.changes(0, 1000)
    assert [change.id for change in found[::2]] == [change.id for change in found[1::2]]


def test_the_feed_survives_reopening(store: SqliteStore, tmp_path: Path) -> None:
    """Numbers go on from where they were, also when the latest documents are gone."""
    (version,) = store.commit([Create("a", "x", {})])
    store.commit([Delete("a", "x", version)])
    last = store.changes(0)[-1].number
    store.close()
    again = SqliteStore(tmp_path / "store.db")
    again.commit([Create("a", "x", {})])
    assert [change.number > last for change in again.changes(last)] == [True]
    again.close()
