"""One simulated day, from its seed to its findings: world, market, broker, store, processes, functions, people."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Final

from common.day.plan import PLANS
from common.day.stored import load_orders
from common.day.takeover import OutsidePorts
from common.day.trade_ports import TradePorts
from common.exchange.checks import Rules
from common.exchange.fills import FillModel
from common.exchange.latency import BROKER_LATENCY, Latency
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND
from common.market.calendar import session_times
from common.market.instrument import AssetClass, Instrument
from common.planning.plan import Plan
from common.ports import Archive, Broker, Clock, Create, DocumentStore, Launch, Resume
from common.simulation.account import Account
from common.simulation.checks import Checks
from common.simulation.faults import Fault, FaultPlan
from common.simulation.feed import Feed
from common.simulation.findings import Findings
from common.simulation.instruments import DAYS, OWN, Listing, list_instruments
from common.simulation.launcher import SimulatedLauncher
from common.simulation.life import Life, SimulatedClock
from common.simulation.logs import HeardLogs
from common.simulation.market import make_paths
from common.simulation.market_data import SimulatedMarket
from common.simulation.mishaps import Mishaps
from common.simulation.people import People
from common.simulation.planned import draw_plan
from common.simulation.process import Process
from common.simulation.requests import Requests
from common.simulation.route import SEND_TIMEOUT_SECONDS, UNCLEAR_SECONDS, FaultyRoute, Login
from common.simulation.schedule import Schedule
from common.simulation.store import FaultyStore, Outage
from common.simulation.tempo import Tempo
from common.simulation.truth import Truth
from common.simulation.world import Killed, World
from common.trading.messages import PriceBand
from common.trading.pace import LIVE

BEFORE_OPEN: Final = 30 * NANOSECONDS_A_MINUTE
"""When the plan is written: on an ordinary day 08:45, as the table has it."""
LEASE_SECONDS: Final = 300.0
"""Longer than in life, as idle processes look at the time only every other minute here."""
HEARTBEAT_SECONDS: Final = 195.0
"""Every other look of an idle process."""
OWN_UNITS: Final = 40
MOST_MODIFICATIONS: Final = 25
UNCLEAR: Final = frozenset({"INTENDED", "UNKNOWN"})
"""Of an order in the store: a new process looks for it with patience before it sends another."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a day is made from. open_store, open_archive: empty ones, as strict as the real ones.

    seed: of everything. faults, intensity: what may strike, and how often. crash_at: (process, call, after) of the one
    crash of a day that is killed on purpose; the process counts from 1 in the order of launches. trace: is told what
    happens. plan, day: drawn by the seed, unless given.
    """

    seed: int
    faults: frozenset[Fault]
    open_store: Callable[[], DocumentStore]
    open_archive: Callable[[], Archive]
    intensity: float = 1.0
    crash_at: tuple[int, int, bool] | None = None
    trace: Callable[[int, str], None] | None = None
    plan: Callable[[date, Listing, Random], Plan] = draw_plan
    day: date | None = None


class SimulatedDay:
    """Made from a setting, `run` once. Its attributes are what its parts know of one another."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        root = Random(setting.seed)  # noqa: S311 - a day is drawn again from its seed
        market_random, plan_random, fault_random = (Random(root.getrandbits(64)) for _ in range(3))  # noqa: S311
        self.day = setting.day or plan_random.choice(DAYS)
        self.listing = list_instruments(self.day, plan_random)
        self.plan = setting.plan(self.day, self.listing, plan_random)
        self.classes = [one.asset_class for one in self.plan.enabled]
        self.times = {one: session_times(self.day, one) for one in AssetClass}
        times = self.times[AssetClass.STOCK]
        self.begins = times.open - BEFORE_OPEN
        self.world = World(self.begins)
        self.ends = max(times.steps["supervise_until"], *(one.close for one in self.times.values()))
        self.broker_closes = self._rms_cutoff()
        self.faults = FaultPlan(setting.faults, fault_random, setting.intensity)
        self.store, self.archive = setting.open_store(), setting.open_archive()
        self.store.commit([Create(PLANS, self.day.isoformat(), self.plan.to_fields())])
        self.outage, self.login = Outage(), Login()
        self.findings, self.noted = Findings(self.world), set[str]()
        self.truth = Truth(self.listing.chain)
        self.paths = make_paths(self.listing, times.open, market_random)
        self.traded = [symbol for one in self.classes for symbol in self._traded(one)]
        self.processes: list[Process] = []
        self.starts = 0
        self.calls: dict[int, int] = {}
        asked = times.steps["square_off"]
        watched = (asked - NANOSECONDS_A_MINUTE, asked + 2 * NANOSECONDS_A_MINUTE)
        self.tempo = Tempo(self.world, self.truth, {one: self._traded(one) for one in AssetClass}, watched)
        self.exchange = self._open_exchange(market_random)
        self.account = Account(self.world, self.exchange, self.truth, self._changed)
        self.requests = Requests(self.world, self.store, self.day, self.findings)
        self.feed = Feed(self.world, self.paths, self.truth, self.faults, self.account.observe, self._listeners)
        self.launcher = SimulatedLauncher(self.world, self.faults, self._begin, self._lives)
        self.checks = Checks(self)
        self._schedule_day()

    def run(self) -> None:
        """The whole day; what went wrong is in `findings`."""
        self.world.run(self.ends)
        self.checks.end()

    def ports(self, life: Life, wake: Callable[[], None]) -> TradePorts:
        """What one process has of the world."""

        def open_broker(day: date, asset_class: AssetClass, _: Sequence[Instrument]) -> tuple[Broker, Resume]:
            del day
            route = FaultyRoute(
                self.account, life, self.faults, self.login, self.requests, self.feed, wake,
                lambda seconds: self.checks.trouble(asset_class, seconds), lambda: self.tempo.stir(asset_class),
            )
            return route, Resume()

        return TradePorts(
            FaultyStore(self.store, life, self.faults, self.outage, self.requests), self.archive,
            SimulatedMarket(self), SimulatedClock(life), open_broker, life.name, LEASE_SECONDS,
            HeardLogs(lambda severity, message: self.said(life.name, severity, message), self.noted),
            SEND_TIMEOUT_SECONDS, LIVE,
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )

    @property
    def quiet(self) -> bool:
        """Whether every process that should trade does, and nobody sleeps."""
        awake = {one.asset_class for one in self.processes if one.workload is not None and not one.busy}
        return len(awake) == len(self.classes)

    def outside_ports(self, life: Life) -> OutsidePorts:
        """What a function has of it."""
        ports = replace(self.ports(life, _asleep), logs=HeardLogs(_unheard, set()))
        return OutsidePorts(ports, self.launcher, ports.clock)

    def bands(self, symbols: list[str], ts: int) -> list[PriceBand]:
        """Of the day, for those that have one."""
        return [
            PriceBand(ts, one, self.paths[one].lower, self.paths[one].upper)
            for one in symbols if self.listing.instruments[one].asset_class is not None
        ]

    def tick_seconds(self, asset_class: AssetClass) -> float:
        """How often its process looks at the time."""
        return self.tempo.seconds(asset_class)

    def lives(self) -> list[Life]:
        """Of the processes that trade."""
        return [process.life for process in self.processes if process.life.alive]

    def by_hand(self, action: Callable[[DocumentStore, Clock], None]) -> None:
        """A person's own program does something with the store."""
        life = Life(self.world, FaultPlan(frozenset(), self.faults.random), "the person")
        with suppress(Killed):
            store = FaultyStore(self.store, life, self.faults, self.outage, self.requests)
            action(store, SimulatedClock(life))

    def trouble(self, seconds: float) -> None:
        """For so long every process may know or do less than it should."""
        for asset_class in self.classes:
            self._trouble(asset_class, seconds)

    def note(self, text: str) -> None:
        """Into the trace, where there is one."""
        if self.setting.trace is not None:
            self.setting.trace(self.world.now, text)

    def said(self, name: str, severity: str, message: str) -> None:
        """A process said something loud."""
        self.note(f"{name} {severity}: {message}")
        self.checks.said(name, severity, message)

    def ended(self, process: Process, why: str, fault: Exception | None) -> None:
        """A process is no more."""
        self.note(f"{process.life.name} ended: {why}")
        self.calls[int(process.life.name.split()[1])] = process.life.calls
        self.processes.remove(process)
        self.checks.ended(process.life.name, why, fault)

    def called(self, name: str, answer: str, fault: Exception | None) -> None:
        """A function has answered, or died."""
        if "{}" not in answer and "'running'}" not in answer:
            self.note(f"{name}: {answer}")
        self.checks.answered(answer)
        if fault is not None:
            self.checks.ended(name, answer, fault)

    def _trouble(self, asset_class: AssetClass, seconds: float) -> None:
        self.tempo.stir(asset_class)
        self.checks.trouble(asset_class, seconds)

    def _traded(self, asset_class: AssetClass) -> tuple[str, ...]:
        return self.listing.chain if asset_class is AssetClass.OPTIONS else self.listing.of(asset_class)

    def _open_exchange(self, random: Random) -> Exchange:
        model = FillModel(seed=random.getrandbits(31), queue_share=random.choice((0.0, 0.5, 1.0)))
        rules = Rules(on=self.day, rms_cutoff=self.broker_closes, modifications=MOST_MODIFICATIONS)
        latency = Latency(BROKER_LATENCY.shortest, BROKER_LATENCY.longest, random.getrandbits(31))
        exchange = Exchange(
            self.listing.instruments, model, order_ids=f"{self.day:%y%m%d}0", rules=rules, latency=latency,
        )
        exchange.pass_time(self.world.now)
        for symbol, path in self.paths.items():
            exchange.set_band(symbol, path.lower, path.upper)
        self.truth.before[OWN] = OWN_UNITS
        exchange.books.net[OWN] = OWN_UNITS
        return exchange

    def _rms_cutoff(self) -> int:
        """When the broker closes everything itself: 15:20, and well before the earliest close where that is sooner."""
        times = self.times[AssetClass.STOCK]
        return min(times.square_off + 20 * NANOSECONDS_A_MINUTE, times.close - 3 * NANOSECONDS_A_MINUTE)

    def _schedule_day(self) -> None:
        times = self.times[AssetClass.STOCK]
        symbols = {symbol for one in self.classes for symbol in (*self._traded(one), *self.listing.of(one))}
        last = max(self.times[one].close for one in self.classes)
        self.world.at(times.open, lambda: self.feed.open(times.open, last, sorted(symbols)))
        Schedule(self)
        Mishaps(self, times.open + NANOSECONDS_A_MINUTE, last)
        people = People(self, times.open + 5 * NANOSECONDS_A_MINUTE, times.square_off)
        self.world.at(self.broker_closes - NANOSECONDS_A_SECOND, self.checks.before_the_broker)
        self.world.at(self.broker_closes, people.square_off)

    def _begin(self, launch: Launch) -> None:
        self.starts += 1
        asset_class = AssetClass(launch.asset_class)
        crash = self.setting.crash_at
        here = crash is not None and crash[0] == self.starts
        life = Life(
            self.world, self.faults, f"{launch.asset_class} {self.starts}",
            crash_at=crash[1] if crash is not None and here else 0, crash_after=crash is not None and crash[2],
            slept=lambda seconds: self.checks.slept(asset_class, seconds),
        )
        process = Process(self, life, asset_class, self.times[asset_class].close)
        self.processes.append(process)
        self.note(f"{life.name} starts")
        process.start()
        stored = load_orders(self.store, self.day, asset_class).values()
        if any(fields["status"] in UNCLEAR for fields in stored):
            self._trouble(asset_class, UNCLEAR_SECONDS)

    def _lives(self, launch_id: str) -> bool:
        return any(launch_id.endswith(process.asset_class.value) for process in self.processes)

    def _listeners(self, symbol: str) -> list[Process]:
        return [one for one in self.processes if one.workload is not None and symbol in one.symbols]

    def _changed(self, symbols: set[str]) -> None:
        for symbol in sorted(symbols):
            self.feed.stir(symbol)
        self.tempo.changed(symbols)
        self.checks.changed(symbols)


def _asleep() -> None:
    """A function looks by itself, each second."""


def _unheard(severity: str, message: str) -> None:
    """What a function says of its own work is no news of a workload."""
    del severity, message



