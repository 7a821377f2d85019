"""One process: alive until it dies at a call of the outside, asleep while its machine is, with a clock of its own."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.indian_time import at
from common.simulation.faults import Fault, FaultPlan
from common.simulation.world import Killed, World

Answer = TypeVar("Answer")

PAUSE_SECONDS: Final = (5.0, 400.0)
"""Some shorter and some longer than a lease lasts."""


class Life:
    """name: unique, also the holder of leases. calls: of ports so far, by which a crash can be placed exactly.

    crash_at: number of the call (from 1) at which it dies, after its effect if `crash_after`, 0 for by chance alone.
    asleep: in a pause. slept: told the seconds of each at its end. jumped: nanoseconds by which its clock is wrong.
    """

    def __init__(
        self, world: World, faults: FaultPlan, name: str, *, crash_at: int = 0, crash_after: bool = False,
        slept: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.world = world
        self.faults = faults
        self.name = name
        self.alive = True
        self.asleep = False
        self.calls = 0
        self.jumped = 0
        self._fate = faults.one_of(
            Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.PAUSE_BEFORE, Fault.PAUSE_AFTER,
        )
        self._crash_at = crash_at
        self._crash_after = crash_after
        self._slept = slept

    def through(self, call: Callable[[], Answer], *, sleeps_before: bool = True) -> Answer:
        """Make one call of the outside. Raises Killed, before or after the call took effect, and ever after.

        sleeps_before: False for a request to the broker: a pause between the last look at the lease and the request
        on the wire is beyond any client; what it can do is a request that arrives late, which is a fault of its own.
        """
        if not self.alive:
            raise Killed(self.name)
        self.calls += 1
        fate = self._fate()
        if self.calls == self._crash_at:
            fate = Fault.CRASH_AFTER if self._crash_after else Fault.CRASH_BEFORE
        if fate is None:
            return call()
        if fate is Fault.CRASH_BEFORE:
            self.die()
        if fate is Fault.PAUSE_BEFORE and sleeps_before:
            self.pause()
        answer = call()
        if fate is Fault.CRASH_AFTER:
            self.die()
        if fate is not Fault.PAUSE_BEFORE or not sleeps_before:
            self.pause()
        return answer

    def die(self) -> None:
        """Raises Killed."""
        self.alive = False
        raise Killed(self.name)

    def pause(self, seconds: float = 0.0) -> None:
        """The machine sleeps; others act meanwhile. Raises Killed if the process was ended in its sleep."""
        shortest, longest = PAUSE_SECONDS
        begun = self.world.now
        self.asleep = True
        self.wait(seconds or shortest * (longest / shortest) ** self.faults.random.random())
        self.asleep = False
        self._slept((self.world.now - begun) / NANOSECONDS_A_SECOND)

    def wait(self, seconds: float) -> None:
        """Time that passes within a call. Raises Killed if the process was ended meanwhile."""
        self.world.wait(seconds)
        if not self.alive:
            raise Killed(self.name)


class SimulatedClock:
    """The process' clock: virtual time, wrong by what it was set; sleeping lets the others act."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def now(self) -> datetime:
        return at(self._life.world.now + self._life.jumped)

    def monotonic(self) -> float:
        """Seconds of virtual time; setting the clock changes nothing."""
        return self._life.world.now / NANOSECONDS_A_SECOND

    def sleep(self, seconds: float) -> None:
        """Raises Killed if the process was ended meanwhile."""
        self._life.wait(seconds)
