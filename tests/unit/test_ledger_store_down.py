"""The ledger while the store does not answer, answers too late, or is written by others: nothing lost or doubled."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.day.ledger import RETRY_SECONDS
from common.day.stored import load_orders, load_trades
from common.market.instrument import AssetClass
from common.ports import Update, Write
from common.trading.errors import IntentRefused, TradingStopped
from common.trading.messages import Log
from common.trading.orders import Fill, Purpose, Status
from tests.unit.faulty_store import Faulty
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


@pytest.mark.parametrize("written", [True, False])
def test_an_entry_is_refused_while_the_store_is_down(store: SqliteStore, clock: VirtualClock, written: bool) -> None:
    """Whether its intent was written is not known, so nothing is sent; its end is stored when the store is back."""
    faulty = Faulty(store)
    book = ledger(faulty, clock)
    faulty.fail(1, written=written)
    made = order()
    with pytest.raises(IntentRefused, match="the store is down"):
        book.intend(made, ALLOW)
    assert book.down
    made.move(Status.NOT_PLACED)
    book.changed(made)
    clock.sleep(RETRY_SECONDS)
    assert book.flush()
    (fields,) = load_orders(store, DAY, AssetClass.STOCK).values()
    assert (fields["status"], fields["verdict"]["code"]) == ("NOT PLACED", "allow")
    book.intend(order(2), ALLOW)


@pytest.mark.parametrize("written", [True, False])
def test_an_exit_goes_out_while_the_store_is_down(store: SqliteStore, clock: VirtualClock, written: bool) -> None:
    """A position must not wait for a database: said once, sent as long as the lease lasts, stored later, once."""
    faulty = Faulty(store)
    book = ledger(faulty, clock)
    faulty.fail(1, written=written)
    first, second = order(1, Purpose.EXIT), order(2, Purpose.EXIT)
    book.intend(first, ALLOW)
    faulty.down = True
    book.intend(second, ALLOW)
    assert book.may_send()
    assert [one["message"][:17] for one in book.alarms] == ["the store is down"]
    first.move(Status.OPEN)
    book.changed(first)
    faulty.down = False
    clock.sleep(RETRY_SECONDS)
    assert book.flush()
    assert {one["status"] for one in load_orders(store, DAY, AssetClass.STOCK).values()} == {"OPEN", "INTENDED"}
    assert book.flush()
    said = [alarm["message"].split(":")[0] for alarm in book.alarms]
    assert said == ["the store is down", "the store is back after 1 s"]


def test_a_store_that_is_down_is_not_asked_each_time(store: SqliteStore, clock: VirtualClock) -> None:
    """Each question may take its whole time-out, and an exit would wait for it."""
    faulty = Faulty(store)
    book = ledger(faulty, clock)
    faulty.fail(100, written=False)
    before = faulty.commits
    for number in range(1, 20):
        book.intend(order(number, Purpose.EXIT), ALLOW)
        book.keep_lease()
    assert faulty.commits == before + 1


def test_when_the_lease_ran_out_nothing_is_sent_and_it_is_said_once(store: SqliteStore, clock: VirtualClock) -> None:
    """The stops rest; the store comes back, nobody took the lease: the day goes on."""
    faulty = Faulty(store)
    book = ledger(faulty, clock)
    faulty.down = True
    book.log(Log(minute(1), "WARNING", "before", {}))
    for _ in range(20):
        clock.sleep(1)
        book.keep_lease()
    assert not book.may_send()
    with pytest.raises(IntentRefused):
        book.intend(order(1, Purpose.EXIT), ALLOW)
    assert [one["message"].split(":")[0] for one in book.alarms] == [
        "before", "the store is down", "the lease ran out while the store is down", "the store is down for 10 s",
    ]
    faulty.down = False
    clock.sleep(RETRY_SECONDS)
    assert book.may_send()
    book.intend(order(2, Purpose.EXIT), ALLOW)
    assert book.flush()
    assert len(book.alarms) == 5


def test_when_another_took_the_lease_meanwhile_it_is_over(store: SqliteStore, clock: VirtualClock) -> None:
    """The store is back and the lease is another's: nothing of what was kept is written over his."""
    faulty = Faulty(store)
    book = ledger(faulty, clock)
    faulty.down = True
    book.trade(trade())
    clock.sleep(20)
    book.keep_lease()
    ledger(store, clock, "two")
    faulty.down = False
    with pytest.raises(TradingStopped, match="taken by another"):
        book.keep_lease()
    assert load_trades(store, DAY, AssetClass.STOCK) == {}


