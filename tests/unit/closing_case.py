"""One date's store after trading, and what closing it needs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryStore
from common.day.carried import REPORTS
from common.day.chain import AUDIT, OrderChain
from common.day.close import ClosePorts, close_day
from common.day.plan import PLANS
from common.day.prepare import EVIDENCE
from common.day.workloads import WORKLOADS, workload_id
from common.market.bar import Bar
from common.market.instrument import AssetClass, Instrument
from common.planning.rule_planner import plan_by_rules
from common.ports import Create, MarketData
from common.trading.orders import OrderUpdate, order_fields
from tests.unit import planning_case
from tests.unit.books_case import CLASS, DAY, Day
from tests.unit.kept_logs import KeptLogs


class NoBars:
    """Market data without a bar: the report draws nothing."""

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        del day, symbols
        return iter(())

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return []

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(name)


def chained(day: Day) -> Iterator[Create]:
    """The orders as a workload's ledger stores them, and the workload that names the end of their chain."""
    chain = OrderChain([])
    for one in day.orders:
        fields = {"date": DAY.isoformat(), "asset_class": CLASS.value, **order_fields(one)}
        whole, _ = chain.extended(chain.head, one.tag, fields)
        chain.stored(one.tag, whole)
        yield Create("orders", one.tag, whole)
    workload = {"date": DAY.isoformat(), "state": "DONE", "summary": {}, AUDIT: chain.head.to_fields()}
    yield Create(WORKLOADS, workload_id(DAY, CLASS), workload)


class Closing:
    """One date's store after trading `day`, and the broker that answers with it."""

    def __init__(self, folder: Path, day: Day) -> None:
        self.day = day
        self.store = MemoryStore()
        self.archive = DirectoryArchive(folder)
        self.clock = VirtualClock(datetime(2026, 8, 19, 15, 55, tzinfo=INDIA))
        self.logs = KeptLogs()
        self.fails: Callable[[], None] = lambda: None
        self.market: Callable[[date], AbstractContextManager[MarketData]] = lambda _: nullcontext(NoBars())
        evidence, mandate = planning_case.evidence(), planning_case.mandate()
        plan = plan_by_rules(evidence, mandate)
        id = DAY.isoformat()
        self.store.commit([
            Create(EVIDENCE, id, evidence.to_fields()), Create(PLANS, id, plan.to_fields()),
            *chained(day),
            *(Create("trades", f"{id}-{n}", {"date": id, **trade}) for n, trade in enumerate(day.trades)),
        ])

    def read_orders(self, day: date, asset_class: AssetClass) -> list[OrderUpdate]:
        self.fails()
        return self.day.updates if (day, asset_class) == (DAY, CLASS) else []

    def run(self) -> Any:
        ports = ClosePorts(
            self.store, self.archive, self.market, self.read_orders, self.clock, self.logs, "tests", 7,
        )
        return close_day(DAY, ports)

    def document(self) -> Any:
        found = self.store.get(REPORTS, DAY.isoformat())
        assert found is not None
        return found.fields

    def logged(self) -> list[dict[str, Any]]:
        """Each under an id of its own, by which the store has it once."""
        assert len({record["id"] for record in self.logs.records}) == len(self.logs.records)
        return self.logs.records

    def archived(self, name: str) -> str:
        data = self.archive.get(DAY, name)
        assert data is not None
        return data.decode()
