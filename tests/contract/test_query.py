"""What every DocumentStore answers to a query: Firestore's rules on types, missing fields, order and cursors."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.documents import DocumentRefused
from common.ports import Create, Document, DocumentStore, Query
from tests.contract.stores import QUICK

_not_null = st.one_of(
    st.booleans(), st.integers(-2, 2), st.sampled_from([-0.5, 1.0, 1.5]), st.text("aé", max_size=2)
)
_few = st.none() | _not_null
_collections = itertools.count()
_names = st.sampled_from(["f", "g"])
_filters = st.lists(
    st.one_of(
        st.tuples(_names, st.sampled_from(["<", "<=", ">", ">="]), _not_null),
        st.tuples(_names, st.just("=="), _few),
        st.tuples(_names, st.just("in"), st.lists(_not_null, min_size=1, max_size=3)),
    ),
    max_size=2,
)
_documents = st.lists(st.dictionaries(st.sampled_from(["f", "g"]), _few, max_size=2), max_size=8)


@QUICK
@given(_documents, _filters, st.sampled_from([None, "f", "-f"]), st.integers(1, 3))
def test_query_against_a_model(
    store: DocumentStore, documents: list[dict[str, Any]], filters: list[Any], order_by: str | None, page: int
) -> None:
    """Pages by cursor, put together, are what a plain reading of Firestore's rules gives, in its order."""
    collection = f"c{next(_collections)}"
    ordered = (order_by or "").removeprefix("-")
    filters = [test for test in filters if test[1] in ("==", "in") or test[0] == ordered]
    store.commit([Create(collection, f"d{n}", fields) for n, fields in enumerate(documents)])
    found: list[Document] = []
    after: Document | None = None
    while batch := store.query(Query(collection, tuple(filters), order_by, page, after)):
        found += batch
        after = batch[-1]
    assert [document.id for document in found] == _expected(documents, filters, order_by)


def test_types_do_not_mix(store: DocumentStore) -> None:
    """1, 1.0 and true are not one another's equals but for the two numbers; order is by type, then by value."""
    values = {"a": "1", "b": True, "c": 1, "d": 1.0, "e": None, "f": False, "g": -5, "h": "", "j": 2**63 - 1}
    store.commit([*(Create("m", id, {"f": value}) for id, value in values.items()), Create("m", "without", {"g": 1})])

    def ids(*filters: Any, order_by: str | None = None) -> str:
        return "".join(document.id for document in store.query(Query("m", filters, order_by)))

    assert ids(("f", "==", 1)) == "cd"
    assert ids(("f", "==", True)) == "b"
    assert ids(("f", "==", None)) == "e"
    assert ids(("f", "==", 2**63 - 1)) == "j"
    assert ids(("f", "==", 2**63 - 2)) == ""
    assert ids(("f", "<", 2), order_by="f") == "gcd"
    assert ids(("f", ">=", ""), order_by="-f") == "ah"
    assert ids(("f", "in", [True, "1", -5])) == "abg"
    assert ids(order_by="f") == "efbgcdjha"
    assert ids(order_by="-f") == "ahjdcgbfe"


@pytest.mark.parametrize(
    "query",
    [
        Query("a", limit=0), Query("a", limit=1001), Query("a/b"), Query("a", (("f", "!=", 1),)),  # type: ignore[arg-type]
        Query("a", (("f", "==", [1]),)), Query("a", (("f", "<", None),)), Query("a", (("f", "in", []),)),
        Query("a", (("f", "in", [*range(31)]),)),
        Query("a", (("f", "in", [*range(6)]), ("g", "in", [*range(6)]))), Query("a", (("f.g", "==", 1),)),
        Query("a", (("f", "==", float("nan")),)), Query("a", order_by="f'\""),
        Query("a", (("f", "<", 1),)), Query("a", (("f", ">=", 1), ("f", "==", 2)), order_by="g"),
        Query("a", after=Document("b", "x", {}, "1")), Query("a", order_by="f", after=Document("a", "x", {}, "1")),
    ],
)
def test_queries_refused(store: DocumentStore, query: Query) -> None:
    """What a store could only answer differently from another is refused by all."""
    with pytest.raises(DocumentRefused):
        store.query(query)


def _key(value: Any) -> tuple[int, Any]:
    """Firestore's order: null, booleans, numbers, strings by their UTF-8 bytes."""
    if value is None or isinstance(value, bool):
        return (0, 0) if value is None else (1, value)
    return (3, value.encode()) if isinstance(value, str) else (2, value)


def _matches(fields: dict[str, Any], field: str, operator: str, value: Any) -> bool:
    if field not in fields:
        return False
    if operator == "in":
        return any(_matches(fields, field, "==", item) for item in value)
    (kind, one), (wanted, other) = _key(fields[field]), _key(value)
    results = {"==": one == other} if kind != wanted or one is None else {
        "==": one == other, "<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other
    }
    return kind == wanted and results[operator]


def _expected(documents: list[dict[str, Any]], filters: list[Any], order_by: str | None) -> list[str]:
    found = [(n, d) for n, d in enumerate(documents) if all(_matches(d, *test) for test in filters)]
    if order_by is not None:
        field = order_by.removeprefix("-")
        found = [(n, d) for n, d in found if field in d]
        found.sort(key=lambda pair: (_key(pair[1][field]), f"d{pair[0]}"), reverse=order_by.startswith("-"))
    return [f"d{n}" for n, _ in found]
