"""The embedded document store and its change feed: one SQLite file, safe for several processes and threads."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Final

from common.adapters.clock import INDIA, SystemClock
from common.adapters.documents import check_name, encode_commit
from common.adapters.sqlite_file import SqliteFile
from common.adapters.sqlite_query import select
from common.ports import Change, Clock, Conflict, Create, Delete, Document, Query, StoreError, Write

WATCH_POLL_SECONDS: Final = 0.025
MAX_CHANGES: Final = 1000

_EPOCH = datetime.fromtimestamp(0, INDIA)


class SqliteStore:
    """DocumentStore and ChangeFeed in one file. A version is the number of the change that wrote it, never reused.

    As in Firestore, an update that changes nothing succeeds, keeps the version and is no change.
    Raises StoreUnavailable when the file is locked for `busy_timeout_seconds`, full or unreadable;
    StoreError when it is not a store; DocumentRefused (a StoreError) for what Firestore would not take.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None, busy_timeout_seconds: float = 10.0) -> None:
        """path: created with its folders if absent. clock: dates the changes, the system's by default."""
        self._clock = clock or SystemClock()
        self._file = SqliteFile(path, busy_timeout_seconds)

    def get(self, collection: str, id: str) -> Document | None:
        _check_place(collection, id)
        with self._file.connection() as connection:
            row = connection.execute(
                "SELECT collection, id, version, fields FROM documents WHERE collection = ? AND id = ?",
                (collection, id),
            ).fetchone()
        return None if row is None else _document(*row)

    def query(self, query: Query) -> list[Document]:
        sql, parameters = select(query)
        with self._file.connection() as connection:
            rows = connection.execute(sql, parameters).fetchall()
        return [_document(*row) for row in rows]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """All writes or none, durable on return; see DocumentStore. Raises Conflict, StoreUnavailable, StoreError."""
        texts = encode_commit(writes)
        if not writes:
            return []
        at = _microseconds(self._clock.now())
        with self._transaction() as connection:
            return [_write(connection, write, text, at) for write, text in zip(writes, texts, strict=True)]

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        """The document now and whenever it is found changed; two changes within a poll show as the latter."""
        _check_place(collection, id)
        return self._watch(collection, id, time.monotonic() + timeout_seconds)

    def changes(self, after: int, limit: int = 100) -> list[Change]:
        """Changes numbered above `after`, in commit order, at most `limit` (1 to 1000)."""
        if not 1 <= limit <= MAX_CHANGES:
            raise ValueError(f"limit is {limit}; give 1 to {MAX_CHANGES}")
        with self._file.connection() as connection:
            rows = connection.execute(
                "SELECT number, collection, id, before_version, before, after, at FROM changes "
                "WHERE number > ? ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
        return [_change(*row) for row in rows]

    def close(self) -> None:
        """Gives the file back; any later call raises StoreError."""
        self._file.close()

    def _watch(self, collection: str, id: str, deadline: float) -> Iterator[Document | None]:
        seen: str | None = ""
        while True:
            if self._version(collection, id) != seen:
                document = self.get(collection, id)
                version = document.version if document else None
                if version != seen:
                    seen = version
                    yield document
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(min(WATCH_POLL_SECONDS, remaining))

    def _version(self, collection: str, id: str) -> str | None:
        with self._file.connection() as connection:
            row = connection.execute(
                "SELECT version FROM documents WHERE collection = ? AND id = ?", (collection, id)
            ).fetchone()
        return None if row is None else str(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._file.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _check_place(collection: str, id: str) -> None:
    check_name("collection", collection)
    check_name("document id", id)


def _document(collection: str, id: str, version: int, text: str) -> Document:
    return Document(collection, id, json.loads(text), str(version))


def _change(
    number: int, collection: str, id: str, before_version: int | None, before: str | None, after: str | None, at: int
) -> Change:
    return Change(
        number=number,
        collection=collection,
        id=id,
        before=None if before is None or before_version is None else _document(collection, id, before_version, before),
        after=None if after is None else _document(collection, id, number, after),
        at=_EPOCH + timedelta(microseconds=at),
    )


def _microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise StoreError(f"the store's clock says {moment} without a time zone; give it an aware clock")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _write(connection: Connection, write: Write, text: str | None, at: int) -> str:
    """Carries out one write inside the open transaction and returns its new version, '' for a delete."""
    place = (write.collection, write.id)
    current: tuple[int, str] | None = connection.execute(
        "SELECT version, fields FROM documents WHERE collection = ? AND id = ?", place
    ).fetchone()
    _check_precondition(write, current)
    if current is not None and current[1] == text:
        return str(current[0])
    version, fields = current or (None, None)
    number = connection.execute(
        "INSERT INTO changes (collection, id, before_version, before, after, at) VALUES (?, ?, ?, ?, ?, ?)",
        (*place, version, fields, text, at),
    ).lastrowid
    if text is None:
        connection.execute("DELETE FROM documents WHERE collection = ? AND id = ?", place)
        return ""
    connection.execute(
        "INSERT INTO documents (collection, id, version, fields) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (collection, id) DO UPDATE SET version = excluded.version, fields = excluded.fields",
        (*place, number, text),
    )
    return str(number)


def _check_precondition(write: Write, current: tuple[int, Any] | None) -> None:
    where = f"{write.collection}/{write.id}"
    if isinstance(write, Create):
        if current is not None:
            raise Conflict(f"{where} exists already, at version {current[0]}; read it, then decide")
        return
    verb = "delete" if isinstance(write, Delete) else "update"
    if current is None:
        raise Conflict(f"cannot {verb} {where}: it does not exist; read again, then decide")
    if str(current[0]) != write.version:
        raise Conflict(
            f"cannot {verb} {where}: it is at version {current[0]}, not {write.version}; read again, then decide"
        )
