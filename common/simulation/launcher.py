"""The platform that runs workloads: it takes seconds to start one, and at times none or two."""

from collections.abc import Callable
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.ports import Launch
from common.simulation.faults import Fault, FaultPlan
from common.simulation.world import World

START_SECONDS: Final = (2.0, 15.0)


class SimulatedLauncher:
    """Launcher. begin: makes a process of the launch and starts it; lives: whether one of that launch is alive."""

    def __init__(
        self, world: World, faults: FaultPlan, begin: Callable[[Launch], None], lives: Callable[[str], bool],
    ) -> None:
        self._world = world
        self._faults = faults
        self._begin = begin
        self._lives = lives
        self._starting: set[str] = set()
        self.launches = 0

    def start(self, launch: Launch) -> str:
        """A process of this launch, unless one runs or is about to."""
        handle = f"{launch.id} #{self.launches}"
        if self.running(launch.id):
            return handle
        self.launches += 1
        if self._faults.strikes(Fault.LAUNCH_LOST):
            return handle
        copies = 2 if self._faults.strikes(Fault.LAUNCH_DOUBLED) else 1
        self._starting.add(launch.id)
        for _ in range(copies):
            seconds = self._faults.random.uniform(*START_SECONDS)
            self._world.begin(self._world.now + int(seconds * NANOSECONDS_A_SECOND), lambda: self._started(launch))
        return handle

    def running(self, launch_id: str) -> bool:
        """Alive or about to be; asleep is alive."""
        return launch_id in self._starting or self._lives(launch_id)

    def _started(self, launch: Launch) -> None:
        self._starting.discard(launch.id)
        self._begin(launch)
