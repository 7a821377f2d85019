"""Two minutes without a store in the middle of a day: the design's behaviour, and nothing lost after."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from common.adapters.sqlite import SqliteStore
from common.day.stored import load_orders, load_trades
from common.log_record import LOGS
from common.ports import Query
from common.trading.orders import Status
from common.trading.strategy import Enter, Exit
from tests.unit.live_case import STOCK, LiveHouse
from tests.unit.log_case import Process
from tests.unit.trading_case import DAY
from tests.unit.workload_case import Market

SIGNALS: Final[Mapping[int, Enter | Exit]] = {
    6: Enter(1, 100, 0.0, "go"), 10: Exit("enough"), 11: Enter(1, 100, 0.0, "again"), 16: Enter(1, 100, 0.0, "on"),
}


def test_trading_goes_by_the_rules_and_every_record_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit goes out, the entry is refused, the next one after the outage trades; all of it is told and stored."""
    house = LiveHouse(tmp_path, monkeypatch, SIGNALS)
    assert isinstance(house.market, Market)
    process = Process(tmp_path, SqliteStore(tmp_path / "store.db"))
    process.store = house.store
    process.queue.clock = process.logs._queue.clock = house.clock
    house.logs = process.logs  # type: ignore[assignment]
    workload = house.open()

    def seconds(count: int) -> None:
        for _ in range(count):
            house.seconds(workload, 1)
            process.clock.sleep(1)
            process.queue.turn()

    seconds(10 * 60 + 55)
    house.store.down = True
    seconds(120)
    assert house.net() == {}, "the exit went out without a store"
    house.store.down = False
    seconds(6 * 60)
    workload.finish()
    process.queue.turn(roll=True)
    process.clock.sleep(60)
    process.queue.turn(roll=True)
    orders = load_orders(house.store, DAY, STOCK)
    assert [one["reason"] for one in orders.values() if one["purpose"] == "ENTRY" and one["fills"]] == ["go", "on"]
    refused = [one for one in orders.values() if one["reason"] == "again"]
    assert [one["status"] for one in refused] == [Status.NOT_PLACED.value]
    assert len(load_trades(house.store, DAY, STOCK)) >= 1
    stored = [one.fields["message"] for one in house.store.query(Query(LOGS, limit=1000))]
    told = [alarm["message"] for alarm in workload.ledger.alarms]
    assert sum(text.startswith("the store is down") for text in stored) == 2, "at once, and as an alarm when it lasts"
    assert sum(text.startswith("the store is back after") for text in stored) == 1
    assert set(told) <= set(stored)
    printed = [record["message"] for record in process.printed()]
    assert [record["message"] for record in process.archived()] == printed
    assert process.logs.dropped == house.fields()["summary"]["log_records_dropped"] == 0
