"""The lease: one holder, epochs that only grow, an old holder that can write nothing more."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.day.lease import LEASES, Lease, LeaseHeld, acquire, release
from common.ports import Conflict, Create, StoreUnavailable, Write
from tests.unit.faulty_store import Faulty

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


class Gate(Faulty):
    """Lets eight commits begin at the same moment."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.barrier = Barrier(8)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        self.barrier.wait()
        return super().commit(writes)


def test_eight_race_for_one_that_nobody_renews(store: SqliteStore) -> None:
    """All have watched it for its whole life, all try at once: the epoch grows by one, whoever wins."""
    take(store, "dead", clock())
    gate = Gate(store)

    def race(number: int) -> int:
        try:
            return acquire(gate, ID, f"holder {number}", clock(), ttl_seconds=10, wait_seconds=10).epoch
        except LeaseHeld:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(race, range(8))) == [0] * 7 + [2]


def test_a_held_lease_is_waited_for_and_taken_when_its_life_is_over(store: SqliteStore) -> None:
    """Not before its time, and with the next epoch."""
    on = clock()
    first = take(store, "first", on)
    second = take(store, "second", on, wait_seconds=60)
    assert second.epoch == first.epoch + 1
    assert first.left(on) <= 0
    assert on.monotonic() < 11


def test_waiting_is_bounded(store: SqliteStore) -> None:
    """A holder keeps it for its time; who waits gives up in time and says what to do."""
    on = clock()
    take(store, "first", on)
    with pytest.raises(LeaseHeld, match=r"first until .*stop that process"):
        take(store, "second", on, wait_seconds=5)


def test_release_lets_the_next_in_at_once(store: SqliteStore) -> None:
    """No waiting for its end, and the epoch still grows."""
    on = clock()
    release(store, take(store, "first", on), on.now())
    assert take(store, "second", on).epoch == 2
    assert on.monotonic() == 0


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_no_clock_that_is_set_makes_two_holders(store: SqliteStore, seconds: float) -> None:
    """The machine's clock jumps, forwards or back: a living holder keeps its lease, a dead one still loses it."""
    on = clock()
    lease = take(store, "living", on)
    on.jump(seconds)
    assert lease.left(on) == 10
    with pytest.raises(LeaseHeld):
        take(store, "impatient", on, wait_seconds=9)
    assert take(store, "patient", on, wait_seconds=11).epoch == 2


def test_who_renews_while_another_waits_keeps_it(store: SqliteStore) -> None:
    """Each renewal begins the waiting anew, although the other's clock says that it ran out long ago."""
    on = clock()
    lease = take(store, "first", on)

    class Watching(VirtualClock):
        """A clock of the waiting process, an hour ahead, under which the holder renews every six seconds."""

        renewals = 0

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            on.sleep(seconds)
            if lease.left(on) < 4:
                (version,) = store.commit([lease.renewal(on.now())])
                lease.renewed(version, on.monotonic())
                self.renewals += 1

    other = Watching(datetime(2025, 8, 29, 10, 0, tzinfo=INDIA))
    with pytest.raises(LeaseHeld):
        take(store, "second", other, wait_seconds=30)
    assert other.renewals >= 4


def test_an_old_holder_can_write_nothing(store: SqliteStore) -> None:
    """Its renewal refuses the whole commit; its release leaves the new holder alone."""
    on = clock()
    old = take(store, "old", on)
    new = take(store, "new", on, wait_seconds=15)
    with pytest.raises(Conflict):
        store.commit([Create("orders", "T1", {"a": 1}), old.renewal(on.now())])
    assert store.get("orders", "T1") is None
    release(store, old, on.now())
    document = store.get(LEASES, ID)
    assert document is not None
    assert (document.fields["holder"], document.version) == ("new", new.version)


def test_a_renewal_counts_from_before_its_commit(store: SqliteStore) -> None:
    """A commit that took eight seconds leaves two: the store may have dated it at its beginning."""
    on = clock()
    lease = take(store, "first", on)
    on.sleep(9)
    assert lease.left(on) == pytest.approx(1)
    asked = on.monotonic()
    (version,) = store.commit([lease.renewal(on.now())])
    on.sleep(8)
    lease.renewed(version, asked)
    assert lease.left(on) == pytest.approx(2)


@pytest.mark.parametrize("written", [True, False])
def test_an_answer_that_is_lost_is_found_out(store: SqliteStore, written: bool) -> None:
    """Taken or not, nobody knows at first: the next look tells, and the same process ends up with one epoch."""
    on = clock()
    faulty = Faulty(store)
    faulty.fail(1, written=written)
    lease = acquire(faulty, ID, "first", on, ttl_seconds=10, wait_seconds=5)
    document = store.get(LEASES, ID)
    assert document is not None
    assert (lease.epoch, lease.version, document.fields["epoch"]) == (1, document.version, 1)
    assert lease.left(on) <= 10
    store.commit([Create("orders", "T1", {"a": 1}), lease.renewal(on.now())])


def test_a_store_that_stays_away_is_said(store: SqliteStore) -> None:
    """After the waiting time, not at once and not never."""
    on, faulty = clock(), Faulty(store)
    faulty.down = True
    with pytest.raises(StoreUnavailable):
        acquire(faulty, ID, "first", on, ttl_seconds=10, wait_seconds=5)
    assert 5 <= on.monotonic() < 6
