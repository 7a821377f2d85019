"""The dead-man switch while the store takes no writes: the dead are closed by the broker's books, nobody else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from common.day.lease import LEASES
from common.day.supervise import SILENT_SECONDS, supervise
from common.day.workload import Workload
from common.ports import Update
from tests.unit.live_case import HOLDING_SECONDS, ID, LONG, TTL_SECONDS, LiveHouse
from tests.unit.test_supervise import look
from tests.unit.test_takeover_trouble import meanwhile
from tests.unit.trading_case import DAY

FLAT = "flat by the broker's books; no entry of ours works"
SILENT = SILENT_SECONDS + TTL_SECONDS + 1
HELD = {"AAA": 498}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveHouse:
    return LiveHouse(tmp_path, monkeypatch, LONG)


def held(house: LiveHouse) -> Workload:
    """It holds 498 AAA; from now on its store takes no writes."""
    workload = house.open()
    house.seconds(workload, HOLDING_SECONDS)
    house.store.locked = True
    return workload


def test_the_dead_is_closed_by_the_brokers_books(house: LiveHouse) -> None:
    """It could not be started again: first an alarm alone, and closed once it was silent for as long as any other."""
    held(house)
    house.launchpad.alive.clear()
    house.clock.sleep(61)
    assert "could not be looked after: StoreUnavailable" in look(house)
    assert house.net() == HELD
    house.clock.sleep(SILENT)
    begun = house.clock.monotonic()
    assert look(house).endswith(FLAT)
    assert house.net() == {}
    assert house.clock.monotonic() - begun >= TTL_SECONDS, "the lease was watched for its whole life"
    assert house.launchpad.launches == [ID]
    house.store.locked = False
    house.clock.sleep(60)
    assert look(house) == ID, "started again: it finds in the books what was closed"
    house.seconds(house.open(), 60)
    assert (house.net(), house.fields()["summary"]["open_positions"]) == ({}, 0)


def failed(house: LiveHouse) -> None:
    """It has ended by itself, with its position open."""
    current = house.document()
    assert current is not None
    fields = {**current.fields, "state": "FAILED", "summary": {**current.fields["summary"], "open_positions": 1}}
    house.store.commit([Update("workloads", ID, fields, current.version)])


def launched_often(house: LiveHouse) -> None:
    """It was given up, and died holding."""
    current = house.document()
    assert current is not None
    fields = {**current.fields, "state": "FAILED", "summary": {**current.fields["summary"], "given_up": True}}
    house.store.commit([Update("workloads", ID, fields, current.version)])


@pytest.mark.parametrize("how", [failed, launched_often])
def test_what_nobody_starts_again_is_closed_at_once(house: LiveHouse, how: Callable[[LiveHouse], None]) -> None:
    """No halt can be stored for it, and it needs none."""
    held(house)
    house.store.locked = False
    how(house)
    house.store.locked = True
    house.launchpad.alive.clear()
    house.clock.sleep(61)
    assert look(house).endswith(FLAT)
    assert house.net() == {}


def test_the_silent_whose_process_is_there_is_left_to_its_stops(house: LiveHouse) -> None:
    """It cannot store that it lives: a store's outage must not close what everybody holds. An alarm, and no order."""
    workload = held(house)
    house.seconds(workload, int(SILENT))
    before = house.account.reads
    assert "could not be looked after: StoreUnavailable" in look(house)
    assert house.net() == HELD
    assert house.account.reads == before
    house.store.locked = False
    house.seconds(workload, 60)
    assert look(house) == "running"
    assert house.net() == HELD


def test_a_launcher_that_is_wrong_does_not_close_what_lives(house: LiveHouse) -> None:
    """It renews its lease while we watch, although nobody knows its process: left alone."""
    workload = held(house)
    house.launchpad.alive.clear()
    house.clock.sleep(SILENT)
    wakes = house.clock.monotonic() + 5

    def lives() -> None:
        house.store.locked = False
        if house.clock.monotonic() >= wakes:
            workload.keep_lease()
        house.store.locked = True

    meanwhile(house, lives)
    assert "left to its stops: it keeps its lease, so it is alive" in look(house)
    assert house.net() == HELD


def test_a_store_that_takes_writes_again_while_we_watch_closes_nothing(house: LiveHouse) -> None:
    """The next look starts the workload as ever, at once: the lease is free."""
    held(house)
    house.launchpad.alive.clear()
    house.clock.sleep(SILENT)
    back = house.clock.monotonic() + 20

    def comes_back() -> None:
        house.store.locked = house.clock.monotonic() < back

    meanwhile(house, comes_back)
    assert look(house).endswith("the store takes writes again: the next look goes on")
    lease = house.store.get(LEASES, ID)
    assert lease is not None
    assert lease.fields["ttl_seconds"] == 0
    house.clock.sleep(60)
    assert look(house) == ID
    assert house.net() == HELD


def test_a_store_that_is_not_even_read_closes_nothing(house: LiveHouse) -> None:
    """Nobody can tell then whether only we are cut off from it: the step fails, which is an alarm of its own."""
    held(house)
    house.launchpad.alive.clear()
    house.clock.sleep(SILENT)
    house.store.down = True
    with pytest.raises(Exception, match="down, as the test wants it"):
        supervise(DAY, house.outside())
    house.store.down = False
    assert house.net() == HELD
