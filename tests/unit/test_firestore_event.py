"""Firestore's events: what the relay encodes, a function decodes, and garbage is refused with its reason."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from cloudevents.http import from_http
from google.events.cloud.firestore_v1 import DocumentEventData
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import INDIA
from common.ports import Change, Document
from functions.firestore_event import DocumentEvent, EventRefused, decode, decode_data
from jobs.local import cloud_event
from jobs.local.cloud_event import Database

AT = datetime(2025, 8, 29, 8, 45, 0, 1500, tzinfo=INDIA)
DATABASE = Database("p1")

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), _text
)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3), max_leaves=10
)
_fields = st.dictionaries(_text, _values, max_size=4)


def change(before: dict[str, Any] | None, after: dict[str, Any] | None, id: str = "2025-08-29") -> Change:
    old = None if before is None else Document("plans", id, before, "1")
    new = None if after is None else Document("plans", id, after, "2")
    return Change(2, "plans", id, old, new, AT)


@given(st.none() | _fields, st.none() | _fields)
def test_round_trip(before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    """Any change decodes to the very fields it was made of: types, nesting and signs of zero included."""
    if before is None and after is None:
        return
    found = decode_data(cloud_event.body(change(before, after), DATABASE))
    assert (found.collection, found.id) == ("plans", "2025-08-29")
    assert _exact(found.fields) == _exact(after)
    assert _exact(found.old_fields) == _exact(before)


def test_headers_are_eventarcs() -> None:
    """Names, values and time of a created document's event, as Eventarc sends them in binary mode."""
    headers = cloud_event.headers(change(None, {}), "created", DATABASE)
    id = headers.pop("ce-id")
    assert headers == {
        "content-type": "application/protobuf",
        "ce-specversion": "1.0",
        "ce-source": "//firestore.googleapis.com/projects/p1/databases/(default)",
        "ce-type": "google.cloud.firestore.document.v1.created",
        "ce-subject": "documents/plans/2025-08-29",
        "ce-time": "2025-08-29T03:15:00.001500Z",
        "ce-dataschema": cloud_event.SCHEMA,
        "ce-location": "asia-south1", "ce-project": "p1", "ce-database": "(default)", "ce-namespace": "(default)",
        "ce-document": "plans/2025-08-29",
    }
    assert id == cloud_event.headers(change(None, {"other": 1}), "created", DATABASE)["ce-id"]
    assert id != cloud_event.headers(change(None, {}), "written", DATABASE)["ce-id"]


def test_headers_are_ascii_whatever_the_id() -> None:
    """Spaces, quotes, per cent signs and other scripts are percent-encoded, as CloudEvents' HTTP binding asks."""
    headers = cloud_event.headers(change(None, {}, id='50% "é"'), "created", DATABASE)
    assert headers["ce-document"] == "plans/50%25%20%22%C3%A9%22"


def test_the_frameworks_parser_hands_over_the_bytes() -> None:
    """The cloudevents package that functions-framework uses takes headers and body, and the data decodes."""
    created = change(None, {"status": "READY", "n": 1})
    event = from_http(cloud_event.headers(created, "created", DATABASE), cloud_event.body(created, DATABASE))
    assert event["type"] == "google.cloud.firestore.document.v1.created"
    assert event["document"] == "plans/2025-08-29"
    assert decode(event) == DocumentEvent("plans", "2025-08-29", {"status": "READY", "n": 1}, None)


def test_images_times_and_mask() -> None:
    """The protobuf has the full names, the times and the mask of what differs, quoted where it is no simple name."""
    created = DocumentEventData.deserialize(cloud_event.body(change(None, {"a": 1}), DATABASE))
    assert created.value.name == "projects/p1/databases/(default)/documents/plans/2025-08-29"
    assert created.value.create_time == created.value.update_time == AT
    updated = DocumentEventData.deserialize(
        cloud_event.body(change({"a": 1, "gone": 1, "kept": [1]}, {"a": 1.0, "x y": 1, "kept": [1]}), DATABASE)
    )
    assert list(updated.update_mask.field_paths) == ["a", "gone", "`x y`"]


@pytest.mark.parametrize(
    ("before", "after", "type"),
    [(None, {}, "created"), ({}, None, "deleted"), ({"a": 1}, {"a": 1.0}, "updated"), ({"a": 1}, {"a": 1}, None)],
)
def test_event_type(before: dict[str, Any] | None, after: dict[str, Any] | None, type: str | None) -> None:
    """What happened, by the images; an update that changes nothing is no event."""
    assert cloud_event.event_type(change(before, after)) == type


def test_googles_sample_of_a_created_document() -> None:
    """An old value that is present but empty means created, as in Google's own sample."""
    event = DocumentEventData.pb()()
    event.value.name = "projects/p/databases/d/documents/c/i"
    event.old_value.SetInParent()
    assert decode_data(event.SerializeToString()) == DocumentEvent("c", "i", {}, None)


def _named(value: str, old_value: str = "") -> bytes:
    event = DocumentEventData.pb()()
    event.value.name, event.old_value.name = value, old_value
    data: bytes = event.SerializeToString()
    return data


def _with_timestamp() -> bytes:
    event = DocumentEventData.pb()()
    event.value.name = "projects/p/databases/d/documents/c/i"
    event.value.fields["m"].map_value.fields["at"].timestamp_value.FromDatetime(datetime(2025, 1, 1, tzinfo=INDIA))
    data: bytes = event.SerializeToString()
    return data


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "0 bytes"), (b"\xff\xff\xff", "not a DocumentEventData"), (b"{}", "not a DocumentEventData"),
        ({"value": {}}, "is a dict"), (None, "NoneType"), (b"x" * 5_000_000, "5000000 bytes"),
        (_named(""), "0 bytes|names 0"), (_named("projects/p/databases/d/documents/c/i/sub/j"), "named"),
        (_named("c/i"), "named"), (_named("projects/p/databases/d/documents/c/"), "named"),
        (_named("projects/p/databases/d/documents/c/i", "projects/p/databases/d/documents/c/j"), "2 documents"),
        (_with_timestamp(), r"m\.at is a timestamp_value"),
    ],
)
def test_garbage_is_refused(data: object, says: str) -> None:
    """What is not a document event says why, and is never half decoded."""
    with pytest.raises(EventRefused, match=says):
        decode_data(data)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    """No bytes raise anything but EventRefused."""
    @dataclass
    class Event:
        def get_attributes(self) -> dict[str, Any]:
            raise AssertionError("decoding asks for nothing but the data")

        def get_data(self) -> bytes:
            return data

    with contextlib.suppress(EventRefused):
        assert decode(Event()).collection


def _exact(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{_exact(value[name])}" for name in sorted(value)) + "}"
    return "[" + ",".join(map(_exact, value)) + "]" if isinstance(value, list) else repr(value)