def test_a_paused_process_asks_who_holds_the_lease(store: SqliteStore, clock: VirtualClock) -> None:
    """It wakes up in mid-order: before it sends it renews, or finds that another trades."""
    book = ledger(store, clock)
    clock.sleep(60)
    assert book.lease.left(clock) < 0
    assert book.may_send()
    assert book.lease.left(clock) == 10
    clock.sleep(8.5)
    assert book.may_send(), "what is left is shorter than a request may take: renewed first"
    assert book.lease.left(clock) == 10
    clock.sleep(60)
    ledger(store, clock, "two")
    with pytest.raises(TradingStopped, match="taken by another"):
        book.may_send()


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_flush_whose_answer_was_lost_loses_nothing_and_doubles_nothing(
    store: SqliteStore, clock: VirtualClock, lost: int,
) -> None:
    """Written, but nobody said so: what changes meanwhile is added, what was there stays once."""
    faulty = Faulty(store)
    book = ledger(faulty, clock)
    made = order()
    book.intend(made, ALLOW)
    book.claim(workload(store))
    book.trade(trade())
    book.changed(made)
    faulty.fail(lost, written=True)
    for number in range(1, lost + 1):
        made.add_fill(Fill(f"{number}", minute(1), 100_00, 1))
        assert not book.report({**LAUNCHED, "state": "RUNNING", "summary": {"fills": number}})
        clock.sleep(RETRY_SECONDS)
    assert book.report({**LAUNCHED, "state": "RUNNING", "summary": {"fills": 9}})
    (fields,) = load_orders(store, DAY, AssetClass.STOCK).values()
    assert len(fields["fills"]) == lost
    assert list(load_trades(store, DAY, AssetClass.STOCK)) == [f"{ID}-0001"]
    assert workload(store).fields["summary"] == {"fills": 9}
    assert book.flush()


def test_another_writer_of_the_workload_document_is_respected(store: SqliteStore, clock: VirtualClock) -> None:
    """The launcher counted a launch meanwhile: its fields stay, ours are written, and the day goes on."""
    book = ledger(store, clock)
    book.claim(workload(store))
    for launches in (2, 3):
        current = workload(store)
        store.commit([Update("workloads", ID, {**current.fields, "launches": launches}, current.version)])
        assert book.report({**LAUNCHED, "state": "RUNNING"})
        assert book.report({**LAUNCHED, "state": "RUNNING", "summary": {"orders": launches}})
        fields = workload(store).fields
        assert (fields["state"], fields["launches"], fields["summary"]) == ("RUNNING", launches, {"orders": launches})


def test_contention_without_end_is_bounded(store: SqliteStore, clock: VirtualClock) -> None:
    """Somebody writes the document between each look and each commit: kept for later, not tried for ever."""

    class Contended(Faulty):
        """Another writer is always faster."""

        busy = False

        def commit(self, writes: Sequence[Write]) -> list[str]:
            if self.busy:
                current = workload(store)
                launches = current.fields["launches"] + 1
                store.commit([Update("workloads", ID, {**current.fields, "launches": launches}, current.version)])
            return super().commit(writes)

    contended = Contended(store)
    book = ledger(contended, clock)
    book.claim(workload(store))
    contended.busy = True
    assert not book.report({**LAUNCHED, "state": "DONE"})
    assert contended.commits <= 10
    contended.busy = False
    clock.sleep(RETRY_SECONDS)
    assert book.flush()
    assert workload(store).fields["state"] == "DONE"
