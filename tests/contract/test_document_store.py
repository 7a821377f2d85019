"""What every DocumentStore promises, whatever stands behind it."""

import itertools
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ports import (
    Conflict,
    Create,
    Delete,
    Document,
    DocumentStore,
    Query,
    StoreError,
    Update,
    Write,
)
from tests.contract.stores import QUICK, Opening, skip_of_one_process

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 60

_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda item: not isinstance(item, list)), max_size=3),
        st.dictionaries(st.text("abcé. ", min_size=1, max_size=3), inner, max_size=3),
    ),
    max_leaves=8,
)
_collections = itertools.count()


def test_create_then_get(store: DocumentStore) -> None:
    """What was created is read back whole, with the version that the commit returned; what was not is None."""
    (version,) = store.commit([Create("plans", "d1", {"b": [1, {"c": None}], "a": 1.0})])
    assert store.get("plans", "d1") == Document("plans", "d1", {"b": [1, {"c": None}], "a": 1.0}, version)
    assert store.get("plans", "d2") is None
    assert store.get("other", "d1") is None


@QUICK
@given(st.dictionaries(st.text("abcé. ", min_size=1, max_size=4), _values, max_size=5))
def test_fields_round_trip(store: DocumentStore, fields: dict[str, Any]) -> None:
    """Any JSON document comes back equal, integers as integers and doubles as doubles, to the bit."""
    collection = f"c{next(_collections)}"
    store.commit([Create(collection, "x", fields)])
    found = store.get(collection, "x")
    assert found is not None
    assert repr(_sorted(found.fields)) == repr(_sorted(fields))


def test_names_come_back_sorted(store: DocumentStore) -> None:
    """At every depth, whatever their order when written: a text made of a document is the same on every store."""
    names = ["b", "a", "é", "Z", "10", "9"]
    store.commit([Create("a", "x", {"list": [dict.fromkeys(names)], **{name: dict.fromkeys(names) for name in names}})])
    found = store.get("a", "x")
    assert found is not None
    for fields in (found.fields["a"], found.fields["list"][0]):
        assert list(fields) == sorted(names)
    assert list(found.fields) == sorted([*names, "list"])


def test_commit_is_all_or_nothing(store: DocumentStore) -> None:
    """One failed precondition among several writes leaves no trace of any of them."""
    (version,) = store.commit([Create("a", "kept", {"n": 1})])
    writes: list[Write] = [
        Create("a", "new", {}), Update("a", "kept", {"n": 2}, version), Delete("a", "absent", version)
    ]
    with pytest.raises(Conflict, match="absent"):
        store.commit(writes)
    assert store.get("a", "new") is None
    assert store.get("a", "kept") == Document("a", "kept", {"n": 1}, version)


def test_preconditions(store: DocumentStore) -> None:
    """A create of what exists, and an update or delete of another version or of nothing, are conflicts."""
    (old,) = store.commit([Create("a", "x", {"n": 1})])
    (new,) = store.commit([Update("a", "x", {"n": 2}, old)])
    refused: list[Write] = [
        Create("a", "x", {}), Update("a", "x", {}, old), Delete("a", "x", old), Update("a", "y", {}, new),
        Delete("a", "y", new),
    ]
    for write in refused:
        with pytest.raises(Conflict):
            store.commit([write])
    assert store.commit([Delete("a", "x", new)]) == [""]
    assert store.get("a", "x") is None


def test_versions_are_never_reused(store: DocumentStore) -> None:
    """A version from before a delete does not fit the document that took its place (no ABA)."""
    (first,) = store.commit([Create("a", "x", {"n": 1})])
    store.commit([Delete("a", "x", first)])
    (second,) = store.commit([Create("a", "x", {"n": 1})])
    assert first != second
    with pytest.raises(Conflict):
        store.commit([Update("a", "x", {"n": 2}, first)])


def test_update_replaces_whole(store: DocumentStore) -> None:
    """An update leaves no field of the document it replaces."""
    (version,) = store.commit([Create("a", "x", {"gone": 1, "same": 1})])
    store.commit([Update("a", "x", {"same": 2}, version)])
    found = store.get("a", "x")
    assert found is not None
    assert found.fields == {"same": 2}


def test_update_without_a_change_keeps_the_version(store: DocumentStore) -> None:
    """As Firestore: writing the same fields again is no change, in whatever order they are given."""
    (version,) = store.commit([Create("a", "x", {"n": 1, "m": 2})])
    assert store.commit([Update("a", "x", {"m": 2, "n": 1}, version)]) == [version]
    assert store.commit([Update("a", "x", {"m": 2, "n": 1.0}, version)]) != [version]


