"""One process that trades one asset class: launched, fed, ticked, killed, paused, and at its end finished."""

from collections import deque
from collections.abc import Callable
from datetime import date
from typing import Final, Protocol

from common.day.lease import Lease, acquire, release
from common.day.ledger import StoreLedger
from common.day.trade import class_plan
from common.day.trade_ports import TradePorts
from common.day.workload import Workload
from common.day.workloads import workload_id
from common.market.bar import NANOSECONDS_A_SECOND, Bar, Quote
from common.market.instrument import AssetClass
from common.ports import StoreUnavailable
from common.simulation.life import Life
from common.simulation.world import Killed
from common.trading.errors import TradingStopped
from common.trading.messages import PriceBand

MAX_INBOX: Final = 60
"""Events that wait for a process that does not look; older ones are dropped, as a feed that keeps the latest does."""

CONFIRMING_SECONDS: Final = 4.0


class Site(Protocol):
    """What the day gives its processes."""

    day: date

    def ports(self, life: Life, wake: Callable[[], None]) -> TradePorts: ...

    def bands(self, symbols: list[str], ts: int) -> list[PriceBand]: ...

    def tick_seconds(self, asset_class: AssetClass) -> float:
        """How often the process looks at the time: each second while something is on its way."""
        ...

    def said(self, name: str, severity: str, message: str) -> None: ...

    def ended(self, process: "Process", why: str, fault: Exception | None) -> None: ...


class Process:
    """The loop that a live workload has: news and ticks one after the other, time when nothing comes.

    closes_at: when its day is over, nanoseconds UTC. workload: None before it is open. busy: in the middle of a call.
    """

    def __init__(self, site: Site, life: Life, asset_class: AssetClass, closes_at: int) -> None:
        self.life = life
        self.asset_class = asset_class
        self.workload: Workload | None = None
        self.busy = False
        self._site = site
        self._closes_at = closes_at
        self._inbox: deque[Bar | Quote] = deque(maxlen=MAX_INBOX)
        self._news = self._called = False
        self._next_tick = 0
        self.symbols: frozenset[str] = frozenset()
        self._ports: TradePorts | None = None
        self._lease: Lease | None = None

    def start(self) -> None:
        """The process begins; what it is told meanwhile waits."""
        self._guarded(self._open)

    def hear(self, event: Bar | Quote) -> None:
        """News of the market."""
        self._inbox.append(event)
        self._call()

    def woken(self) -> None:
        """The broker has news."""
        self._news = True
        self._call()

    def _call(self) -> None:
        """Look at what came as soon as nothing else is done: whoever brings it does not wait for us."""
        if not self._called and not self.busy and self.life.alive:
            self._called = True
            self.life.world.begin(self.life.world.now, self._answer)

    def _answer(self) -> None:
        self._called = False
        if self.life.alive and not self.busy:
            self._guarded(self._pump)

    @property
    def now(self) -> int:
        """By the clock that its workload has had since it was opened; nanoseconds UTC."""
        assert self.workload is not None
        return self.workload.driver.clock()

    def _open(self) -> None:
        site, life = self._site, self.life
        ports = self._ports = site.ports(life, self.woken)
        id = workload_id(site.day, self.asset_class)
        plan = class_plan(ports.store, site.day, self.asset_class)
        lease = self._lease = acquire(
            ports.store, id, ports.holder, ports.clock, ttl_seconds=ports.lease_ttl_seconds,
            wait_seconds=2 * ports.lease_ttl_seconds,
        )
        ledger = StoreLedger(
            ports.store, lease, ports.clock, site.day, self.asset_class, ports.logs,
            send_timeout_seconds=ports.send_timeout_seconds,
        )
        workload = Workload(site.day, plan, ports, ledger)
        workload.open()
        self.workload, self.symbols = workload, frozenset(workload.symbols)
        self._tick_after(1.0)
        for band in site.bands(workload.symbols, self.now):
            workload.take(band)

    def _tick_after(self, seconds: float) -> None:
        due = self._next_tick = self.life.world.now + int(seconds * NANOSECONDS_A_SECOND)
        self.life.world.begin(due, lambda: self._tick(due))

    def _seconds(self) -> float:
        """To the next look; soon, where the workload has a difference to confirm."""
        seconds = self._site.tick_seconds(self.asset_class)
        differs = self.workload is not None and self.workload.session.reports.differs
        return min(seconds, CONFIRMING_SECONDS) if differs else seconds

    def _tick(self, due: int) -> None:
        if due != self._next_tick or not self.life.alive:
            return
        if self.busy:
            self._tick_after(1.0)
            return
        self._guarded(self._look)
        if self.life.alive:
            self._tick_after(self._seconds())

    def _look(self) -> None:
        assert self.workload is not None
        self.workload.pass_time(min(self.now, self._closes_at))
        if self.now >= self._closes_at:
            self.workload.finish()
            self._leave()
            self._end("finished", None)

    def _pump(self) -> None:
        workload = self.workload
        if workload is None:
            return
        while self._inbox:
            workload.take(self._inbox.popleft())
        if self._news:
            self._news = False
            workload.pass_time(min(self.now, self._closes_at))
        seconds = self._seconds()
        if self._next_tick > self.life.world.now + seconds * NANOSECONDS_A_SECOND:
            self._tick_after(seconds)

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run it as the process' own code: what ends the process ends here."""
        self.busy = True
        try:
            action()
            if self.life.alive and action != self._pump:
                self._pump()
        except Killed:
            self._end("killed", None)
        except (TradingStopped, StoreUnavailable) as stop:
            self._stop(str(stop), None)
        except Exception as fault:
            self._stop(f"{type(fault).__name__}: {fault}", fault)
        finally:
            self.busy = False

    def _stop(self, why: str, fault: Exception | None) -> None:
        """It ends by itself, and says so; it may be killed while it does."""
        try:
            self._leave()
        except Killed:
            why = f"killed while it stopped: {why}"
        self._end(why, fault)

    def _leave(self) -> None:
        if self.workload is not None:
            self.workload.close()
        if self._lease is not None and self._ports is not None:
            release(self._ports.store, self._lease, self._ports.clock.now())

    def _end(self, why: str, fault: Exception | None) -> None:
        self.life.alive = False
        self._site.ended(self, why, fault)
