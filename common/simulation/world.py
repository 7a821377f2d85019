"""Virtual time: events in order, one at a time; whoever waits is parked, and the world goes on without him.

Code that waits in the middle of a call (a request without an answer, a machine that sleeps) keeps its Python stack. So
each wait has a thread of its own, and exactly one of them runs: it has the baton. No two ever run at once, and who runs
next is decided by the order of events alone, so that a day is the same whenever it is run again. To pass the baton
costs more than most events: who waits carries out himself, meanwhile, what cannot wait in turn, and keeps the baton if
nothing else comes before his time.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from threading import Lock, Thread
from typing import Final, TypeAlias

from common.market.bar import NANOSECONDS_A_SECOND

Action: TypeAlias = Callable[[], None]
_Event: TypeAlias = "tuple[int, int, Action | None, Lock | None]"
"""When, number, and what: code (with nothing), an act that cannot wait (with `_PLAIN`), or whose turn it is."""

MAX_STEPS: Final = 500_000
"""A hundred times an ordinary day's: something goes round in circles."""
MAX_THREADS: Final = 200
"""So many waits at once are a fault of the simulation: a day has a handful."""


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even its clean-up."""


class World:
    """now: nanoseconds UTC. steps: events dispatched so far. after_step: called after each of them, and when somebody
    has waited, before he goes on: what has passed by then is his waiting.
    """

    def __init__(self, start: int) -> None:
        self.now = start
        self.steps = 0
        self.after_step: Action = _nothing
        self.ended = False
        self._plain = False
        self._events: list[_Event] = []
        self._scheduled = 0
        self._until = start
        self._parked: dict[int, Lock] = {}
        self._idle: list[Lock] = []
        self._threads = 0
        self._done = _closed()
        self._fault: BaseException | None = None

    def at(self, ts: int, action: Action) -> None:
        """Have `action` happen at `ts` (now, if that is past). It must not wait."""
        self._scheduled += 1
        heappush(self._events, (ts, self._scheduled, action, _PLAIN))

    def begin(self, ts: int, code: Action) -> None:
        """Have code run from `ts` on (now, if that is past) that may wait."""
        self._scheduled += 1
        heappush(self._events, (ts, self._scheduled, code, None))

    def after(self, seconds: float, action: Action) -> None:
        """Have `action` happen `seconds` from now."""
        self.at(self.now + int(seconds * NANOSECONDS_A_SECOND), action)

    def run(self, until: int) -> None:
        """Dispatch every event up to and including `until`, once; whoever waits then is killed. Raises what they do."""
        self._until = until
        self._hand_on()
        self._done.acquire()
        for lock in self._idle:
            lock.release()
        if self._fault is not None:
            raise self._fault

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass for the caller; others act meanwhile. Raises Killed when the world has ended before."""
        if self.ended:
            raise Killed("the day is over")
        if self._plain:
            raise RuntimeError("an event that must not wait does: give it to `begin`")
        self._scheduled += 1
        number, due = self._scheduled, self.now + int(max(0.0, seconds) * NANOSECONDS_A_SECOND)
        if self._passes(due, number):
            return
        baton = _closed()
        self._parked[number] = baton
        heappush(self._events, (due, number, None, baton))
        self._hand_on()
        baton.acquire()
        self._parked.pop(number, None)
        if self.ended:
            raise Killed("the day is over")
        self.after_step()

    def _passes(self, due: int, number: int) -> bool:
        """Do what comes before `due` and cannot wait; False where something else comes before, or the end."""
        events, mine = self._events, (due, number)
        while events and events[0][:2] < mine:
            when, _, action, plain = events[0]
            if plain is not _PLAIN or when > self._until:
                return False
            heappop(events)
            self.now = max(self.now, when)
            try:
                assert action is not None
                self._do(action)
            except BaseException as fault:
                self._fault, self.ended = self._fault or fault, True
                raise Killed("the day has broken") from fault
        if due > self._until:
            return False
        self.now = due
        self.after_step()
        return True

    def _do(self, action: Action) -> None:
        self._plain = True
        action()
        self._plain = False
        self._count()

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise RuntimeError(f"the day does not end: {MAX_STEPS} events")
        self.after_step()

    def _hand_on(self) -> None:
        """Another thread dispatches from now on."""
        if self._idle:
            self._idle.pop().release()
            return
        self._threads += 1
        if self._threads > MAX_THREADS:
            raise RuntimeError(f"{MAX_THREADS} processes wait at once: the simulation is at fault")
        Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        """A thread's life: dispatch until the baton goes to somebody else, then wait to be asked again."""
        lock = _closed()
        while True:
            try:
                baton = self._dispatch()
            except BaseException as fault:
                self._fault, self.ended = self._fault or fault, True
                baton = self._dispatch()
            # From here on another thread runs: this one only lies down.
            self._idle.append(lock)
            baton.release()
            lock.acquire()
            if self.ended and not self._parked:
                return

    def _dispatch(self) -> Lock:
        """Events in order, until one belongs to a thread that waits, or all is over: whose turn it is then."""
        events = self._events
        while not self.ended and events and events[0][0] <= self._until:
            when, number, action, baton = heappop(events)
            if when > self.now:
                self.now = when
            if action is None:
                assert baton is not None
                self._parked.pop(number, None)
                return baton
            if baton is _PLAIN:
                self._do(action)
            else:
                action()
                self._count()
        self.ended = True
        if self._parked:
            return self._parked.pop(next(iter(self._parked)))
        return self._done


def _closed() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


def _nothing() -> None:
    """Nobody looks."""


_PLAIN: Final = _closed()
