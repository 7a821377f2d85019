"""Where parcels of lines go: a day's archive, and the store's `system_logs_realtime`; each takes one twice as once."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, Protocol, TypeAlias

from common.adapters.logs.spool import Spool
from common.log_record import LOGS, document
from common.ports import Archive, Clock, Conflict, Create, DocumentStore, StoreError, StoreUnavailable

RETRY_SECONDS: Final = 5.0
MAX_PLAIN: Final = 4_000
"""Characters of what the store refused and gets as text."""
Expiring: TypeAlias = Callable[[datetime], Mapping[str, str]]
"""The field that says until when a document stored at that moment is kept."""
_SEPARATOR: Final = "~"


def parcel_name(day: str, name: str) -> str:
    """Of a parcel for `name` in the archive of `day`, as a file name."""
    return f"{day}/{name}".replace("/", _SEPARATOR)


class Destination(Protocol):
    """lost: records that it will never take."""

    lost: int

    def send(self, name: str, data: bytes) -> None:
        """Whole. Raises StoreUnavailable: then again, later."""
        ...


class ArchiveDestination:
    """One object a parcel, never overwritten."""

    def __init__(self, open_archive: Callable[[], Archive]) -> None:
        self.lost = 0
        self._open = open_archive

    def send(self, name: str, data: bytes) -> None:
        """A parcel that is there already is this one: its name is unique."""
        day, _, rest = name.partition(_SEPARATOR)
        try:
            self._open().put(date.fromisoformat(day), rest.replace(_SEPARATOR, "/"), data)
        except Conflict:
            return
        except StoreUnavailable:
            raise
        except (StoreError, ValueError):
            self.lost += data.count(b"\n")


class StoreDestination:
    """One document a line, in one commit a parcel; its id is the record's own, so that none is there twice."""

    def __init__(self, open_store: Callable[[], DocumentStore], clock: Clock, expiring: Expiring) -> None:
        self.lost = 0
        self._open = open_store
        self._clock = clock
        self._expiring = expiring

    def send(self, name: str, data: bytes) -> None:
        """A line that the store refuses is stored without its structure, or counted as lost."""
        del name
        store, writes = self._open(), []
        expiring = self._expiring(self._clock.now())
        for text in data.splitlines():
            try:
                writes.append(Create(LOGS, *document(text, expiring)))
            except ValueError:
                self.lost += 1
        try:
            store.commit(writes)
        except StoreUnavailable:
            raise
        except StoreError:
            for write in writes:
                self._send_one(store, write)

    def _send_one(self, store: DocumentStore, write: Create) -> None:
        message, fields = (str(write.fields.get(name)) for name in ("message", "fields"))
        plain = Create(LOGS, write.id, {**write.fields, "message": _valid(message), "fields": {"text": _valid(fields)}})
        for attempt in (write, plain):
            try:
                store.commit([attempt])
            except Conflict:
                return
            except StoreUnavailable:
                raise
            except StoreError:
                continue
            return
        self.lost += 1


def _valid(text: str) -> str:
    """Without lone surrogates, and short."""
    return text[:MAX_PLAIN].encode(errors="replace").decode()


class Route:
    """A spool and its destination. down: it did not take the last parcel that was sent."""

    def __init__(self, spool: Spool, destination: Destination, clock: Clock) -> None:
        self.spool = spool
        self.down = False
        self.dropped = 0
        self._destination = destination
        self._clock = clock
        self._again = 0.0

    @property
    def lost(self) -> int:
        """Records that did not and will not arrive."""
        return self.dropped + self._destination.lost

    def add(self, name: str, data: bytes) -> None:
        """Keep it until it is delivered, if there is room."""
        if not self.spool.add(name, data):
            self.dropped += data.count(b"\n")

    def deliver(self) -> None:
        """All that waits, oldest first, up to the first that is not taken; then not before RETRY_SECONDS."""
        if self.down and self._clock.monotonic() < self._again:
            return
        while parcel := self.spool.oldest():
            name, data = parcel
            try:
                self._destination.send(name, data)
            except Exception:  # whatever a client raises: the records stay, and nobody waits for them
                self.down = True
                self._again = self._clock.monotonic() + RETRY_SECONDS
                return
            self.spool.done(name)
        self.down = False
