"""One holder per date and asset class; every intent carries the lease in its commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from common.ports import Clock, Conflict, Create, Document, DocumentStore, StoreError, Update
from common.trading.errors import TradingStopped

LEASES: Final = "leases"
POLL_SECONDS: Final = 0.25
MAX_TRIES: Final = 10_000


class LeaseHeld(TradingStopped):
    """Another process trades this date and asset class, and is alive."""


@dataclass(slots=True)
class Lease:
    """What we hold. epoch: grows with every take-over. version: of the lease document as we last wrote it."""

    id: str
    holder: str
    epoch: int
    expires: datetime
    ttl_seconds: float
    version: str

    def renewal(self, now: datetime) -> Update:
        """The write that belongs into each of our commits: refused once another has taken the lease."""
        self.expires = now + timedelta(seconds=self.ttl_seconds)
        return Update(LEASES, self.id, _fields(self.holder, self.epoch, self.expires), self.version)

    def fraction_left(self, now: datetime) -> float:
        """1 just after a renewal, 0 or less when it has expired."""
        return (self.expires - now).total_seconds() / self.ttl_seconds


def acquire(
    store: DocumentStore, id: str, holder: str, clock: Clock, *, ttl_seconds: float, wait_seconds: float,
) -> Lease:
    """Take the lease as soon as it is free or expired, waiting at most `wait_seconds`. Raises LeaseHeld."""
    deadline = clock.now() + timedelta(seconds=wait_seconds)
    for _ in range(MAX_TRIES):
        current = store.get(LEASES, id)
        now = clock.now()
        if current is None or datetime.fromisoformat(current.fields["expires"]) <= now:
            lease = _take(store, id, holder, now, ttl_seconds, current)
            if lease is not None:
                return lease
            continue  # another was faster: look who
        if now >= deadline:
            raise LeaseHeld(
                f"{id} is traded by {current.fields['holder']} until {current.fields['expires']}: "
                "wait for it to end, or stop that process"
            )
        clock.sleep(POLL_SECONDS)
    raise LeaseHeld(f"{id} changed hands {MAX_TRIES} times while we asked for it: too many want it, stop all but one")


def release(store: DocumentStore, lease: Lease, now: datetime) -> None:
    """Let the next holder in at once; losing the race to one is fine, and it expires anyway."""
    try:
        store.commit([Update(LEASES, lease.id, _fields(lease.holder, lease.epoch, now), lease.version)])
    except StoreError:
        return


def _take(
    store: DocumentStore, id: str, holder: str, now: datetime, ttl_seconds: float, current: Document | None,
) -> Lease | None:
    epoch = 1 if current is None else int(current.fields["epoch"]) + 1
    expires = now + timedelta(seconds=ttl_seconds)
    fields = _fields(holder, epoch, expires)
    write = Create(LEASES, id, fields) if current is None else Update(LEASES, id, fields, current.version)
    try:
        version = store.commit([write])[0]
    except Conflict:
        return None
    return Lease(id, holder, epoch, expires, ttl_seconds, version)


def _fields(holder: str, epoch: int, expires: datetime) -> Mapping[str, Any]:
    return {"holder": holder, "epoch": epoch, "expires": expires.isoformat()}
