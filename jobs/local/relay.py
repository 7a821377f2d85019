"""Eventarc on this machine: follows the change feed and POSTs its CloudEvents, at least once, in no promised order."""

import heapq
import logging
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition, Thread
from typing import Final

from common.ports import Change, ChangeFeed, StoreUnavailable
from jobs.local import cloud_event
from jobs.local.cloud_event import Database, EventType
from jobs.local.delivery import DeliveryFailed, Posts
from jobs.local.relay_progress import Progress

POLL_SECONDS: Final = 0.02
STORE_RETRY_SECONDS: Final = 0.5
WORKERS: Final = 4
MAX_WAITING: Final = 128
PAGE: Final = 64
MAX_DROPPED_KEPT: Final = 100

_log = logging.getLogger(__name__)


class RelayFailed(RuntimeError):
    """The relay has stopped on its own, for the reason it carries; no event is delivered any more."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Events of `type` on documents that match `document` ('collection/{any}' or 'collection/id') go to `url`."""

    document: str
    type: EventType
    url: str

    def __post_init__(self) -> None:
        if self.document.count("/") != 1 or not all(self.document.split("/")):
            raise ValueError(f"trigger on {self.document!r}; write 'collection/{{id}}' or 'collection/id'")
        if not self.url.startswith("http://"):
            raise ValueError(f"trigger to {self.url!r}; the relay delivers to http:// on this machine only")

    def matches(self, change: Change, happened: EventType) -> bool:
        collection, id = self.document.split("/")
        wildcard = id == "*" or (id.startswith("{") and id.endswith("}"))
        return self.type in {happened, "written"} and collection == change.collection and (wildcard or id == change.id)


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
    """Deliveries since the relay was made; the dropped ones were given up after all attempts."""

    delivered: int = 0
    retried: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Delivery:
    """One event for one receiver. `number` is of the change it comes from."""

    number: int
    url: str
    headers: dict[str, str]
    body: bytes
    failures: int = 0

    def __str__(self) -> str:
        return f"{self.headers['ce-type']} {self.headers['ce-document']} to {self.url}"


_IN_ORDER: Final = Disorder()
_USUAL: Final = Retries()
_DEFAULT: Final = Database()


class Relay:
    """Delivers from start() to stop(), from threads of its own. `position_path` keeps what is done over a restart.

    A failing event waits aside while others go on; after all attempts it is dropped, counted, and named in `dropped`.
    """

    def __init__(
        self, feed: ChangeFeed, triggers: Sequence[Trigger], position_path: Path, *,
        database: Database = _DEFAULT, retries: Retries = _USUAL, disorder: Disorder = _IN_ORDER,
    ) -> None:
        self._feed = feed
        self._triggers = tuple(triggers)
        self._database = database
        self._retries = retries
        self._disorder = disorder
        self._lateness = random.Random(disorder.seed)  # noqa: S311 - no secret, a seeded test
        self._posts = Posts(retries.timeout_seconds)
        self._progress = Progress(position_path)
        self._changed = Condition()
        self._due: list[tuple[float, int, _Delivery]] = []
        self._scheduled = 0
        self._counts = Counts()
        self._stopping = False
        self._failure: Exception | None = None
        self._threads: list[Thread] = []
        self.dropped: deque[str] = deque(maxlen=MAX_DROPPED_KEPT)

    @property
    def counts(self) -> Counts:
        with self._changed:
            return self._counts

    def start(self) -> None:
        """Raises RelayFailed when it was started before: a stopped relay is not started again, make another."""
        if self._threads:
            raise RelayFailed("the relay was started already; make another")
        self._progress.load(self._feed)
        self._threads = [Thread(target=self._follow, name="relay-feed", daemon=True)]
        self._threads += [Thread(target=self._deliver, name=f"relay-{i}", daemon=True) for i in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def stop(self, within_seconds: float = 5.0) -> None:
        """Ends POSTs under way, saves the position and returns; what was not delivered is on the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._posts.close()
        deadline = time.monotonic() + within_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            self._progress.save()

    def wait_until_settled(self, timeout_seconds: float) -> bool:
        """Whether all changes committed so far are delivered or dropped by then. Raises RelayFailed."""
        deadline = time.monotonic() + timeout_seconds
        while not self._settled():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _settled(self) -> bool:
        with self._changed:
            if self._failure is not None:
                raise RelayFailed(f"the relay stopped: {self._failure}; mend the cause and start it again")
            position = self._progress.position
        return not self._feed.changes(position, 1)

    def _follow(self) -> None:
        """Takes changes from the feed until stopped; the store may be away for a while."""
        try:
            while not self._stopping:
                try:
                    pause = self._take_page()
                except StoreUnavailable as error:
                    _log.warning("the relay cannot read the feed, trying again: %s", error)
                    pause = STORE_RETRY_SECONDS
                with self._changed:
                    self._progress.save()
                    if not self._stopping:
                        self._changed.wait(pause)
                self._posts.end_overdue()
        except Exception as error:
            _log.exception("the relay has stopped")
            with self._changed:
                self._failure = error

    def _take_page(self) -> float:
        """Schedules what is new and returns for how long to pause."""
        with self._changed:
            if self._progress.waiting > MAX_WAITING:
                return POLL_SECONDS
        page = self._feed.changes(self._progress.read_to, PAGE)
        for change in page:
            deliveries = self._deliveries(change)
            with self._changed:
                self._progress.begin(change.number, len(deliveries))
                for delivery in deliveries:
                    self._schedule(delivery, self._lateness.uniform(0.0, self._disorder.spread_seconds))
        return 0.0 if len(page) == PAGE else POLL_SECONDS

    def _deliveries(self, change: Change) -> list[_Delivery]:
        happened = cloud_event.event_type(change)
        triggers = [trigger for trigger in self._triggers if happened and trigger.matches(change, happened)]
        if not triggers:
            return []
        body = cloud_event.body(change, self._database)
        return [
            _Delivery(change.number, trigger.url, cloud_event.headers(change, trigger.type, self._database), body)
            for trigger in triggers
            for _ in range(self._disorder.copies)
        ]

    def _schedule(self, delivery: _Delivery, wait_seconds: float) -> None:
        self._scheduled += 1
        heapq.heappush(self._due, (time.monotonic() + wait_seconds, self._scheduled, delivery))
        self._changed.notify_all()

    def _deliver(self) -> None:
        while (delivery := self._next()) is not None:
            try:
                self._posts.post(delivery.url, delivery.headers, delivery.body)
            except DeliveryFailed as error:
                self._failed(delivery, error)
            except Exception as error:  # a worker that dies would leave the event open for ever
                _log.exception("the relay cannot send %s", delivery)
                self._failed(delivery, error)
            else:
                self._finish(delivery, delivered=1)

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
        with self._changed:
            counts = self._counts
            self._counts = replace(counts, delivered=counts.delivered + delivered, dropped=counts.dropped + dropped)
            self._progress.done(delivery.number)
