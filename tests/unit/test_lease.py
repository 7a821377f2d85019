"""The lease: one holder, epochs that only grow, an old holder that can write nothing more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.day.lease import LEASES, Lease, LeaseHeld, acquire, release
from common.ports import Conflict, Create

ID = "2025-08-29-stock"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store.db")
    yield made
    made.close()


def clock() -> VirtualClock:
    return VirtualClock(datetime(2025, 8, 29, 9, 0, tzinfo=INDIA))


def take(store: SqliteStore, holder: str, on: VirtualClock, wait_seconds: float = 0.0) -> Lease:
    return acquire(store, ID, holder, on, ttl_seconds=10, wait_seconds=wait_seconds)


def test_one_of_eight_wins(store: SqliteStore) -> None:
    """Eight threads race for a free lease: one has it, seven are told who."""
    start, on = Barrier(8), clock()

    def race(number: int) -> Lease | LeaseHeld:
        start.wait()
        try:
            return take(store, f"holder {number}", on)
        except LeaseHeld as held:
            return held

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(race, range(8)))
    winners = [result for result in results if isinstance(result, Lease)]
    assert len(winners) == 1
    document = store.get(LEASES, ID)
    assert document is not None
    assert (document.fields["holder"], document.fields["epoch"]) == (winners[0].holder, 1)
    assert all(winners[0].holder in str(result) for result in results if isinstance(result, LeaseHeld))


def test_eight_race_for_an_expired_one(store: SqliteStore) -> None:
    """The same for a take-over: the epoch grows by one, whoever wins."""
    on = clock()
    take(store, "dead", on)
    on.sleep(10)
    start = Barrier(8)

    def race(number: int) -> int:
        start.wait()
        try:
            return take(store, f"holder {number}", on).epoch
        except LeaseHeld:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(race, range(8))) == [0] * 7 + [2]


def test_a_held_lease_is_waited_for_and_taken_when_it_expires(store: SqliteStore) -> None:
    """Not before its time, and with the next epoch."""
    on = clock()
    first = take(store, "first", on)
    started = on.now()
    second = take(store, "second", on, wait_seconds=60)
    assert second.epoch == first.epoch + 1
    assert first.expires <= on.now()
    assert (on.now() - started).total_seconds() < 11


def test_waiting_is_bounded(store: SqliteStore) -> None:
    """A holder that renews keeps it; who waits gives up in time and says what to do."""
    on = clock()
    take(store, "first", on)
    with pytest.raises(LeaseHeld, match=r"first until .*stop that process"):
        take(store, "second", on, wait_seconds=5)


def test_release_lets_the_next_in_at_once(store: SqliteStore) -> None:
    """No waiting for the expiry, and the epoch still grows."""
    on = clock()
    release(store, take(store, "first", on), on.now())
    assert take(store, "second", on).epoch == 2


def test_an_old_holder_can_write_nothing(store: SqliteStore) -> None:
    """Its renewal refuses the whole commit; its release leaves the new holder alone."""
    on = clock()
    old = take(store, "old", on)
    on.sleep(11)
    new = take(store, "new", on)
    with pytest.raises(Conflict):
        store.commit([Create("orders", "T1", {"a": 1}), old.renewal(on.now())])
    assert store.get("orders", "T1") is None
    release(store, old, on.now())
    document = store.get(LEASES, ID)
    assert document is not None
    assert (document.fields["holder"], document.version) == ("new", new.version)


def test_a_renewal_prolongs(store: SqliteStore) -> None:
    """Each commit of the holder buys it another full time to live."""
    on = clock()
    lease = take(store, "first", on)
    on.sleep(9)
    assert lease.fraction_left(on.now()) == pytest.approx(0.1)
    (lease.version,) = store.commit([lease.renewal(on.now())])
    assert lease.fraction_left(on.now()) == 1
    on.sleep(9)
    with pytest.raises(LeaseHeld):
        take(store, "second", on)