def test_sixteen_threads_race_for_one_create(opening: Opening) -> None:
    """One winner, fifteen conflicts, and the winner's document is the one that stands."""
    stores = [opening() for _ in range(16)]
    barrier = Barrier(16)

    def create(n: int) -> bool:
        barrier.wait(BOUND_SECONDS)
        try:
            stores[n].commit([Create("leases", "d-stock", {"holder": n})])
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(create, range(16)))
    assert sum(won) == 1
    found = stores[0].get("leases", "d-stock")
    assert found is not None
    assert found.fields == {"holder": won.index(True)}


RACER = """
import sys
from common.ports import Conflict, Create
from tests.contract.stores import STORES
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
store = STORES[sys.argv[1]](sys.argv[2])
wins = 0
for n in range(20):
    try:
        store.commit([Create("leases", f"d{n}", {"holder": sys.argv[3]})])
        wins += 1
    except Conflict:
        pass
print(wins)
"""


def test_processes_race_to_open_and_create(request: pytest.FixtureRequest, opening: Opening, tmp_path: Path) -> None:
    """Eight processes open a store that does not exist yet and race for 20 creates: each has one winner."""
    name = request.node.callspec.params["opening"]
    skip_of_one_process(name)
    racers = [_python(RACER, name, str(tmp_path), str(n), stdin=subprocess.PIPE) for n in range(8)]
    for racer in racers:
        assert _out(racer).readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    wins = [int(racer.communicate(timeout=BOUND_SECONDS)[0]) for racer in racers]
    assert sum(wins) == 20
    assert len(opening().query(Query("leases"))) == 20


def test_compare_and_swap_loses_no_increment(opening: Opening) -> None:
    """Eight threads that read, add one and commit with the version lose nothing among them."""
    store = opening()
    store.commit([Create("a", "counter", {"n": 0})])

    def add(_: int) -> None:
        for _attempt in range(1000):
            found = store.get("a", "counter")
            assert found is not None
            try:
                store.commit([Update("a", "counter", {"n": found.fields["n"] + 1}, found.version)])
            except Conflict:
                continue
            return
        raise AssertionError("no increment in 1000 attempts")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    found = store.get("a", "counter")
    assert found is not None
    assert found.fields == {"n": 40}


def test_watch_sees_each_state(store: DocumentStore, opening: Opening) -> None:
    """From absent to created, changed by another handle, and deleted; other documents do not show."""
    other = opening()
    watched = store.watch("a", "x", BOUND_SECONDS)
    assert next(watched) is None
    (first,) = other.commit([Create("a", "x", {"n": 1})])
    assert next(watched) == Document("a", "x", {"n": 1}, first)
    (second, _) = other.commit([Update("a", "x", {"n": 2}, first), Create("a", "y", {})])
    assert next(watched) == Document("a", "x", {"n": 2}, second)
    other.commit([Delete("a", "x", second)])
    assert next(watched) is None


def test_watch_ends(store: DocumentStore) -> None:
    """A watch yields the present state even with no time at all, and ends."""
    store.commit([Create("a", "x", {})])
    assert [document.id for document in store.watch("a", "x", 0.0) if document] == ["x"]
    assert list(store.watch("a", "absent", 0.06)) == [None]


def test_closed(store: DocumentStore) -> None:
    """A closed store says so instead of opening again."""
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.get("a", "x")


WRITER = """
import itertools, sys
from common.ports import Create
from tests.contract.stores import STORES
store = STORES[sys.argv[1]](sys.argv[2])
for n in itertools.count(int(sys.argv[3])):
    store.commit([Create("halves", f"{n}-{half}", {"n": n, "pad": "x" * 2000}) for half in range(5)])
    print(n, flush=True)
"""


def test_killed_writer_leaves_whole_commits(request: pytest.FixtureRequest, opening: Opening, tmp_path: Path) -> None:
    """kill -9 in the middle of commits, five times: all that was acknowledged is there, nothing is there in part."""
    name = request.node.callspec.params["opening"]
    skip_of_one_process(name)
    acknowledged = -1
    for round_ in range(5):
        start = (round_ + 1) * 1_000_000
        writer = _python(WRITER, name, str(tmp_path), str(start))
        for _ in range(3 + 7 * round_):
            acknowledged = int(_out(writer).readline())
        writer.send_signal(signal.SIGKILL)
        # Not communicate(), which passes over the lines that readline() has read ahead.
        acknowledged = max([acknowledged, *map(int, _out(writer).read().split())])
        writer.wait(BOUND_SECONDS)
        store, query = opening(), Query("halves", (("n", ">=", start),), order_by="n")
        numbers = sorted(document.fields["n"] for document in _all(store, query))
        last = numbers[-1]
        assert last in {acknowledged, acknowledged + 1}
        assert numbers == [n for n in range(start, last + 1) for _ in range(5)]


def _all(store: DocumentStore, query: Query) -> list[Document]:
    """Every page: a writer that is killed late has written more than one."""
    found = store.query(query)
    while page := store.query(replace(query, after=found[-1])):
        found += page
    return found


def _python(source: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", source, *arguments], cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, text=True
    )


def _out(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return process.stdout


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
