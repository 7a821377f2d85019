"""The ledger of a workload on the real embedded store: what is durable when, once, and under whose lease."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.day.lease import LEASES
from common.day.stored import load_orders, load_trades
from common.day.trade_ports import nanoseconds
from common.market.instrument import AssetClass
from common.trading.errors import TradingStopped
from common.trading.messages import Log
from common.trading.orders import Fill, Status, order_from_fields
from tests.unit.kept_logs import KeptLogs
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
    clock.sleep(11)
    ledger(store, clock, "two")
    with pytest.raises(TradingStopped, match="taken by another"):
        old.intend(order(), ALLOW) if what == "intend" else old.flush()
    assert load_orders(store, DAY, AssetClass.STOCK) == {}
    assert load_trades(store, DAY, AssetClass.STOCK) == {}


def test_a_flush_stores_what_changed_once(store: SqliteStore, clock: VirtualClock) -> None:
    """Orders as they are now, trades, and how the workload stands."""
    book = ledger(store, clock)
    made = order()
    book.intend(made, ALLOW)
    made.status = Status.OPEN
    made.add_fill(Fill("x", minute(1), 100_00, 4))
    book.changed(made)
    book.trade(trade())
    book.claim(workload(store))
    assert book.report({**LAUNCHED, "state": "RUNNING"})
    (stored,) = load_orders(store, DAY, AssetClass.STOCK).values()
    assert (stored["status"], [one["quantity"] for one in stored["fills"]]) == ("OPEN", [4])
    assert list(load_trades(store, DAY, AssetClass.STOCK)) == [f"{ID}-0001"]
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
        book.trade(trade(number))
    assert book.flush()
    assert len(load_trades(store, DAY, AssetClass.STOCK)) == 1200
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


def test_what_is_told_once_is_told_once_over_restarts(store: SqliteStore, clock: VirtualClock) -> None:
    """A restart finds again what was closed by hand: one record for the person, another symbol's is another."""
    logs = KeptLogs()
    for holder, symbol in (("one", "AAA"), ("two", "AAA"), ("three", "BBB")):
        ledger(store, clock, holder, logs=logs).log(Log(minute(1), "CRITICAL", symbol, {"once": f"{symbol}-by-hand"}))
        clock.sleep(11)
    assert [(one["message"], one["id"]) for one in logs.records] == [
        ("AAA", f"{ID}-AAA-by-hand"), ("BBB", f"{ID}-BBB-by-hand"),
    ]


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


def test_records_carry_the_day_and_the_class(store: SqliteStore, clock: VirtualClock) -> None:
    """Session's records by its time, the workload's own by the clock; WARNING and above are alarms, a trade is told."""
    logs = KeptLogs()
    book = ledger(store, clock, logs=logs)
    book.log(Log(minute(0), "INFO", "hello", {"symbol": "AAA"}))
    book.say("ERROR", "large")
    book.trade(trade())
    book.trade(trade())
    first, second, third = logs.records
    assert (first["date"], first["asset_class"], first["ts"]) == (DAY.isoformat(), "stock", minute(0))
    assert (first["fields"], second["ts"]) == ({"symbol": "AAA"}, nanoseconds(clock))
    assert [(alarm["message"], alarm["time"]) for alarm in book.alarms] == [("large", "2025-08-29T09:00:00+05:30")]
    assert (third["fields"]["category"], third["fields"]["net_paise"], third["ts"]) == ("trade", 10, minute(2))


def test_the_lease_is_kept_while_nothing_happens(store: SqliteStore, clock: VirtualClock) -> None:
    """Renewed when half of it is gone, and not at every look."""
    book = ledger(store, clock)
    before = len(store.changes(0, 1000))
    for _ in range(20):
        clock.sleep(1)
        book.keep_lease()
    renewals = len(store.changes(0, 1000)) - before
    assert 2 <= renewals <= 4


def test_a_trade_that_is_counted_otherwise_is_corrected(store: SqliteStore, clock: VirtualClock) -> None:
    """News came out of its order, and a restart knows better: the store has what the fills say, once, and is told."""
    first = ledger(store, clock)
    first.trade(trade())
    first.flush()
    clock.sleep(11)
    logs = KeptLogs()
    second = ledger(store, clock, "two", logs=logs)
    second.trade(trade()._replace(gross=25))
    second.flush()
    second.trade(trade()._replace(gross=30))
    second.flush()
    assert [one["gross_paise"] for one in load_trades(store, DAY, AssetClass.STOCK).values()] == [30]
    assert [record["severity"] for record in logs.records if "counted again" in record["message"]] == ["WARNING"] * 2
