"""Between the thread of the socket and whoever trades: ticks bounded for each instrument, news of orders never lost."""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Final

from common.adapters.kite.decoder import Tick

WAITING_TICKS: Final = 64
"""Of one instrument: a minute of a busy one. More than that is not caught up with, only its newest matter."""


class Inbox:
    """Thread-safe. seconds: a steady clock. dropped: ticks that were too many, the oldest of their instrument."""

    def __init__(self, seconds: Callable[[], float], waiting: int = WAITING_TICKS) -> None:
        self._seconds = seconds
        self._waiting = waiting
        self._news = Condition()
        self._ticks: dict[int, deque[tuple[int, Tick]]] = {}
        self._lost: set[int] = set()
        self._number = 0
        self._woken = False
        self._heard: dict[int, float] = {}
        self.dropped = 0

    def put(self, ticks: Sequence[Tick]) -> None:
        """One frame's ticks, in its order."""
        now, waiting = self._seconds(), self._waiting
        with self._news:
            number, queues, heard = self._number, self._ticks, self._heard
            for tick in ticks:
                number += 1
                token = tick.token
                queue = queues.get(token)
                if queue is None:
                    queue = queues[token] = deque(maxlen=waiting)
                elif len(queue) == waiting:
                    self.dropped += 1
                    self._lost.add(token)
                queue.append((number, tick))
                heard[token] = now
            self._number = number
            self._news.notify()

    def wake(self) -> None:
        """There is something else to look at: news of orders, a connection that is back."""
        with self._news:
            self._woken = True
            self._news.notify()

    def take(self, seconds: float) -> tuple[list[Tick], set[int]]:
        """All ticks in the order in which they came, and tokens of which some were dropped; waits for the first."""
        with self._news:
            self._news.wait_for(lambda: self._ticks or self._woken, max(0.0, seconds))
            self._woken = False
            queues, self._ticks = self._ticks, {}
            lost, self._lost = self._lost, set()
        numbered = [entry for queue in queues.values() for entry in queue]
        numbered.sort(key=_by_number)
        return [tick for _, tick in numbered], lost

    def silent_for(self, token: int) -> float | None:
        """Seconds since the last tick of `token`; None where there was none yet."""
        with self._news:
            heard = self._heard.get(token)
        return None if heard is None else self._seconds() - heard

    def forget(self, tokens: Sequence[int]) -> None:
        """They are no longer watched."""
        with self._news:
            for token in tokens:
                self._heard.pop(token, None)
                self._ticks.pop(token, None)


def _by_number(entry: tuple[int, Tick]) -> int:
    return entry[0]
