"""Eventarc on this machine: follows the change feed and POSTs its CloudEvents, at least once, in no promised order."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Condition, Thread
from typing import Final

from common.ports import Change, ChangeFeed, StoreUnavailable
from jobs.local import cloud_event
from jobs.local.cloud_event import Database, EventType
from jobs.local.deliveries import IN_ORDER, USUAL, Counts, Deliveries, Disorder, Retries
from jobs.local.relay_progress import Progress

POLL_SECONDS: Final = 0.02
STORE_RETRY_SECONDS: Final = 0.5
MAX_WAITING: Final = 128
PAGE: Final = 64

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


_DEFAULT: Final = Database()


class Relay:
    """Delivers from start() to stop(), from threads of its own. `position_path` keeps what is done over a restart.

    A failing event waits aside while others go on; after all attempts it is dropped, counted, and named in `dropped`.
    """

    def __init__(
        self, feed: ChangeFeed, triggers: Sequence[Trigger], position_path: Path, *,
        database: Database = _DEFAULT, retries: Retries = USUAL, disorder: Disorder = IN_ORDER,
    ) -> None:
        self._feed = feed
        self._triggers = tuple(triggers)
        self._database = database
        self._deliveries = Deliveries(retries, disorder)
        self._progress = Progress(position_path)
        self._changed = Condition()
        self._stopping = False
        self._failure: Exception | None = None
        self._follower: Thread | None = None

    @property
    def counts(self) -> Counts:
        return self._deliveries.counts

    @property
    def dropped(self) -> deque[str]:
        return self._deliveries.dropped

    @property
    def running(self) -> bool:
        """Whether a thread of it still works."""
        return self._deliveries.running or (self._follower is not None and self._follower.is_alive())

    def start(self) -> None:
        """Raises RelayFailed when it was started before: a stopped relay is not started again, make another."""
        if self._follower is not None:
            raise RelayFailed("the relay was started already; make another")
        self._progress.load(self._feed)
        self._follower = Thread(target=self._follow, name="relay-feed", daemon=True)
        self._deliveries.start()
        self._follower.start()

    def stop(self, within_seconds: float = 5.0) -> None:
        """Ends POSTs under way, saves the position and returns; what was not delivered is on the next start."""
        deadline = time.monotonic() + within_seconds
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._deliveries.stop(deadline)
        if self._follower is not None:
            self._follower.join(max(0.0, deadline - time.monotonic()))
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
        return not self._feed.changes(position, 1) and not self._deliveries.open

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
        except Exception as error:
            _log.exception("the relay has stopped")
            with self._changed:
                self._failure = error

    def _take_page(self) -> float:
        """Sends what is new on its way and returns for how long to pause."""
        with self._changed:
            if self._progress.waiting > MAX_WAITING:
                return POLL_SECONDS
        page = self._feed.changes(self._progress.read_to, PAGE)
        for change in page:
            self._take(change)
        return 0.0 if len(page) == PAGE else POLL_SECONDS

    def _take(self, change: Change) -> None:
        happened = cloud_event.event_type(change)
        triggers = [trigger for trigger in self._triggers if happened and trigger.matches(change, happened)]
        receivers = [trigger for trigger in triggers for _ in range(self._deliveries.copies)]
        with self._changed:
            self._progress.begin(change.number, len(receivers))
        body = cloud_event.body(change, self._database) if receivers else b""
        for trigger in receivers:
            headers = cloud_event.headers(change, trigger.type, self._database)
            self._deliveries.add(trigger.url, headers, body, partial(self._done, change.number))

    def _done(self, number: int) -> None:
        with self._changed:
            self._progress.done(number)
