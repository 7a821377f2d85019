"""The store where it cannot even be opened: it never answers, and nothing waits for it."""

from collections.abc import Iterator, Sequence
from typing import NoReturn

from common.ports import Document, Query, StoreUnavailable, Write


class NoStore:
    """DocumentStore that raises StoreUnavailable, with the reason why there is none."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def get(self, collection: str, id: str) -> Document | None:
        del collection, id
        self._refuse()

    def query(self, query: Query) -> list[Document]:
        del query
        self._refuse()

    def commit(self, writes: Sequence[Write]) -> list[str]:
        del writes
        self._refuse()

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        del collection, id, timeout_seconds
        self._refuse()

    def close(self) -> None:
        """Nothing is open."""

    def _refuse(self) -> NoReturn:
        raise StoreUnavailable(self._reason)
