"""One holder per date and asset class; every intent carries the lease in its commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from common.ports import Clock, Conflict, Create, Document, DocumentStore, StoreError, StoreUnavailable, Update
from common.trading.errors import TradingStopped

LEASES: Final = "leases"
POLL_SECONDS: Final = 1.0
POLLS_A_LIFE: Final = 60
"""Of a lease that somebody holds."""
MAX_TRIES: Final = 10_000


class LeaseHeld(TradingStopped):
    """Another process trades this date and asset class, and is alive."""


@dataclass(slots=True)
class Lease:
    """What we hold. epoch: grows with every take-over. version: of the lease document as we last wrote it.

    valid_until: seconds of our monotonic clock, counted from before the commit that renewed it began, so that we stop
    sending before anyone else may begin, whatever happens to clocks.
    """

    id: str
    holder: str
    epoch: int
    ttl_seconds: float
    version: str
    valid_until: float

    def renewal(self, now: datetime) -> Update:
        """The write that belongs into each of our commits: refused once another has taken the lease."""
        expires = now + timedelta(seconds=self.ttl_seconds)
        return Update(LEASES, self.id, _fields(self.holder, self.epoch, expires, self.ttl_seconds), self.version)

    def renewed(self, version: str, asked: float) -> None:
        """Our renewal is stored. asked: what the monotonic clock said before its commit began."""
        self.version = version
        self.valid_until = asked + self.ttl_seconds

    def left(self, clock: Clock) -> float:
        """Seconds for which nobody else can hold it; 0 or less when it has run out."""
        return self.valid_until - clock.monotonic()

    def ours(self, document: Document | None) -> bool:
        """Whether the stored lease is this one: nobody has taken it since."""
        if document is None:
            return False
        return (document.fields["holder"], document.fields["epoch"]) == (self.holder, self.epoch)


def acquire(
    store: DocumentStore, id: str, holder: str, clock: Clock, *, ttl_seconds: float, wait_seconds: float,
) -> Lease:
    """Take the lease as soon as it is free: never held, released, or not renewed for its whole life while we watched.

    We watch by our own monotonic clock: no clock that is wrong, theirs or ours, can make two holders of one.
    holder: unique to this process. Raises LeaseHeld after `wait_seconds`; StoreUnavailable where it was not once seen,
    or where nobody renews it and the store takes no write of ours either.
    """
    deadline = clock.monotonic() + wait_seconds
    seen, since, tries = "", 0.0, dict[int, float]()
    held: Document | None = None
    for _ in range(MAX_TRIES):
        looked = clock.monotonic()
        try:
            current = store.get(LEASES, id)
            if current is not None and current.fields["holder"] == holder and current.fields["epoch"] in tries:
                return _held(current, tries[current.fields["epoch"]])  # ours: only the answer was lost
            if current is not None and current.version != seen:
                seen, since = current.version, clock.monotonic()
            if _free(current) or (current is not None and looked - since >= current.fields["ttl_seconds"]):
                held = None
                tries[_epoch_after(current)] = asked = clock.monotonic()
                lease = _take(store, id, holder, clock.now(), ttl_seconds, current, asked)
                if lease is not None:
                    return lease
                continue  # another was faster: look who
            held = current
        except StoreUnavailable:
            if clock.monotonic() >= deadline and held is None:
                raise
        if clock.monotonic() >= deadline and held is not None:
            raise LeaseHeld(
                f"{id} is traded by {held.fields['holder']} until {held.fields['expires']} or longer: "
                "wait for it to end, or stop that process"
            )
        clock.sleep(max(POLL_SECONDS, _ttl(held) / POLLS_A_LIFE))
    raise LeaseHeld(f"{id} changed hands {MAX_TRIES} times while we asked for it: too many want it, stop all but one")


def release(store: DocumentStore, lease: Lease, now: datetime) -> None:
    """Let the next holder in at once; losing the race to one is fine, and it runs out anyway."""
    try:
        store.commit([Update(LEASES, lease.id, _fields(lease.holder, lease.epoch, now, 0.0), lease.version)])
    except StoreError:
        return


def _ttl(current: Document | None) -> float:
    return 0.0 if current is None else float(current.fields["ttl_seconds"])


def _free(current: Document | None) -> bool:
    return current is None or current.fields["ttl_seconds"] == 0.0


def _epoch_after(current: Document | None) -> int:
    return 1 if current is None else int(current.fields["epoch"]) + 1


def _take(
    store: DocumentStore, id: str, holder: str, now: datetime, ttl_seconds: float, current: Document | None,
    asked: float,
) -> Lease | None:
    epoch = _epoch_after(current)
    fields = _fields(holder, epoch, now + timedelta(seconds=ttl_seconds), ttl_seconds)
    write = Create(LEASES, id, fields) if current is None else Update(LEASES, id, fields, current.version)
    try:
        version = store.commit([write])[0]
    except Conflict:
        return None
    return Lease(id, holder, epoch, ttl_seconds, version, asked + ttl_seconds)


def _held(document: Document, asked: float) -> Lease:
    fields = document.fields
    ttl_seconds = float(fields["ttl_seconds"])
    return Lease(
        document.id, fields["holder"], fields["epoch"], ttl_seconds, document.version, asked + ttl_seconds,
    )


def _fields(holder: str, epoch: int, expires: datetime, ttl_seconds: float) -> Mapping[str, Any]:
    """expires: for people, by the holder's clock; who waits counts `ttl_seconds` itself, which is 0 once released."""
    return {"holder": holder, "epoch": epoch, "expires": expires.isoformat(), "ttl_seconds": ttl_seconds}
