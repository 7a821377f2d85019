"""The embedded store finds a date's latest documents by an index, whatever is stored beside them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from common.adapters.sqlite import SqliteStore
from common.adapters.sqlite_query import select
from common.ports import Create, Document, Filter, Query

OF_DAY: tuple[Filter, ...] = (("date", "==", "2026-11-20"),)
BEHIND = Document("trades", "m", {"exit_time": "2026-11-20T10:00:00+05:30"}, "")
LISTS = {
    "by id": Query("trades", OF_DAY, limit=5), "by id, on": Query("trades", OF_DAY, limit=5, after=BEHIND),
    "latest": Query("trades", OF_DAY, "-exit_time", 5), "latest, on": Query("trades", OF_DAY, "-exit_time", 5, BEHIND),
    "records": Query("system_logs_realtime", OF_DAY, "-time", 5),
}


@pytest.mark.parametrize("query", LISTS.values(), ids=LISTS)
def test_a_list_is_found_by_an_index(query: Query, tmp_path: Path) -> None:
    """No part of the statement reads the whole collection, nor sorts more than a page: so it is flat in time."""
    with closing(SqliteStore(tmp_path / "store.sqlite")), closing(sqlite3.connect(tmp_path / "store.sqlite")) as file:
        plan = [str(row[3]) for row in file.execute(f"EXPLAIN QUERY PLAN {select(query)[0]}", select(query)[1])]
    searches = [line for line in plan if "documents" in line]
    assert searches
    assert all("USING INDEX by_date" in line for line in searches), plan
    # A page of the three parts behind a cursor is put in order at the end: 3 pages at most.
    assert plan.count("USE TEMP B-TREE FOR ORDER BY") <= (1 if query.after and query.order_by else 0), plan


def test_the_check_can_fail(tmp_path: Path) -> None:
    """A list by a field that has no index is seen to be sorted."""
    query = Query("trades", OF_DAY, "-symbol", 5)
    with closing(SqliteStore(tmp_path / "store.sqlite")), closing(sqlite3.connect(tmp_path / "store.sqlite")) as file:
        plan = [str(row[3]) for row in file.execute(f"EXPLAIN QUERY PLAN {select(query)[0]}", select(query)[1])]
    assert "USE TEMP B-TREE FOR ORDER BY" in plan


def test_an_older_store_gets_the_indexes(tmp_path: Path) -> None:
    """A store of the schema before is opened, keeps its documents, and answers by index from then on."""
    path = tmp_path / "store.sqlite"
    with closing(SqliteStore(path)) as store:
        store.commit([Create("trades", "a", {"date": "2026-11-20", "exit_time": "2026-11-20T10:00:00+05:30"})])
    with closing(sqlite3.connect(path)) as file:
        made = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        for (name,) in file.execute(made).fetchall():
            file.execute(f"DROP INDEX {name}")
        file.execute("PRAGMA user_version = 1")
        file.commit()
    with closing(SqliteStore(path)) as store, closing(sqlite3.connect(path)) as file:
        assert [one.id for one in store.query(LISTS["latest"])] == ["a"]
        assert file.execute("PRAGMA user_version").fetchone()[0] == 2
        names = {row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert {"by_date", "by_date_exit_time", "by_date_time"} <= names, json.dumps(sorted(names))
