"""A store in front of a real one whose commits fail before or after they are written, all of them, or that is down."""

from collections import deque
from collections.abc import Iterator, Sequence

from common.ports import Document, DocumentStore, Query, StoreUnavailable, Write


class Faulty:
    """down: nothing answers. locked: reads do, writes do not.

    fail: of the next commits; written: whether they happen all the same.
    """

    def __init__(self, store: DocumentStore) -> None:
        self.down = self.locked = False
        self.commits = 0
        self._store = store
        self._faults: deque[bool] = deque()

    def fail(self, count: int, *, written: bool) -> None:
        self._faults.extend([written] * count)

    def get(self, collection: str, id: str) -> Document | None:
        self._answer()
        return self._store.get(collection, id)

    def query(self, query: Query) -> list[Document]:
        self._answer()
        return self._store.query(query)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        self._answer()
        if self.locked:
            raise StoreUnavailable("locked, as the test wants it")
        self.commits += 1
        if not self._faults:
            return self._store.commit(writes)
        if self._faults[0]:
            self._store.commit(writes)  # a conflict is an answer: the fault is for the next one
        self._faults.popleft()
        raise StoreUnavailable("no answer, as the test wants it")

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        self._answer()
        return self._store.watch(collection, id, timeout_seconds)

    def close(self) -> None:
        self._store.close()

    def _answer(self) -> None:
        if self.down:
            raise StoreUnavailable("down, as the test wants it")
