"""One workload from its start to its end on the real embedded store: recovery, control, broker and clock."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from common.day.control import Halt, Source, resume, set_halt
from common.day.lease import release
from common.day.stored import load_orders
from common.day.workload import END_TRIES, Workload
from common.trading.errors import TradingStopped
from common.trading.halts import HaltLevel
from common.trading.messages import Throttled
from common.trading.orders import Kind, Order, OrderTag, Purpose, Status
from tests.unit.live_case import HOLDING_SECONDS, LONG, STOCK, TTL_SECONDS, LiveHouse
from tests.unit.trading_case import DAY, minute

House = Callable[..., LiveHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return lambda *a, **k: LiveHouse(tmp_path, monkeypatch, *a, **k)


def exits(workload: Workload) -> list[tuple[str, Status, int]]:
    """Working ones: tag, status, units left."""
    orders = workload.session.book.orders.values()
    return [(o.tag, o.status, o.quantity - o.filled) for o in orders if o.purpose is Purpose.EXIT and o.working]


def halt(house: LiveHouse, level: HaltLevel, reason: str = "by hand") -> int:
    return set_halt(house.store, Halt(Source.PERSON, "all", level, reason, "test"), house.clock)


def test_what_was_not_launched_or_has_ended_does_not_trade(house: House) -> None:
    """The claim comes before everything; a day that is over is over."""
    made = house()
    made.launch()
    workload = made.open()
    assert workload.flat
    workload.finish()
    assert made.fields()["state"] == "DONE"
    made.clock.sleep(2 * TTL_SECONDS)
    with pytest.raises(TradingStopped, match="has ended"):
        made.open()
    empty = Workload(DAY, workload.plan, made.ports(), workload.ledger)
    empty.id = "2025-08-29-futures"
    with pytest.raises(TradingStopped, match="never launched"):
        empty.open()


def test_the_next_process_stands_where_the_dead_one_stood(house: House) -> None:
    """Position, its one stop and nothing else; nothing is sent again."""
    made = house(LONG)
    dead = made.open()
    made.seconds(dead, HOLDING_SECONDS)
    before = made.account.orders()
    made.clock.sleep(45)
    workload = made.open()
    made.seconds(workload, 5)
    assert workload.session.slots["AAA"].quantity == 498
    assert exits(workload) == [("T250829S00002X", Status.TRIGGER_PENDING, 498)]
    assert len(made.account.orders()) == len(before) == 2
    with pytest.raises(TradingStopped, match="taken by another"):
        made.seconds(dead, 30)


def test_nothing_is_done_before_the_brokers_book_is_read(house: House) -> None:
    """Without it nobody knows which exits rest: the process waits, lives, and then recovers."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.clock.sleep(45)
    made.unreadable = True
    workload = made.open()
    made.seconds(workload, 70)
    assert not workload.flat
    assert workload.session.slots["AAA"].quantity == 0
    assert made.fields()["state"] == "RUNNING"
    assert workload.ledger.lease.left(made.clock) > 0
    made.unreadable = False
    made.seconds(workload, 5)
    assert exits(workload) == [("T250829S00002X", Status.TRIGGER_PENDING, 498)]


def test_an_exit_sent_while_the_store_was_down_is_ours(house: House) -> None:
    """The stop of an entry that filled without a store, then the process died: adopted, stored, and no second one."""
    made = house(LONG)
    dead = made.open()
    made.seconds(dead, 7 * 60)
    made.store.down = True
    made.seconds(dead, 5)
    assert exits(dead) == [("T250829S00002X", Status.TRIGGER_PENDING, 498)]
    made.store.down = False
    assert list(load_orders(made.store, DAY, STOCK)) == ["T250829S00001E"]
    made.clock.sleep(45)
    workload = made.open()
    made.seconds(workload, 40)
    assert exits(workload) == [("T250829S00002X", Status.TRIGGER_PENDING, 498)]
    assert len(made.account.orders()) == 2
    stored = load_orders(made.store, DAY, STOCK)
    assert stored["T250829S00002X"]["verdict"]["code"] == "exit sent while the store was down"
    assert stored["T250829S00001E"]["status"] == "COMPLETE"


def test_an_entry_that_nobody_intended_stops_the_day(house: House) -> None:
    """Our tag at the broker and no intent in the store: said with the tag and what to do, and nothing is traded."""
    made = house(LONG)
    first = made.open()
    made.seconds(first, 60)
    made.account.place(
        Order(OrderTag("T250829S00077E"), 77, "AAA", 1, 10, Kind.LIMIT, 90_00, 0, Purpose.ENTRY, minute(1)),
    )
    made.clock.sleep(45)
    with pytest.raises(TradingStopped, match=r"T250829S00077E.*by hand"):
        made.open()
    assert (made.fields()["state"], made.fields()["summary"]["unexplained"]) == ("FAILED", True)
    assert made.fields()["summary"]["alarms"][-1]["severity"] == "CRITICAL"


def test_what_has_gone_from_the_broker_stops_the_day(house: House) -> None:
    """The store says it was sent long ago, the broker's book does not have it."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.clock.sleep(45)
    made.hidden.add("T250829S00002X")
    with pytest.raises(TradingStopped, match=r"1 are not at the broker \(T250829S00002X\)"):
        made.open()
    assert made.fields()["state"] == "FAILED"


@pytest.mark.parametrize("appears", [True, False])
def test_what_was_sent_just_now_may_appear_late(house: House, appears: bool) -> None:
    """The broker's book lags: the same absence counts only after our patience."""
    made = house(LONG)
    first = made.open()
    made.seconds(first, 7 * 60 + 5)
    first.ledger.flush()
    release(made.store, first.ledger.lease, made.clock.now())
    made.hidden.add("T250829S00002X")
    workload = made.open()
    made.seconds(workload, 5)
    assert made.fields()["state"] == "RUNNING"
    if appears:
        made.hidden.clear()
        made.seconds(workload, 60)
        assert exits(workload) == [("T250829S00002X", Status.TRIGGER_PENDING, 498)]
    else:
        with pytest.raises(TradingStopped, match=r"T250829S00002X: sent before the restart"):
            made.seconds(workload, 60)


