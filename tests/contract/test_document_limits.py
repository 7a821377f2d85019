"""What every DocumentStore refuses, so that the embedded one is no more lenient than Firestore."""

from typing import Any

import pytest

from common.adapters.documents import DocumentRefused
from common.ports import MAX_DOCUMENT_BYTES, MAX_WRITES, Create, DocumentStore


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"a": float("nan")}, r"x\.a is nan"), ({"a": {"b": [1, float("inf")]}}, r"x\.a\.b\[1\]"),
        ({"a": 2**63}, "64 bits"), ({"a": [[1]]}, "list inside a list"), ({"a": b"1"}, "bytes"),
        ({"": 1}, "field name"), ({"__a__": 1}, "field name"), ({1: 1}, "field name"),
        ({"a": "\ud800"}, "surrogate"), ({"a": "x" * MAX_DOCUMENT_BYTES}, "string of"),
        ({"a": [1] * 140_000}, "split it"),
    ],
)
def test_documents_refused(store: DocumentStore, fields: dict[Any, Any], says: str) -> None:
    """What Firestore would not take is refused with the path of what is wrong, and nothing is written."""
    with pytest.raises(DocumentRefused, match=says):
        store.commit([Create("a", "ok", {}), Create("a", "x", fields)])
    assert store.get("a", "ok") is None


def test_largest_document_and_commit(store: DocumentStore) -> None:
    """Just under 1 MiB and exactly MAX_WRITES pass; a write more, the same document twice, or 11 MB do not."""
    store.commit([Create("a", "large", {"text": "x" * (MAX_DOCUMENT_BYTES - 200)})])
    writes = [Create("b", f"d{n}", {"n": n}) for n in range(MAX_WRITES + 1)]
    with pytest.raises(DocumentRefused, match="split it"):
        store.commit(writes)
    assert len(store.commit(writes[:MAX_WRITES])) == MAX_WRITES
    with pytest.raises(DocumentRefused, match="twice"):
        store.commit([Create("a", "x", {}), Create("a", "x", {})])
    with pytest.raises(DocumentRefused, match="split it"):
        store.commit([Create("a", f"mib{n}", {"text": "x" * 1_000_000}) for n in range(11)])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "__a__", "x" * 1501, "a\nb"])
def test_names_refused(store: DocumentStore, name: str) -> None:
    """A name that Firestore refuses is refused as a collection and as an id, in reading and in writing."""
    for collection, id in ((name, "x"), ("a", name)):
        with pytest.raises(DocumentRefused):
            store.get(collection, id)
        with pytest.raises(DocumentRefused):
            store.commit([Create(collection, id, {})])
