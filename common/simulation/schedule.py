"""The day's scheduled steps: started by the plan's event, supervised each minute, squared off, each call a process."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from common.day.square_off import square_off
from common.day.start import start_workloads
from common.day.supervise import supervise
from common.day.takeover import OutsidePorts
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND
from common.market.calendar import session_times
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import StoreError
from common.simulation.faults import Fault, FaultPlan
from common.simulation.life import Life
from common.simulation.world import Killed, World
from common.trading.errors import TradingStopped

QUIET_MINUTES: Final = 15
"""While every process runs the supervisor looks each quarter of an hour, and not each minute: it would do nothing."""
LATE_SECONDS: Final = (5.0, 600.0)


class Office(Protocol):
    """What the day gives its functions."""

    world: World
    faults: FaultPlan
    plan: Plan

    @property
    def quiet(self) -> bool:
        """Whether every process that should trade does, and nobody sleeps."""
        ...

    def outside_ports(self, life: Life) -> OutsidePorts: ...

    def called(self, name: str, answer: str, fault: Exception | None) -> None: ...


class Schedule:
    """Calls functions at their times, and at others where a fault says so. calls: made so far."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._random = office.faults.random
        self.calls = 0
        self._draw = office.faults.one_of(Fault.STEP_LATE, Fault.STEP_DOUBLED, Fault.STEP_LOST)
        steps = session_times(office.plan.date, AssetClass.STOCK).steps
        self._plan_is_written(office.world.now + NANOSECONDS_A_MINUTE // 2)
        minute = steps["supervise_from"]
        while minute < steps["supervise_until"]:
            self._step(minute, "supervise", self._supervise)
            minute += NANOSECONDS_A_MINUTE
        self._step(steps["square_off"], "square_off", self._square_off)

    def _plan_is_written(self, ts: int) -> None:
        """The document's event, delivered never, once or twice."""
        faults, world = self._office.faults, self._office.world
        times = 1
        if faults.times_today(Fault.START_LOST):
            faults.count(Fault.START_LOST)
            times = 0
        elif faults.times_today(Fault.START_DOUBLED):
            faults.count(Fault.START_DOUBLED)
            times = 2
        for number in range(times):
            late = number * self._random.uniform(0.0, 5.0)
            world.begin(ts + int(late * 1e9), lambda: self._call("start_workloads", self._start))

    def _step(self, ts: int, name: str, function: Callable[[Life], Mapping[str, Any]]) -> None:
        world = self._office.world

        def begin(seconds: float) -> None:
            world.begin(world.now + int(seconds * NANOSECONDS_A_SECOND), lambda: self._call(name, function))

        def due() -> None:
            if name == "supervise" and self._office.quiet and world.now // NANOSECONDS_A_MINUTE % QUIET_MINUTES:
                return
            fault = self._draw()
            if fault is Fault.STEP_LOST and name != "square_off":
                return
            if fault is Fault.STEP_LATE:
                begin(self._random.uniform(*LATE_SECONDS))
                return
            for number in range(2 if fault is Fault.STEP_DOUBLED else 1):
                begin(number * self._random.random() * 2)

        world.at(ts, due)

    def _call(self, name: str, function: Callable[[Life], Mapping[str, Any]]) -> None:
        """One call, which may die anywhere; an error that a function may end with is asked again by the next one."""
        self.calls += 1
        office = self._office
        life = Life(office.world, office.faults, f"{name} {self.calls}")
        try:
            office.called(life.name, str(function(life)), None)
        except Killed:
            office.called(life.name, "killed", None)
        except (StoreError, TradingStopped) as error:
            office.called(life.name, f"{type(error).__name__}: {error}", None)
        except Exception as fault:
            office.called(life.name, f"{type(fault).__name__}: {fault}", fault)

    def _start(self, life: Life) -> Mapping[str, Any]:
        ports = self._office.outside_ports(life)
        return start_workloads(self._office.plan.to_fields(), ports.trade.store, ports.launcher, ports.trade.clock)

    def _supervise(self, life: Life) -> Mapping[str, Any]:
        return supervise(self._office.plan.date, self._office.outside_ports(life))

    def _square_off(self, life: Life) -> Mapping[str, Any]:
        return square_off(self._office.plan.date, self._office.outside_ports(life))
