"""Take-overs when the store hesitates or comes back, and when they fail again and again."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from common.day.lease import LEASES
from common.day.square_off import square_off
from common.day.supervise import supervise
from common.day.takeover import take_over, take_over_by_broker
from common.day.workload import Workload
from common.market.bar import Quote
from tests.unit.live_case import HOLDING_SECONDS, ID, LONG, STOCK, TTL_SECONDS, LiveHouse
from tests.unit.trading_case import DAY

House = Callable[..., LiveHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return lambda *a, **k: LiveHouse(tmp_path, monkeypatch, *a, **k)


def held(house: LiveHouse) -> Workload:
    """A workload that holds 498 AAA."""
    workload = house.open()
    house.seconds(workload, HOLDING_SECONDS)
    return workload


def meanwhile(house: LiveHouse, what: Callable[[], None]) -> None:
    """Done after every sleep of whoever is at work."""
    sleep = house.clock.sleep

    def slept(seconds: float) -> None:
        sleep(seconds)
        what()

    house.clock.sleep = slept  # type: ignore[method-assign]


@pytest.mark.parametrize("away", [1, 20])
def test_a_store_that_only_hesitates_is_no_reason_to_act_beside_a_living_workload(house: House, away: int) -> None:
    """It answers again within a lease's life: the workload is found alive."""
    made = house(LONG)
    workload = held(made)
    back = made.clock.monotonic() + away
    made.store.down = True

    def goes_on() -> None:
        made.store.down = made.clock.monotonic() < back
        workload.keep_lease()

    meanwhile(made, goes_on)
    assert take_over(DAY, STOCK, made.outside(), "x").startswith("not taken over: it keeps its lease")
    assert made.net() == {"AAA": 498}


def test_a_store_that_comes_back_ends_the_closing_without_it(house: House) -> None:
    """From then on a workload may carry on beside us: we stop, and say that the rest goes through the store."""
    made = house(LONG)
    held(made)
    made.store.down = True
    made.market.feeds = {"AAA": []}
    back = made.clock.monotonic() + 200

    def comes_back() -> None:
        made.store.down = made.clock.monotonic() < back

    meanwhile(made, comes_back)
    assert take_over(DAY, STOCK, made.outside(), "x").startswith("stopped: the store answers again")
    assert made.clock.monotonic() - back < 15


def test_the_square_off_asks_a_hesitating_store_again(house: House) -> None:
    """One time-out is not an outage."""
    made = house(LONG)
    held(made)
    made.until(15, 2)
    back = made.clock.monotonic() + TTL_SECONDS / 2
    made.store.down = True

    def comes_back() -> None:
        made.store.down = made.clock.monotonic() < back

    meanwhile(made, comes_back)
    answer = square_off(DAY, made.outside())
    assert (answer["said"], answer["did"]) == ("asked", {ID: "taken over, flat"})


def test_failing_again_and_again_is_said_ever_more_rarely(house: House) -> None:
    """Thirty-two minutes of trouble: six alarms of ours, a try each minute, and the lease free after each."""
    made = house(LONG)
    workload = held(made)
    workload.finish()

    def broken(*_: object) -> None:
        raise RuntimeError("the market data is away")

    made.market.quotes = broken  # type: ignore[method-assign,assignment]
    for _ in range(32):
        made.clock.sleep(60)
        said = supervise(DAY, made.outside())["did"][ID]
        assert said.endswith("the take-over failed: RuntimeError: the market data is away")
    records = [one for one in made.logs.records if one["severity"] != "INFO"]
    failures = [one for one in records if "the take-over failed" in one["message"]]
    assert (len(failures), {one["severity"] for one in failures}) == (6, {"CRITICAL"})
    assert len(records) <= 60
    lease = made.store.get(LEASES, ID)
    assert lease is not None
    assert (lease.fields["ttl_seconds"], made.fields()["take_overs"]) == (0, 32)
    assert made.net() == {"AAA": 498}


@pytest.mark.parametrize("by_broker", [False, True])
def test_a_store_that_goes_down_in_the_middle_ends_the_work_with_words(house: House, by_broker: bool) -> None:
    """After the lease was taken nothing answers any more: the broker's books do, and it says so."""
    made = house(LONG)
    held(made)
    begun = made.clock.monotonic()

    def goes_down() -> None:
        made.store.down = made.clock.monotonic() - begun > TTL_SECONDS + 5

    meanwhile(made, goes_down)
    said = take_over_by_broker(DAY, STOCK, made.ports()) if by_broker else take_over(DAY, STOCK, made.outside(), "x")
    assert said == "flat by the broker's books; no entry of ours works"
    assert made.net() == {}
    assert made.clock.monotonic() - begun < 600


@pytest.mark.parametrize("how", ["by a person", "by the supervisor", "by the square-off"])
def test_a_store_that_takes_no_writes_is_no_proof_of_life(house: House, how: str) -> None:
    """A stopped process holds its lock: who is dead does not keep a lease, and reads do not end the closing."""
    made = house(LONG)
    held(made)
    made.until(15, 2)
    made.store.locked = True
    prices = made.market.quotes
    begun = made.clock.monotonic()

    def none_at_first(symbols: Sequence[str], at: datetime) -> Sequence[Quote]:
        return prices(symbols, at) if made.clock.monotonic() - begun > 240 else ()

    made.market.quotes = none_at_first  # type: ignore[method-assign,assignment]
    if how == "by a person":
        said = take_over_by_broker(DAY, STOCK, made.ports())
    elif how == "by the supervisor":
        said = take_over(DAY, STOCK, made.outside(), "x")
    else:
        said = square_off(DAY, made.outside())["did"][ID]
    assert said == "flat by the broker's books; no entry of ours works"
    assert made.net() == {}


def test_a_store_that_takes_writes_again_ends_the_closing_without_it(house: House) -> None:
    """Reads alone did not: from the first write on a workload may carry on, and its lease is as it was."""
    made = house(LONG)
    held(made)
    made.store.locked = True
    made.market.feeds = {"AAA": []}
    back = made.clock.monotonic() + 300

    def comes_back() -> None:
        made.store.locked = made.clock.monotonic() < back

    meanwhile(made, comes_back)
    before = made.store.get(LEASES, ID)
    assert take_over(DAY, STOCK, made.outside(), "x").startswith("stopped: the store answers again")
    assert 0 <= made.clock.monotonic() - back < 15
    assert made.store.get(LEASES, ID) == before


def test_a_living_workload_is_left_alone_when_only_we_cannot_write(house: House) -> None:
    """It renews its lease while we watch: our own trouble with the store is no reason to act beside it."""
    made = house(LONG)
    workload = held(made)

    def only_its_own() -> None:
        made.store.locked = False
        workload.keep_lease()
        made.store.locked = True

    made.store.locked = True
    meanwhile(made, only_its_own)
    assert take_over_by_broker(DAY, STOCK, made.ports()).startswith("not done: it keeps its lease")
    assert made.net() == {"AAA": 498}
