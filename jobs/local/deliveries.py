"""Events on their way to functions: sent by threads of their own, again after a failure, given up after many."""

import heapq
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Condition, Thread
from typing import Final

from jobs.local.delivery import DeliveryFailed, Posts

WORKERS: Final = 4
MAX_DROPPED_KEPT: Final = 100
OVERDUE_POLL_SECONDS: Final = 0.02

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """`attempts` in all; the wait doubles from `first_wait_seconds` up to `longest_wait_seconds`."""

    attempts: int = 12
    first_wait_seconds: float = 0.05
    longest_wait_seconds: float = 10.0
    timeout_seconds: float = 60.0

    def wait_seconds(self, failures: int) -> float:
        return min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(failures - 1, 30))


@dataclass(frozen=True, slots=True)
class Disorder:
    """At least once and unordered, on purpose: each event `copies` times, each up to `spread_seconds` late."""

    copies: int = 1
    spread_seconds: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Deliveries so far; the dropped ones were given up after all attempts."""

    delivered: int = 0
    retried: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Delivery:
    """One event for one receiver. done: called once, when it is delivered or dropped."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    done: Callable[[], None]
    failures: int = 0

    def __str__(self) -> str:
        return f"{self.headers['ce-type']} {self.headers['ce-document']} to {self.url}"


IN_ORDER: Final = Disorder()
USUAL: Final = Retries()


class Deliveries:
    """Sends what is added, from start() to stop(). A failing event waits aside while others go on. Thread-safe."""

    def __init__(self, retries: Retries = USUAL, disorder: Disorder = IN_ORDER) -> None:
        self._retries = retries
        self._disorder = disorder
        self._lateness = random.Random(disorder.seed)  # noqa: S311 - no secret, a seeded test
        self._posts = Posts(retries.timeout_seconds)
        self._changed = Condition()
        self._due: list[tuple[float, int, _Delivery]] = []
        self._scheduled = 0
        self._counts = Counts()
        self._open = 0
        self._stopping = False
        self._threads: list[Thread] = []
        self.dropped: deque[str] = deque(maxlen=MAX_DROPPED_KEPT)

    @property
    def counts(self) -> Counts:
        with self._changed:
            return self._counts

    @property
    def open(self) -> int:
        """Deliveries that are neither delivered nor dropped."""
        with self._changed:
            return self._open

    @property
    def running(self) -> bool:
        """Whether a thread still works."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def copies(self) -> int:
        """How often `add` is to be called for one event."""
        return self._disorder.copies

    def start(self) -> None:
        self._threads = [Thread(target=self._work, name=f"deliver-{i}", daemon=True) for i in range(WORKERS)]
        self._threads.append(Thread(target=self._end_overdue, name="deliver-overdue", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, deadline: float) -> None:
        """Ends POSTs under way; what was not delivered is not. deadline: of the wait, by time.monotonic()."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._posts.close()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def add(self, url: str, headers: Mapping[str, str], body: bytes, done: Callable[[], None]) -> None:
        """Send it once, as soon as the disorder lets it; `done` is called from a thread that sends."""
        with self._changed:
            self._open += 1
            self._schedule(
                _Delivery(url, headers, body, done), self._lateness.uniform(0.0, self._disorder.spread_seconds)
            )

    def _schedule(self, delivery: _Delivery, wait_seconds: float) -> None:
        self._scheduled += 1
        heapq.heappush(self._due, (time.monotonic() + wait_seconds, self._scheduled, delivery))
        self._changed.notify_all()

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            try:
                self._posts.post(delivery.url, delivery.headers, delivery.body)
            except DeliveryFailed as error:
                self._failed(delivery, error)
            except Exception as error:  # a worker that dies would leave the event open for ever
                _log.exception("cannot send %s", delivery)
                self._failed(delivery, error)
            else:
                self._finish(delivery, delivered=1)

    def _end_overdue(self) -> None:
        while not self._stopping:
            self._posts.end_overdue()
            time.sleep(OVERDUE_POLL_SECONDS)

    def _next(self) -> _Delivery | None:
        """Waits for a delivery that is due; None when stopping."""
        with self._changed:
            while not self._stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None

    def _failed(self, delivery: _Delivery, error: Exception) -> None:
        with self._changed:
            if self._stopping:
                return
            delivery.failures += 1
            if delivery.failures < self._retries.attempts:
                _log.info("attempt %d of %s failed: %s", delivery.failures, delivery, error)
                self._counts = replace(self._counts, retried=self._counts.retried + 1)
                self._schedule(delivery, self._retries.wait_seconds(delivery.failures))
                return
        _log.error("dropped after %d attempts: %s: %s", delivery.failures, delivery, error)
        self.dropped.append(f"{delivery}: {error}")
        self._finish(delivery, dropped=1)

    def _finish(self, delivery: _Delivery, delivered: int = 0, dropped: int = 0) -> None:
        delivery.done()
        with self._changed:
            counts = self._counts
            self._counts = replace(counts, delivered=counts.delivered + delivered, dropped=counts.dropped + dropped)
            self._open -= 1
