"""A workload with its ports as it runs in earnest, on a small scripted market, that dies where the test says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.paper import PaperBroker
from common.day.start import start_workloads
from common.day.trade import trade
from common.day.trade_ports import TradePorts, nanoseconds
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.instrument import AssetClass, Instrument
from common.planning.limits import ClassLimits
from common.planning.plan import ClassPlan, OpeningLimits, Plan, PlannerRecord
from common.ports import Broker, Conflict, Create, Delete, Document, DocumentStore, Launch, Query, Resume, Write
from common.trading.strategy import Enter, Exit, Strategy
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY, Script, bars, flat, share, together

SYMBOLS: Final = ("AAA", "BBB")
MINUTES: Final = 34
ID: Final = f"{DAY.isoformat()}-stock"
TTL_SECONDS: Final = 10.0

SIGNALS: Final[Mapping[str, Mapping[int, Enter | Exit]]] = {
    "AAA": {
        5: Enter(1, 100, 0, "in parts"), 11: Enter(1, 100, 150, "to the target"), 16: Enter(-1, 100, 0, "short"),
        19: Exit("enough"), 23: Enter(1, 100, 0, "to the square-off"),
    },
    "BBB": {10: Enter(1, 60, 0, "gap"), 17: Enter(-1, 200, 300, "short to the target")},
}


def market() -> dict[str, list[Bar]]:
    """AAA: part-filled entry, stop filled in parts, target, exit filled in parts. BBB: a gap, a short to its target."""
    feeds = {symbol: flat(symbol, MINUTES) for symbol in SYMBOLS}
    changed = {
        "AAA": {
            6: (100_00, 100_05, 99_95, 100_00, 1000), 8: (99_90, 99_90, 98_80, 98_85, 300),
            9: (98_80, 98_90, 98_70, 98_80, 400), 14: (100_50, 102_00, 100_50, 101_90, 50_000),
            15: (101_90, 102_00, 101_80, 101_90, 50_000), 20: (100_00, 100_00, 99_90, 99_95, 2000),
            29: (100_00, 100_10, 99_90, 100_00, 900),
        },
        "BBB": {
            13: (98_00, 98_10, 97_80, 98_00, 800), 14: (98_00, 98_00, 96_00, 96_10, 900),
            20: (97_00, 97_00, 96_50, 96_60, 50_000), 21: (96_60, 96_70, 96_40, 96_50, 50_000),
        },
    }
    for symbol, rows in changed.items():
        for number, row in rows.items():
            feeds[symbol][number] = bars(symbol, row, start=number)[0]
    return feeds


class Market:
    """MarketData of one small day."""

    def __init__(self, feeds: Mapping[str, Sequence[Bar]] | None = None) -> None:
        self.feeds = feeds or market()

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return [share(symbol) for symbol in self.feeds]

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        del day, symbols
        return frozenset()

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        now = nanoseconds(VirtualClock(at))
        found = []
        for symbol in symbols:
            ended = [bar for bar in self.feeds[symbol] if bar.ts + NANOSECONDS_A_MINUTE <= now]
            found += [Quote(now, symbol, bar.close, bar.bid, bar.ask) for bar in ended[-1:]]
        return found

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        del day, sessions
        return {}

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        del day
        return iter(together(*[self.feeds[symbol] for symbol in symbols]))


class MemoryStore:
    """A DocumentStore as strict as the real ones about preconditions, without a disk."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], Document] = {}
        self.commits = 0

    def get(self, collection: str, id: str) -> Document | None:
        return self.documents.get((collection, id))

    def query(self, query: Query) -> list[Document]:
        found = [
            document for (collection, _), document in sorted(self.documents.items())
            if collection == query.collection
            and all(operator == "==" and document.fields[name] == value for name, operator, value in query.filters)
        ]
        return [one for one in found if query.after is None or one.id > query.after.id][: query.limit]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        for write in writes:
            current = self.documents.get((write.collection, write.id))
            if (current is not None) if isinstance(write, Create) else (
                current is None or current.version != write.version
            ):
                raise Conflict(f"{write.collection}/{write.id}")
        self.commits += 1
        for write in writes:
            assert not isinstance(write, Delete)
            version = f"{self.commits}"
            self.documents[write.collection, write.id] = Document(write.collection, write.id, write.fields, version)
        return [f"{self.commits}"] * len(writes)

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even its clean-up."""


class Fuse:
    """Counts calls of the ports; at number `at` (from 1) the process dies, before or after the call took effect."""

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.at = at
        self.after = after
        self.count = 0
        self.names: list[str] = []
        self.dead = False

    def through(self, name: str, call: Callable[[], Any]) -> Any:
        if self.dead:
            raise Killed
        self.count += 1
        self.names.append(name)
        hit = self.count == self.at
        if not hit or self.after:
            result = call()
        if hit:
            self.dead = True
            raise Killed
        return result


class Fused:
    """Any port, its named calls through a fuse."""

    def __init__(self, inner: Any, fuse: Fuse, *names: str) -> None:
        self._inner = inner
        self._fuse = fuse
        self._names = names

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if name not in self._names:
            return attribute
        return lambda *a, **k: self._fuse.through(name, lambda: attribute(*a, **k))


class NoLauncher:
    """Launches nothing: the test runs the workload itself."""

    def start(self, launch: Launch) -> str:
        return launch.id

    def running(self, launch_id: str) -> bool:
        del launch_id
        return False


def plan(universe: Sequence[str], **changes: Any) -> Plan:
    """Stock alone, on paper, in the first half hour; changes: of its limits."""
    limits = ClassLimits(**{
        "capital_paise": 100_000_00, "loss_paise": 10_000_00, "risk_per_trade_paise": 1_000_00, "max_trades": 50,
        "max_open_positions": 5, "max_order_value_paise": 50_000_00, "margin_percent": 100,
        "order_rate_per_second": 1.0, "losses_to_lock_symbol": 50, "losses_to_lock_class": 50,
        "max_spread_percent": 2.0, "entry_from": "09:16", "entry_cutoff": "09:40", "square_off": "09:44", **changes,
    })
    chosen = ClassPlan(
        asset_class=AssetClass.STOCK, enabled=True, strategy="vwap", universe=tuple(universe), size=1.0, limits=limits,
    )
    return Plan(
        date=DAY, status="READY", mode="paper", classes=(chosen,), planner=PlannerRecord(kind="rules", input_hash="x"),
        opening=OpeningLimits(max_symbol_gap_percent=5.0, halve_at_index_gap_percent=2.0), evidence_hash="x",
        mandate_hash="x",
    )


class House:
    """Store, journal, archive and clock of one date; the workload may die and start again in it."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, feeds: Mapping[str, Sequence[Bar]] | None = None,
        strategy: Callable[[str], Strategy] = lambda symbol: Script(signals=SIGNALS[symbol]), **limits: Any,
    ) -> None:
        self.store: DocumentStore = MemoryStore()
        self.folder = folder
        self.clock = VirtualClock(datetime(2025, 8, 29, 9, 0, tzinfo=INDIA))
        self.market = Market(feeds)
        self.runs = 0
        self.logs = KeptLogs()
        fields = plan(tuple(self.market.feeds), **limits).to_fields()
        self.store.commit([Create("gpt_runner_daily_plan", DAY.isoformat(), fields)])
        start_workloads(fields, self.store, NoLauncher(), self.clock)
        waiting: list[str] = []

        def build(name: str, parameters: Mapping[str, Any]) -> Strategy:
            del name, parameters
            waiting[:] = waiting or list(self.market.feeds)
            return strategy(waiting.pop(0))

        monkeypatch.setattr("common.research.workload.build", build)

    def broker(self, fuse: Fuse | None = None) -> tuple[Broker, Resume]:
        """The paper broker on the house's journal; where its last run had come to."""
        book = {instrument.symbol: instrument for instrument in self.market.instruments(DAY)}
        paper = PaperBroker(Exchange(book, FillModel(seed=1)), self.folder / "journal.jsonl")
        fused = Fused(paper, fuse or Fuse(), "place", "modify", "cancel", "drain")
        return fused, paper.resume

    def trade(self, fuse: Fuse | None = None) -> Mapping[str, Any]:
        """One process' life."""
        fuse = fuse or Fuse()
        self.runs += 1
        self.clock.advance_to(self.clock.now() + timedelta(seconds=1))
        ports = TradePorts(
            Fused(self.store, fuse, "commit"), DirectoryArchive(self.folder / "archive"),
            self.market, self.clock, lambda *_: self.broker(fuse), holder=f"run {self.runs}",
            lease_ttl_seconds=TTL_SECONDS, logs=self.logs, replay=True, heartbeat_seconds=300.0,
        )
        return trade(DAY, AssetClass.STOCK, ports)

    def documents(self, collection: str) -> list[Mapping[str, Any]]:
        return [document.fields for document in self.store.query(Query(collection, limit=1000))]
