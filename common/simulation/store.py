"""The document store as one process meets it: away at times, its answers lost, its documents touched by others."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from common.ports import Conflict, Document, DocumentStore, Query, StoreUnavailable, Update, Write
from common.simulation.faults import Fault, FaultPlan
from common.simulation.life import Life

TIMEOUT_SECONDS: Final = 2.0
TOUCHED: Final = frozenset({"workloads", "control"})
"""Documents that others write too; a lease or an order that another touched is another's from then on."""


class Outage:
    """until: nanoseconds UTC; up to then the store answers nobody."""

    def __init__(self) -> None:
        self.until = 0


class Witness(Protocol):
    """Looks on."""

    def unanswered(self, name: str) -> None:
        """The process of that name got no answer."""
        ...

    def stored(self, writes: Sequence[Write]) -> None:
        """They have been committed just now."""
        ...


class FaultyStore:
    """DocumentStore over the true one, in the hands of one process. witness: sees what it does to him."""

    def __init__(
        self, true: DocumentStore, life: Life, faults: FaultPlan, outage: Outage, witness: Witness,
    ) -> None:
        self._true = true
        self._life = life
        self._draw = faults.one_of(Fault.STORE_DOWN, Fault.STORE_ANSWER_LOST, Fault.STORE_CONTENTION)
        self._outage = outage
        self._witness = witness

    def get(self, collection: str, id: str) -> Document | None:
        return self._life.through(lambda: self._get(collection, id))

    def query(self, query: Query) -> list[Document]:
        return self._life.through(lambda: self._query(query))

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Raises StoreUnavailable, with or without having written, and Conflict, as the true store does."""
        return self._life.through(lambda: self._commit(writes))

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        """The document now, and at the end of the time if it is another then."""
        before = self.get(collection, id)
        yield before
        self._life.wait(timeout_seconds)
        after = self.get(collection, id)
        if after != before:
            yield after

    def close(self) -> None:
        """The true store is the world's."""

    def _get(self, collection: str, id: str) -> Document | None:
        self._reach()
        return self._true.get(collection, id)

    def _query(self, query: Query) -> list[Document]:
        self._reach()
        return self._true.query(query)

    def _reach(self) -> None:
        """Raises StoreUnavailable while the store is away."""
        if self._life.world.now < self._outage.until:
            raise self._no_answer()

    def _no_answer(self) -> StoreUnavailable:
        self._witness.unanswered(self._life.name)
        self._life.wait(TIMEOUT_SECONDS)
        return StoreUnavailable(f"no answer within {TIMEOUT_SECONDS:g} s")

    def _commit(self, writes: Sequence[Write]) -> list[str]:
        self._reach()
        fault = self._draw()
        if fault is Fault.STORE_DOWN:
            raise self._no_answer()
        if fault is Fault.STORE_CONTENTION:
            self._touch(writes)
        versions = self._true.commit(writes)
        self._witness.stored(writes)
        if fault is Fault.STORE_ANSWER_LOST:
            raise self._no_answer()
        return versions

    def _touch(self, writes: Sequence[Write]) -> None:
        """Another writer was faster, without changing what is said."""
        for write in writes:
            if isinstance(write, Update) and write.collection in TOUCHED:
                current = self._true.get(write.collection, write.id)
                if current is not None:
                    touched = {**current.fields, "touched": int(current.fields.get("touched", 0)) + 1}
                    self._true.commit([Update(write.collection, write.id, touched, current.version)])
                return
        raise Conflict("too much contention on these documents: read again, then decide")
