"""What the day needs from the world, as Protocols; adapters implement them, bootstrap picks them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol, TypeAlias

from common.market.bar import Bar, Quote
from common.market.instrument import Instrument
from common.redaction import Secret
from common.trading.order_route import OrderRoute
from common.trading.orders import OrderUpdate

Fields: TypeAlias = Mapping[str, Any]
"""A document's content: JSON values only (None, bool, int, float, str, list, dict), at most 1 MiB as JSON."""

EXPIRES = "expires"
"""A top-level field of this name is a time (ISO 8601 text with its zone) after which the store may delete the document.

Firestore deletes by timestamps alone: its adapter stores this one field as a timestamp and gives it back as text.
"""

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_WRITES = 500


@dataclass(frozen=True, slots=True)
class Document:
    """One stored document. `version` is opaque: compare for equality, hand it back in a precondition."""

    collection: str
    id: str
    fields: Fields
    version: str


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not exist yet."""

    collection: str
    id: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Update:
    """Replace a document whole, if it still has `version`."""

    collection: str
    id: str
    fields: Fields
    version: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document, if it still has `version`."""

    collection: str
    id: str
    version: str


Write: TypeAlias = Create | Update | Delete


class StoreError(Exception):
    """Base of what a DocumentStore or Archive raises."""


class Conflict(StoreError):
    """A precondition did not hold and nothing of the commit was written: read again, then decide."""


class StoreUnavailable(StoreError):
    """The store did not answer in time; the write may or may not have happened: read before writing again."""


Operator: TypeAlias = Literal["==", "<", "<=", ">", ">=", "in"]
Filter: TypeAlias = tuple[str, Operator, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """Documents of one collection. filters: (field, operator, value), all must hold; top-level fields only.

    A range (<, <=, >, >=) is on the field of `order_by` only.
    order_by: field name, '-' before it for descending; ties, in the same direction, and the default are by document id.
    after: cursor, a Document from the previous page. limit: at most this many, 1 to 1000.
    """

    collection: str
    filters: tuple[Filter, ...] = ()
    order_by: str | None = None
    limit: int = 100
    after: Document | None = None


class DocumentStore(Protocol):
    """Documents by collection and id; `commit` is the one write primitive, atomic over several documents."""

    def get(self, collection: str, id: str) -> Document | None: ...

    def query(self, query: Query) -> list[Document]: ...

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """All writes or none. Returns the new versions in order ('' for a delete). Raises Conflict."""
        ...

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        """The document now and after each change (None while absent); ends after `timeout_seconds`."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change in the embedded store's feed; `number` only grows."""

    number: int
    collection: str
    id: str
    before: Document | None
    after: Document | None
    at: datetime


class ChangeFeed(Protocol):
    """Committed changes in order, for the local relay."""

    def changes(self, after: int, limit: int = 100) -> list[Change]: ...


class Archive(Protocol):
    """Immutable-by-habit blobs under `{date}/{name}`; names are relative paths of [A-Za-z0-9._/-]."""

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        """Whole or not at all. Raises Conflict when it exists and `overwrite` is false."""
        ...

    def get(self, day: date, name: str) -> bytes | None: ...

    def list(self, day: date, prefix: str = "") -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Launch:
    """One workload to start. `id` is derived from date and asset class: the same launch twice is one launch."""

    id: str
    date: date
    asset_class: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Launcher(Protocol):
    """Starts workloads; starting the same launch again while it runs does nothing."""

    def start(self, launch: Launch) -> str:
        """Returns a handle for people: a process id, a Job name, an execution name."""
        ...

    def running(self, launch_id: str) -> bool: ...


class Broker(OrderRoute, Protocol):
    """The account at the broker, or the simulated exchange in its place. lossy: `drain` may have missed news."""

    @property
    def lossy(self) -> bool: ...

    def orders(self) -> list[OrderUpdate]:
        """Today's whole order book, fills included; orders that are not ours too."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Resume:
    """Where an earlier run of a workload was. ts: start (ns) of the minute it was in, 0 for a fresh start.

    handled: symbols whose bar of that minute it had decided on already.
    """

    ts: int = 0
    handled: frozenset[str] = frozenset()


class MarketData(Protocol):
    """What the market says: recorded, generated or live."""

    def instruments(self, day: date) -> list[Instrument]:
        """Everything that can be traded or watched on `day`."""
        ...

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        """Those of `symbols` whose bars never tell a volume: on paper they fill by price alone."""
        ...

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """By symbol, the bars of up to `sessions` sessions before `day`, oldest first; none: they did not come."""
        ...

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """The bars of `day` in order of time, then in the order of `symbols`."""
        ...

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        """What the market shows at `at` (aware), dated then; nothing for a symbol that has not traded yet that day."""
        ...


class ListUnavailable(Exception):
    """A list of the exchange did not come, or is not of the day; the text says why and what to do."""


class ListSource(Protocol):
    """Where the exchange publishes its lists of the day."""

    def fetch(self, name: str, day: date) -> bytes:
        """CSV as `common/planning/notices.py` reads it. Raises ListUnavailable."""
        ...


class Clock(Protocol):
    """The only source of now; aware, Asia/Kolkata."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float:
        """Seconds since some moment of its own, unaffected when the clock is set: for measuring, never for dates."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SteppedClock(Clock, Protocol):
    """A clock that a scheduler moves."""

    def advance_to(self, moment: datetime) -> None: ...


class Secrets(Protocol):
    """Named secrets; names are of [a-z0-9-]. Both raise OSError where they cannot be reached."""

    def get(self, name: str) -> Secret | None:
        """The latest version; None where there is none."""
        ...

    def put(self, name: str, value: Secret) -> None:
        """A new version, which every process sees from then on."""
        ...


class Notifier(Protocol):
    """Tells the person, within a few seconds or not at all; never raises."""

    def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
        """Whether any receiver has taken it."""
        ...


class Logs(Protocol):
    """Where records go: to standard output at once, to store and archive soon after. Never blocks, never raises."""

    @property
    def dropped(self) -> int:
        """Records, counted once a destination, for which there was no room."""
        ...

    def about(self, **labels: str) -> "Logs":
        """The same destinations; its records carry these labels too: date, asset_class, service, trace."""
        ...

    def write(
        self, severity: str, message: str, fields: Fields | None = None, ts: int | None = None, *, id: str = "",
    ) -> None:
        """One record. ts: nanoseconds UTC, now where left out. `category`, `tag`, `strategy` of fields are labels.

        id: of a record that the store is to have once, however often it is written; else it gets one of its own.
        """
        ...

    def flush(self, timeout_seconds: float) -> bool:
        """Hand over what waits; whether all of it has arrived within the time."""
        ...

    def close(self, timeout_seconds: float) -> bool:
        """As `flush`, for the last time; what did not arrive stays in the spool."""
        ...
