"""Postbacks: the broker's checksum over the raw strings, nothing believed, sent again without effect."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import VirtualClock
from common.adapters.memory import MemoryStore
from common.day.postback import HINTS, LOOK_EVERY, MAX_BYTES, MAX_SEEN, Hints, PostbackRefused, checked, take
from common.market.indian_time import INDIA
from common.redaction import Secret
from tests.unit.kite_case import SECRET, row

KEY = Secret(SECRET)
NOW = datetime(2025, 8, 29, 10, 0, tzinfo=INDIA)
ID = "2025-08-29-stock"


def postback(**changes: Any) -> bytes:
    """As the broker sends it."""
    fields = row(status="COMPLETE", **changes)
    told = f"{fields['order_id']}{fields['order_timestamp']}{SECRET}"
    return json.dumps({**fields, "checksum": hashlib.sha256(told.encode()).hexdigest()}).encode()


def test_an_order_of_ours_is_hinted_at_once() -> None:
    """The same again, and again after another, changes nothing: workloads are not made to read for ever."""
    store, clock = MemoryStore(), VirtualClock(NOW)
    assert take(postback(), KEY, store, clock) == "hinted"
    assert take(postback(order_timestamp="2025-08-29 09:30:00"), KEY, store, clock) == "hinted"
    document = store.get(HINTS, ID)
    assert take(postback(), KEY, store, clock) == "seen before"
    assert store.get(HINTS, ID) == document


@pytest.mark.parametrize("changes", [{"tag": None}, {"tag": "mine", "tags": ["x"]}, {"tag": "T250828S00001E"}])
def test_orders_of_others_and_other_days_write_nothing(changes: dict[str, Any]) -> None:
    """However many the person's own orders send."""
    store = MemoryStore()
    assert take(postback(**changes), KEY, store, VirtualClock(NOW)) == "not of ours"
    assert store.get(HINTS, ID) is None


def test_what_is_seen_is_bounded() -> None:
    """One document, whatever comes."""
    store, clock = MemoryStore(), VirtualClock(NOW)
    for n in range(MAX_SEEN + 5):
        take(postback(order_id=f"{n:015d}"), KEY, store, clock)
    document = store.get(HINTS, ID)
    assert document is not None
    assert len(document.fields["seen"]) == MAX_SEEN


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"\xff", b"[" * 5_000, b" " * (MAX_BYTES + 1), postback()[:-9] + b'"}',
        postback().replace(b'"COMPLETE"', b'"COMPLETE", "order_id": "9"'),
        postback().replace(b"09:20:01", b"09:20:02"),
        postback().replace(b'"1953341975595868160"', b"1953341975595868160"),
        postback().replace(b"checksum", b"chek"), json.dumps({**row(), "checksum": "\ud800"}).encode(),
    ],
    ids=range(12),
)
def test_what_is_not_the_brokers_is_refused(body: bytes) -> None:
    """Altered, doubled or unreadable fields, another checksum, too much: one error, and nothing is written."""
    store = MemoryStore()
    with pytest.raises(PostbackRefused):
        take(body, KEY, store, VirtualClock(NOW))
    assert store.get(HINTS, ID) is None


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: json.dumps({"checksum": text}).encode()))
def test_no_body_raises_anything_else(body: bytes) -> None:
    """The function is open to the world."""
    with pytest.raises(PostbackRefused):
        checked(body, KEY)


def test_a_workload_hears_of_a_hint_once() -> None:
    """Not of those from before it began, and no oftener than it looks."""
    store, clock = MemoryStore(), VirtualClock(NOW)
    take(postback(), KEY, store, clock)
    hints = Hints(store, ID)
    assert not hints.new(0)
    take(postback(order_id="2"), KEY, store, clock)
    assert [hints.new(ts) for ts in (1, LOOK_EVERY, LOOK_EVERY + 1, 2 * LOOK_EVERY)] == [False, True, False, False]


def test_the_recorded_postback_is_signed_as_documented() -> None:
    """With whatever secret it was: ours does not fit, and the fields are found."""
    file = Path(__file__).resolve().parents[3] / "shared" / "kite" / "postback.json"
    if not file.exists():
        pytest.skip("the recorded answers are not here: ../shared/kite")
    with pytest.raises(PostbackRefused, match="checksum is not the broker's"):
        checked(file.read_bytes(), KEY)
