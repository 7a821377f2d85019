"""What every DocumentStore promises of the field by which documents are deleted: it stays the text that it was."""

from typing import Any

import pytest

from common.ports import Create, DocumentStore, Query, Update

EXPIRY = "2026-12-20T09:15:00.123456+05:30"


@pytest.mark.parametrize("expires", [EXPIRY, "2026-12-20T09:15:00+05:30", "2026-12-20T03:45:00Z", "soon", "", 5, None])
def test_expiry_is_given_back_as_it_was(store: DocumentStore, expires: Any) -> None:
    """Whatever a store makes of the field by which documents are deleted: it reads the same, and changes nothing."""
    (version,) = store.commit([Create("a", "x", {"expires": expires, "in": {"expires": EXPIRY}})])
    found = store.get("a", "x")
    assert found is not None
    assert found.fields == {"expires": expires, "in": {"expires": EXPIRY}}
    assert store.commit([Update("a", "x", found.fields, version)]) == [version]
    for test in (("expires", "==", expires), ("expires", "in", [expires, "never"])):
        if test[1] == "==" or expires is not None:
            assert [one.id for one in store.query(Query("a", (test,)))] == ["x"]


def test_pages_in_order_of_expiry(store: DocumentStore) -> None:
    """Sorted by expiry, on from a cursor, and up to a moment: as any other field."""
    store.commit([Create("a", f"d{hour}", {"expires": f"2026-12-20T{hour:02}:00:00+05:30"}) for hour in (9, 8, 10)])
    first = store.query(Query("a", order_by="expires", limit=1))
    rest = store.query(Query("a", order_by="expires", after=first[0]))
    assert [one.id for one in (*first, *rest)] == ["d8", "d9", "d10"]
    ended = Query("a", (("expires", "<=", "2026-12-20T09:00:00+05:30"),), order_by="-expires")
    assert [one.id for one in store.query(ended)] == ["d9", "d8"]
