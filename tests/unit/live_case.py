"""A workload as it runs live: quotes and bars as they come, a timer each second, the market's time on its clock."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.paper import PaperBroker
from common.adapters.sqlite import SqliteStore
from common.day.start import launch
from common.day.takeover import OutsidePorts
from common.day.trade import class_plan, hold_lease
from common.day.trade_ports import TradePorts, nanoseconds
from common.day.workload import Workload
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.instrument import AssetClass, Instrument
from common.ports import Broker, Create, Document, Launch, Resume
from common.trading.errors import BrokerUnavailable
from common.trading.orders import OrderUpdate
from common.trading.pace import Pace
from common.trading.strategy import Enter, Signal, Strategy
from tests.unit.faulty_store import Faulty
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY, Script, flat
from tests.unit.workload_case import Market, plan

STOCK: Final = AssetClass.STOCK
ID: Final = f"{DAY.isoformat()}-stock"
TTL_SECONDS: Final = 30.0
SEND_TIMEOUT_SECONDS: Final = 7.0
PATIENCE_SECONDS: Final = 30.0
EXACT: Final = FillModel(half_spread_bps=0.0, slippage_ticks=0, participation=1.0)


class Launchpad:
    """A launcher that only notes; running: what the test says runs."""

    def __init__(self) -> None:
        self.alive: set[str] = set()
        self.launches: list[str] = []

    def start(self, launch: Launch) -> str:
        self.launches.append(launch.id)
        self.alive.add(launch.id)
        return launch.id

    def running(self, launch_id: str) -> bool:
        return launch_id in self.alive


class Account(PaperBroker):
    """A paper broker whose book may hide orders for a while, or not be readable. reads: of the book."""

    def __init__(self, exchange: Exchange, journal: Path, house: "LiveHouse") -> None:
        super().__init__(exchange, journal)
        self.house = house
        self.reads = 0

    @property
    def hidden(self) -> set[str]:
        return self.house.hidden

    def orders(self) -> list[OrderUpdate]:
        self.reads += 1
        if self.house.unreadable:
            raise BrokerUnavailable("as the test wants it")
        return [update for update in super().orders() if update.tag not in self.hidden]


class LiveHouse:
    """Store, journal, clock and market of one date; any number of processes, one after the other."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, signals: Mapping[int, Signal] | None = None,
        symbols: Sequence[str] = ("AAA",), price: Callable[[int], int] = lambda _: 100_00,
    ) -> None:
        self.store = Faulty(SqliteStore(folder / "store.db"))
        self.folder = folder
        self.clock = VirtualClock(datetime(2025, 8, 29, 9, 15, tzinfo=INDIA))
        bars = {s: [bar for n in range(350) for bar in flat(s, 1, price(n), start=n)] for s in symbols}
        self.market = Market(bars)
        self.launchpad = Launchpad()
        self.processes = 0
        self.logs = KeptLogs()
        self.brokers: list[Account] = []
        self.lossy = self.unreadable = False
        self.hidden: set[str] = set()
        fields = plan(
            tuple(symbols), entry_from="09:16", entry_cutoff="14:30", square_off="15:00", max_trades=9,
        ).to_fields()
        self.store.commit([Create("gpt_runner_daily_plan", DAY.isoformat(), fields)])

        def build(name: str, parameters: Mapping[str, Any]) -> Strategy:
            del name, parameters
            return Script(signals=signals or {})

        monkeypatch.setattr("common.research.workload.build", build)

    def launch(self) -> str:
        return launch(DAY, STOCK, self.store, self.launchpad, self.clock)

    def ports(self) -> TradePorts:
        """Of another process."""
        self.processes += 1
        return TradePorts(
            self.store, DirectoryArchive(self.folder / "archive"), self.market, self.clock, self.open_broker,
            holder=f"process {self.processes}", lease_ttl_seconds=TTL_SECONDS, logs=self.logs,
            send_timeout_seconds=SEND_TIMEOUT_SECONDS, pace=Pace(patience_seconds=PATIENCE_SECONDS),
        )

    def outside(self) -> OutsidePorts:
        return OutsidePorts(self.ports(), self.launchpad, self.clock)

    def open(self) -> Workload:
        """Launched if it was not, its lease taken, recovered."""
        if self.document() is None:
            self.launch()
        ports = self.ports()
        workload = Workload(DAY, class_plan(self.store, DAY, STOCK), ports, hold_lease(DAY, STOCK, ports))
        workload.open()
        return workload

    def seconds(self, workload: Workload, count: int) -> None:
        """Each with its quotes and its timer, and the bar of each minute that ends."""
        for _ in range(count):
            before = self.clock.now()
            self.clock.sleep(1)
            now = self.clock.now()
            for quote in self.market.quotes(workload.symbols, now):
                workload.take(quote)
            if now.minute != before.minute:
                self._bars(workload, before.replace(second=0, microsecond=0))
            workload.pass_time(nanoseconds(self.clock))

    def until(self, hour: int, minute: int) -> None:
        """Time passes with nobody looking."""
        self.clock.advance_to(datetime(2025, 8, 29, hour, minute, tzinfo=INDIA))

    def document(self) -> Document | None:
        return self.store.get("workloads", ID)

    def fields(self) -> Mapping[str, Any]:
        """Of the workload document."""
        document = self.document()
        assert document is not None
        return document.fields

    @property
    def account(self) -> Account:
        """As whoever opened it last has it."""
        return self.brokers[-1]

    def net(self) -> dict[str, int]:
        """The account's own positions, read from the journal anew."""
        broker, _ = self.open_broker(DAY, STOCK, self.market.instruments(DAY))
        try:
            return dict(broker.positions())
        finally:
            broker.close()
            self.brokers.pop()

    def _bars(self, workload: Workload, begun: datetime) -> None:
        number = (begun - datetime(2025, 8, 29, 9, 15, tzinfo=INDIA)) // timedelta(minutes=1)
        for feed in self.market.feeds.values():
            if 0 <= number < len(feed):
                workload.take(feed[number])

    def open_broker(
        self, day: object, asset_class: AssetClass, instruments: Sequence[Instrument],
    ) -> tuple[Broker, Resume]:
        """One more handle on the account; what it has done is in the journal."""
        del day, asset_class
        book = {instrument.symbol: instrument for instrument in instruments}
        broker = Account(Exchange(book, EXACT), self.folder / "journal.jsonl", self)
        if self.lossy:
            broker.lossy = True  # type: ignore[misc]
        self.brokers.append(broker)
        return broker, broker.resume


LONG: Final = {6: Enter(1, 100, 0.0, "go")}
"""Bought at 09:22 at 100 rupees, with a stop at 99."""
HOLDING_SECONDS: Final = 8 * 60
"""From the open until it is held and protected."""
