"""A whole simulated day at its real intervals, with the dashboard open all session, every billed operation counted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from common.adapters.counting import CountingArchive, CountingStore, Usage
from common.adapters.memory import MemoryArchive, MemoryStore
from common.day.alarms import alert
from common.day.api.direct import Here, direct
from common.day.api.problem import Problem
from common.day.api.standing import Place
from common.day.delivery import NoticePorts, tell
from common.day.notices import plan_notice
from common.day.polling import REQUESTS, every_seconds
from common.day.rounds import tell_round
from common.day.stored import load_orders, load_trades
from common.day.trade_ports import TradePorts
from common.log_record import LOGS
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Query
from common.settings import Settings
from common.simulation.day import Setting, SimulatedDay
from common.simulation.faults import FaultPlan
from common.simulation.instruments import Listing
from common.simulation.life import Life, SimulatedClock
from common.simulation.outcome import introduce_restless
from common.simulation.planned import make_plan
from tests.unit.kept_logs import KeptLogs

ENTER: Final = {AssetClass.STOCK: 30, AssetClass.FUTURES: 30, AssetClass.OPTIONS: 30}
DAY: Final = date(2026, 8, 19)


class Nobody:
    """A Notifier whose messages nobody reads."""

    def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
        return bool(title or text or urgent)


def three_workloads(day: date, listing: Listing, random: Random) -> Plan:
    return make_plan(day, listing, ENTER, random)


class CountedDay(SimulatedDay):
    """Heartbeats, renewals, control polls and the supervisor as in life, unlike the other simulated days.

    parts: what was used, by who used it. polls: answers of the API; unchanged: of them without documents (304).
    """

    quiet = False  # the supervisor looks each minute

    def __init__(self, seed: int) -> None:
        introduce_restless()
        self.parts: dict[str, Usage] = {}
        self.polls = self.unchanged = 0
        self._etags: dict[str, str] = {}
        super().__init__(Setting(seed, frozenset(), MemoryStore, MemoryArchive, plan=three_workloads, day=DAY))
        opens, closes = self.times[AssetClass.STOCK].steps["supervise_from"], self.ends
        for path, query in REQUESTS:
            self._each(opens, closes, every_seconds(path, query), self._asker(path, query))
        self._each(opens, closes, 60.0, self._round)

    def ports(self, life: Life, wake: Callable[[], None]) -> TradePorts:
        """With the lease and heartbeat of life; counted by who asks."""
        ports = super().ports(life, wake)
        usage = self._part("workloads" if life.name.split()[0] in set(AssetClass) else life.name.split()[0])
        return replace(
            ports, store=CountingStore(ports.store, usage), archive=CountingArchive(ports.archive, usage),
            lease_ttl_seconds=Settings(home=Path()).lease_ttl,
            heartbeat_seconds=Settings(home=Path()).heartbeat_seconds,
        )

    def tick_seconds(self, asset_class: AssetClass) -> float:
        """As in life."""
        del asset_class
        return 1.0

    def finish(self) -> None:
        """What the plan's notice, the alarms and the closing read and write."""
        ports = self._notices("other notices")
        tell(lambda: plan_notice(self.plan), ports)
        for record in self.store.query(Query(LOGS, limit=1000)):
            alert(LOGS, record.id, record.fields, ports)
        store = CountingStore(self.store, self._part("close_day"))
        for one in self.classes:
            load_orders(store, self.day, one)
            load_trades(store, self.day, one)

    def _part(self, name: str) -> Usage:
        return self.parts.setdefault(name, Usage())

    def _notices(self, part: str) -> NoticePorts:
        life = Life(self.world, FaultPlan(frozenset(), self.faults.random), part)
        return NoticePorts(CountingStore(self.store, self._part(part)), Nobody(), SimulatedClock(life), KeptLogs())

    def _each(self, first: int, last: int, seconds: float, action: Callable[[], None]) -> None:
        for ts in range(first, last, int(seconds * NANOSECONDS_A_SECOND)):
            self.world.at(ts, action)

    def _asker(self, path: str, query: Mapping[str, str]) -> Callable[[], None]:
        usage, name = self._part(f"dashboard {path} {' '.join(query)}".strip()), f"{path} {query}"
        store, archive = CountingStore(self.store, usage), CountingArchive(self.archive, usage)

        def ask() -> None:
            here = Here(store, lambda: archive, Place("production", "paper", at(self.world.now), None))
            self.polls += 1
            try:
                found = direct(path, query, self.day, self._etags.get(name, ""), here)
            except Problem:  # no scorecard yet
                return
            assert found is not None
            self._etags[name] = found.etag
            self.unchanged += found.fields is None

        return ask

    def _round(self) -> None:
        tell_round(self.day, at(self.world.now), self._notices("supervise notices"))


def table(day: CountedDay) -> list[str]:
    """For people: one line a part, and the sum."""
    rows = [
        (name, used.reads.total(), used.writes.total(), used.deletes.total(), used.class_a, used.class_b)
        for name, used in sorted(day.parts.items())
    ]
    rows.append(("together", *(sum(row[column] for row in rows) for column in range(1, 6))))  # type: ignore[arg-type, misc]
    head = f"{'':22}{'reads':>8}{'writes':>8}{'deletes':>8}{'class A':>8}{'class B':>8}"
    return [head, *(f"{row[0]:22}" + "".join(f"{count:8}" for count in row[1:]) for row in rows)]