def test_control_is_obeyed_within_ten_seconds(house: House) -> None:
    """Each level, and its end; the document says which change was seen."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, 60)
    sequence = halt(made, HaltLevel.STOP_ENTRIES)
    made.seconds(workload, 10)
    assert workload.session.book.level is HaltLevel.STOP_ENTRIES
    assert (made.fields()["summary"]["control_seen"], made.fields()["summary"]["halt_level"]) == (
        sequence, "STOP_ENTRIES",
    )
    made.seconds(workload, HOLDING_SECONDS)
    assert made.net() == {}, "entries were stopped"
    resume(made.store, "all", "looked at it", "test", made.clock)
    made.seconds(workload, 10)
    assert made.fields()["summary"]["halt_level"] == "RUN"


def test_control_flattens(house: House) -> None:
    """The position is closed by modifying its stop, the document says at once that it is flat."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, HOLDING_SECONDS)
    halt(made, HaltLevel.FLATTEN)
    made.seconds(workload, 20)
    assert workload.flat
    assert made.net() == {}
    assert len(made.account.orders()) == 2
    summary = made.fields()["summary"]
    assert (summary["open_positions"], summary["working_entries"], summary["halt_level"]) == (0, 0, "FLATTEN")


def test_a_halt_from_before_the_start_holds(house: House) -> None:
    """Recovery obeys it before the first event."""
    made = house(LONG)
    halt(made, HaltLevel.CANCEL_ENTRIES)
    workload = made.open()
    assert workload.session.book.level is HaltLevel.CANCEL_ENTRIES
    made.seconds(workload, HOLDING_SECONDS)
    assert made.net() == {}


def test_the_store_is_read_rarely(house: House) -> None:
    """Control each ten seconds and a heartbeat each minute: the free tier is counted on."""
    made = house()
    workload = made.open()
    gets, get = list[str](), made.store.get

    def counted(collection: str, id: str) -> Any:
        gets.append(collection)
        return get(collection, id)

    made.store.get = counted  # type: ignore[method-assign]
    commits = made.store.commits
    made.seconds(workload, 600)
    assert 55 <= gets.count("control") <= 61
    assert set(gets) == {"control"}
    assert 10 <= made.store.commits - commits <= 55


@pytest.mark.parametrize(("lossy", "reads"), [(True, 20), (False, 0)])
def test_a_route_that_loses_news_is_read_every_half_minute(house: House, lossy: bool, reads: int) -> None:
    """While nothing is open or working; what loses nothing is not asked."""
    made = house()
    made.lossy = lossy
    workload = made.open()
    before = made.account.reads
    made.seconds(workload, 600)
    assert made.account.reads - before == reads


def test_the_end_is_stored_or_it_is_no_end(house: House) -> None:
    """The store is away at the close: tried again for a while, and then the process says that it must be started."""
    made = house()
    workload = made.open()
    made.store.fail(3, written=True)
    summary = workload.finish()
    assert (made.fields()["state"], made.fields()["summary"]["orders"]) == ("DONE", summary["orders"])
    made.store.fail(END_TRIES, written=False)
    with pytest.raises(TradingStopped, match="start it once more"):
        workload.finish()


def test_what_is_open_at_the_end_is_a_failure(house: House) -> None:
    """A position that nobody could close is not a day done."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, HOLDING_SECONDS)
    workload.finish()
    assert (made.fields()["state"], made.fields()["summary"]["open_positions"]) == ("FAILED", 1)


def test_the_curve_has_one_point_a_minute(house: House, tmp_path: Path) -> None:
    """However often the timer comes; a restart goes on with it."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, HOLDING_SECONDS)
    times = [time[11:16] for time, _ in workload.equity.points]
    assert times == [f"09:{n}" for n in range(15, 23)]
    workload.finish()
    assert len(list(tmp_path.rglob("stock.json"))) == 1


def test_a_pause_of_entries_survives_a_restart(house: House) -> None:
    """The broker said that it was too much: a new process of the same day waits as long as the old one would have."""
    made = house()
    workload = made.open()
    made.seconds(workload, 5)
    workload.driver.tell(Throttled(workload.session.now))
    until = workload.session.book.rate.entries_from
    made.seconds(workload, 1)
    workload.close()
    made.clock.sleep(2 * TTL_SECONDS)
    again = made.open()
    assert again.session.book.rate.entries_from == until
    assert again.session.book.rate.throttled(until - 1)
    assert not again.session.book.rate.throttled(until)


def test_a_difference_is_read_again_soon(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one read says is confirmed three seconds later, not with the next ordinary read."""
    made = house()
    made.lossy = True
    workload = made.open()
    made.seconds(workload, 5)
    reads: list[float] = []

    def positions() -> dict[str, int]:
        reads.append(made.clock.monotonic())
        return {"AAA": -5}

    monkeypatch.setattr(workload.broker, "positions", positions)
    made.seconds(workload, 75)
    waits = [later - earlier for earlier, later in pairwise(reads)]
    assert waits == [3.0, 30.0]
    assert workload.session.slots["AAA"].blocked
