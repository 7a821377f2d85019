"""One SQLite file: its schema, a pool of connections, and its errors in the port's words."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from common.adapters.sqlite_query import indexes
from common.ports import StoreError, StoreUnavailable

APPLICATION_ID: Final = 0x54524F4E
"""'TRON' in the file's header: another program's database is refused instead of written into."""
SCHEMA: Final = 2
"""1 had no indexes: they are added when such a store is opened."""
MAX_IDLE_CONNECTIONS: Final = 8

_TABLES = (
    "CREATE TABLE documents (collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, "
    "fields TEXT NOT NULL, PRIMARY KEY (collection, id)) STRICT",
    "CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, id TEXT NOT NULL, "
    "before_version INTEGER, before TEXT, after TEXT, at INTEGER NOT NULL) STRICT",
    f"PRAGMA application_id = {APPLICATION_ID}",
)
_NOT_OURS = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_FORMAT")
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


class SqliteFile:
    """Lends connections, one a borrower at a time. A forked child gets its own, never its parent's."""

    def __init__(self, path: Path, busy_timeout_seconds: float) -> None:
        self._path = path
        self._busy_timeout_seconds = busy_timeout_seconds
        self._lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._process = os.getpid()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"cannot make the folder of {path}: {error}; give another path") from error
        with self.connection() as connection:
            self._prepare(connection)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit, WAL and synchronous=FULL. Raises StoreUnavailable or StoreError."""
        try:
            connection = self._borrow()
        except sqlite3.Error as error:
            raise self._explained(error) from error
        healthy = True
        try:
            yield connection
        except sqlite3.Error as error:
            healthy = False
            raise self._explained(error) from error
        finally:
            self._give_back(connection, healthy)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _borrow(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreError(f"the store {self._path} is closed; open it again")
            if self._process != os.getpid():
                # SQLite forbids a connection to cross a fork, even to close it: keep it and never touch it.
                self._inherited, self._idle, self._process = self._idle, [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, connection: sqlite3.Connection, healthy: bool) -> None:
        if healthy and not connection.in_transaction:
            with self._lock:
                if not self._closed and len(self._idle) < MAX_IDLE_CONNECTIONS:
                    self._idle.append(connection)
                    return
        connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _to_wal(self, connection: sqlite3.Connection) -> None:
        # Two processes that switch a new file to WAL at once: SQLite refuses one without waiting for it.
        deadline = time.monotonic() + self._busy_timeout_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith(_BUSY) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._is_ready(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._is_ready(connection):
                for statement in (*(_TABLES if self._schema(connection) == 0 else ()), *indexes()):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _is_ready(self, connection: sqlite3.Connection) -> bool:
        """False for an empty file or an older store, True for one of this schema. Raises StoreError for all else."""
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        schema = self._schema(connection)
        if owner == APPLICATION_ID and 0 < schema <= SCHEMA:
            return schema == SCHEMA
        if owner == APPLICATION_ID:
            raise StoreError(f"{self._path} has schema {schema}, this program knows {SCHEMA}; use the program it is of")
        if owner or connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{self._path} is another program's database; give another path")
        return False

    def _schema(self, connection: sqlite3.Connection) -> int:
        """0 for a file that is no store yet."""
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found

    def _explained(self, error: sqlite3.Error) -> StoreError:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if name.startswith(_NOT_OURS):
            return StoreError(f"{self._path} is not a document store, or is damaged ({error}); move it away")
        if name.startswith(_BUSY):
            return StoreUnavailable(
                f"{self._path} was locked by another process for {self._busy_timeout_seconds} s; read, then try again"
            )
        return StoreUnavailable(f"{self._path}: {error} ({name}); look at the disk, read, then try again")
