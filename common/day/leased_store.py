"""Commits under our lease: a conflict is looked into, and a commit whose answer was lost is found again."""

from collections.abc import Sequence
from typing import Any, Final

from common.day.lease import LEASES, Lease
from common.day.workloads import FROM_OUTSIDE, WORKLOADS
from common.ports import Clock, Conflict, Create, Delete, Document, DocumentStore, StoreUnavailable, Update, Write
from common.trading.errors import TradingStopped

MAX_TRIES: Final = 8
"""Of one commit, with a look at what has changed after each conflict."""


class LeasedStore:
    """Writes documents that, while we hold the lease, only we write; each commit renews the lease.

    A commit that got no answer may have happened, or happen yet: the next one then conflicts, and reading again shows
    whether the lease is still ours. If it is, whatever was written under it is our own and older than what we write
    now, so it is replaced. If it is not, nothing more is written.
    """

    def __init__(self, store: DocumentStore, lease: Lease, clock: Clock) -> None:
        self.lease = lease
        self.kept: dict[str, Any] = {}
        """Fields of the workload document that were written from outside meanwhile."""
        self._store = store
        self._clock = clock

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """All or none, with the lease; returns the new versions in order.

        Raises TradingStopped (the lease is another's, or a tag is), StoreUnavailable (keep the writes, try again).
        """
        wanted = list(writes)
        for _ in range(MAX_TRIES):
            asked = self._clock.monotonic()
            try:
                *versions, own = self._store.commit([*wanted, self.lease.renewal(self._clock.now())])
            except Conflict:
                self._reread_lease()
                wanted = [self._rebased(write) for write in wanted]
                continue
            self.lease.renewed(own, asked)
            return versions
        raise StoreUnavailable(f"{len(writes)} documents changed under us {MAX_TRIES} times: too many write them")

    def _reread_lease(self) -> None:
        lease = self.lease
        current = self._store.get(LEASES, lease.id)
        if current is None or not lease.ours(current):
            holder = f"{current.fields['holder']}, epoch {current.fields['epoch']}" if current else "nobody"
            raise TradingStopped(
                f"the lease {lease.id} (epoch {lease.epoch}) was taken by another ({holder}). "
                "This process stops; its stops stay at the broker"
            )
        lease.version = current.version

    def _rebased(self, write: Write) -> Write:
        """The same content on top of what is stored now."""
        if isinstance(write, Delete):
            raise ValueError(f"{write.collection}/{write.id}: nothing is deleted under a lease")
        current = self._store.get(write.collection, write.id)
        if current is None:
            return Create(write.collection, write.id, write.fields)
        self._check_ours(write, current)
        if write.collection == WORKLOADS:
            self.kept = {name: current.fields[name] for name in FROM_OUTSIDE}
            return Update(write.collection, write.id, {**write.fields, **self.kept}, current.version)
        return Update(write.collection, write.id, write.fields, current.version)

    def _check_ours(self, write: Create | Update, current: Document) -> None:
        if write.collection != "orders" or isinstance(write, Update):
            return
        mine, theirs = ((f["epoch"], f["created"]) for f in (write.fields, current.fields))
        if mine != theirs:
            raise TradingStopped(
                f"the tag {write.id} is taken: an order of epoch {current.fields['epoch']} has it, and a second one "
                "could be sent. This process stops; start the workload again, it continues from what is stored"
            )

