"""The SQLite store where things go wrong: locks, foreign files, forks, damaged settings."""

import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest

from common.adapters.sqlite import SqliteStore
from common.ports import Create, Query, StoreError, StoreUnavailable


def test_a_lock_held_too_long_is_unavailable(tmp_path: Path) -> None:
    """A writer that is blocked past its bound raises StoreUnavailable; readers go on; afterwards it works again."""
    store = SqliteStore(tmp_path / "store.db", busy_timeout_seconds=0.05)
    blocker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        store.commit([Create("a", "x", {})])
    assert store.get("a", "x") is None
    blocker.execute("ROLLBACK")
    store.commit([Create("a", "x", {})])
    assert store.get("a", "x") is not None
    store.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Text where the store should be is refused by name and left as it was."""
    path = tmp_path / "store.db"
    path.write_text("dear diary, " * 100)
    with pytest.raises(StoreError, match=r"store\.db is not a document store"):
        SqliteStore(path)
    assert path.read_text() == "dear diary, " * 100


def test_another_programs_database(tmp_path: Path) -> None:
    """A database of something else, or of a later schema, is refused instead of written into."""
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE diary (day)")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="another program's"):
        SqliteStore(tmp_path / "other.db")
    SqliteStore(tmp_path / "later.db").close()
    later = sqlite3.connect(tmp_path / "later.db")
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(StoreError, match="schema 99"):
        SqliteStore(tmp_path / "later.db")


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    """A folder in the file's place, and a file in the folder's, are named in the error."""
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreUnavailable, match=r"folder\.db"):
        SqliteStore(tmp_path / "folder.db")
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="folder of"):
        SqliteStore(tmp_path / "file" / "store.db")


def test_durability_settings(tmp_path: Path) -> None:
    """Each connection runs WAL and synchronous=FULL (2): an acknowledged commit survives a power cut."""
    store = SqliteStore(tmp_path / "store.db")
    with store._file.connection() as one, store._file.connection() as other:
        for connection in (one, other):
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_a_forked_child_gets_a_connection_of_its_own(tmp_path: Path) -> None:
    """Parent and child write through the same object after a fork, and both writes stand."""
    store = SqliteStore(tmp_path / "store.db")
    store.commit([Create("a", "before", {})])
    with store._file.connection() as connection:
        parents = connection

    def write() -> None:
        with store._file.connection() as mine:
            assert mine is not parents
        store.commit([Create("a", "child", {"pid": os.getpid()})])

    child = multiprocessing.get_context("fork").Process(target=write)
    child.start()
    store.commit([Create("a", "parent", {})])
    child.join(30)
    assert child.exitcode == 0
    assert [document.id for document in store.query(Query("a"))] == ["before", "child", "parent"]
    check = sqlite3.connect(tmp_path / "store.db")
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()
    store.close()
