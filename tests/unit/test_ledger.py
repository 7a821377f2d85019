"""The ledger of a workload on the real embedded store: what is durable when, once, and under whose lease."""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.day.lease import LEASES, acquire
from common.day.ledger import StoreLedger
from common.day.stored import load_orders, load_trades
from common.market.instrument import AssetClass
from common.ports import Query
from common.trading.errors import TradingStopped
from common.trading.messages import Log
from common.trading.orders import Fill, Status, order_from_fields
from tests.unit.ledger_case import ALLOW, ID, LAUNCHED, ledger, order, trade, workload
from tests.unit.trading_case import DAY, minute


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store.db")
    yield made
    made.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2025, 8, 29, 9, 0, tzinfo=INDIA))


def test_an_intent_is_durable_when_it_returns(store: SqliteStore, clock: VirtualClock) -> None:
    """Order, verdict, its numbers and the epoch, in one commit with the lease."""
    ledger(store, clock).intend(order(), ALLOW)
    (fields,) = load_orders(store, DAY, AssetClass.STOCK).values()
    assert fields["verdict"] == {"allowed": True, "code": "allow", "numbers": {"need": 5.0}}
    assert (fields["epoch"], fields["status"], fields["tag"]) == (1, "INTENDED", "T250829S00001E")
    assert order_from_fields(fields).quantity == 10
    last = store.changes(0, 1000)[-2:]
    assert {change.collection for change in last} == {"orders", LEASES}


def test_the_same_tag_twice_stops_trading(store: SqliteStore, clock: VirtualClock) -> None:
    """A second intent under one tag, of this run or of one before, is refused: it could be a second order."""
    book = ledger(store, clock)
    book.intend(order(), ALLOW)
    with pytest.raises(TradingStopped, match="is taken"):
        book.intend(order(), ALLOW)
    clock.sleep(11)
    with pytest.raises(TradingStopped, match="is taken"):
        ledger(store, clock, "two").intend(order(), ALLOW)


@pytest.mark.parametrize("what", ["intend", "flush"])
def test_an_old_holder_stops_and_writes_nothing(what: str, store: SqliteStore, clock: VirtualClock) -> None:
    """Another took the lease: neither intents nor anything that had gathered reach the store."""
    old = ledger(store, clock)
    old.trade(trade())
    old.log(Log(minute(1), "WARNING", "hm", {}))
    clock.sleep(11)
    ledger(store, clock, "two")
    with pytest.raises(TradingStopped, match="taken by another"):
        old.intend(order(), ALLOW) if what == "intend" else old.flush()
    assert load_orders(store, DAY, AssetClass.STOCK) == {}
    assert load_trades(store, DAY, AssetClass.STOCK) == {}
    assert store.query(Query("system_logs_realtime")) == []


def test_a_flush_stores_what_changed_once(store: SqliteStore, clock: VirtualClock) -> None:
    """Orders as they are now, trades, records from WARNING up, and how the workload stands."""
    book = ledger(store, clock)
    made = order()
    book.intend(made, ALLOW)
    made.status = Status.OPEN
    made.add_fill(Fill("x", minute(1), 100_00, 4))
    book.changed(made)
    book.trade(trade())
    book.log(Log(minute(1), "INFO", "small", {}))
    book.log(Log(minute(1), "ERROR", "large", {"symbol": "AAA"}))
    book.claim(workload(store))
    assert book.report({**LAUNCHED, "state": "RUNNING"})
    (stored,) = load_orders(store, DAY, AssetClass.STOCK).values()
    assert (stored["status"], [one["quantity"] for one in stored["fills"]]) == ("OPEN", [4])
    assert list(load_trades(store, DAY, AssetClass.STOCK)) == [f"{ID}-0001"]
    assert [one.fields["message"] for one in store.query(Query("system_logs_realtime"))] == ["large"]
    assert book.report({**LAUNCHED, "state": "DONE"})
    assert workload(store).fields["state"] == "DONE"
    before = len(store.changes(0, 1000))
    clock.sleep(1)
    book.flush()
    assert len(store.changes(0, 1000)) == before + 1, "an idle flush writes the lease alone"


def test_a_large_flush_is_cut_into_commits(store: SqliteStore, clock: VirtualClock) -> None:
    """More than one commit may hold: all of it arrives, versions stay usable."""
    book = ledger(store, clock)
    made = [order(number) for number in range(1, 12)]
    for one in made:
        book.intend(one, ALLOW)
        book.changed(one)
    for number in range(1, 1201):
        book.log(Log(minute(1), "WARNING", f"{number}", {}))
    assert book.flush()
    assert len(store.query(Query("system_logs_realtime", limit=1000))) == 1000
    for one in made:
        one.status = Status.OPEN
        book.changed(one)
    book.flush()
    assert {fields["status"] for fields in load_orders(store, DAY, AssetClass.STOCK).values()} == {"OPEN"}


def test_a_trade_is_stored_once_over_restarts(store: SqliteStore, clock: VirtualClock) -> None:
    """A restart works the same trades out again: they are there already."""
    first = ledger(store, clock)
    first.trade(trade())
    first.flush()
    clock.sleep(11)
    second = ledger(store, clock, "two")
    for number in (1, 2, 2):
        second.trade(trade(number))
    second.flush()
    assert list(load_trades(store, DAY, AssetClass.STOCK)) == [f"{ID}-0001", f"{ID}-0002"]


def test_records_of_two_runs_do_not_collide(store: SqliteStore, clock: VirtualClock) -> None:
    """Each epoch numbers its own."""
    for holder in ("one", "two"):
        book = ledger(store, clock, holder)
        book.log(Log(minute(1), "WARNING", holder, {}))
        book.flush()
        clock.sleep(11)
    assert [one.fields["message"] for one in store.query(Query("system_logs_realtime"))] == ["one", "two"]


def test_an_adopted_order_goes_on(store: SqliteStore, clock: VirtualClock) -> None:
    """A new run updates what the old one stored, and keeps its verdict."""
    ledger(store, clock).intend(order(), ALLOW)
    clock.sleep(11)
    book = ledger(store, clock, "two")
    document = store.get("orders", "T250829S00001E")
    assert document is not None
    made = order_from_fields(document.fields)
    book.adopt(made, document.version, document.fields["verdict"])
    made.status = Status.CANCELLED
    book.flush()
    (fields,) = load_orders(store, DAY, AssetClass.STOCK).values()
    assert (fields["status"], fields["epoch"], fields["verdict"]["code"]) == ("CANCELLED", 2, "allow")


def test_every_record_is_a_line_of_json(store: SqliteStore, clock: VirtualClock) -> None:
    """At once and to standard output, whatever its severity: the path that survives a crash."""
    output = io.StringIO()
    lease = acquire(store, ID, "one", clock, ttl_seconds=10, wait_seconds=0)
    book = StoreLedger(store, lease, clock, DAY, AssetClass.STOCK, output)
    book.log(Log(minute(0), "INFO", "hello", {"symbol": "AAA"}))
    line = json.loads(output.getvalue())
    assert (line["severity"], line["symbol"], line["time"]) == ("INFO", "AAA", "2025-08-29T09:15:00+05:30")


def test_the_lease_is_kept_while_nothing_happens(store: SqliteStore, clock: VirtualClock) -> None:
    """Renewed when half of it is gone, and not at every look."""
    book = ledger(store, clock)
    before = len(store.changes(0, 1000))
    for _ in range(20):
        clock.sleep(1)
        book.keep_lease()
    renewals = len(store.changes(0, 1000)) - before
    assert 2 <= renewals <= 4
