"""One committed change as the CloudEvent that Eventarc would send for it: binary mode, protobuf.

Sources: github.com/googleapis/google-cloudevents (proto/google/events/cloud/firestore/v1/data.proto),
cloud.google.com/eventarc/docs (attributes), CloudEvents HTTP binding 1.0 (headers, percent-encoding).
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

from common.firestore_value import set_fields
from common.ports import Change, Document

EventType: TypeAlias = Literal["created", "updated", "deleted", "written"]

TYPE_PREFIX: Final = "google.cloud.firestore.document.v1."
SCHEMA: Final = (
    "https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/firestore/v1/data.proto"
)

_SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True, slots=True)
class Database:
    """Where the documents would live; only names in the events."""

    project: str = "tron-local"
    location: str = "asia-south1"
    name: str = "(default)"

    @property
    def path(self) -> str:
        return f"projects/{self.project}/databases/{self.name}"


def event_type(change: Change) -> EventType | None:
    """What happened; None for an update that changed nothing, for which Firestore sends no event."""
    if change.before is None:
        return None if change.after is None else "created"
    if change.after is None:
        return "deleted"
    return None if _same(change.before.fields, change.after.fields) else "updated"


def headers(change: Change, type: EventType, database: Database) -> dict[str, str]:
    """The HTTP headers of the event. The id is the same however often the event is sent."""
    source = f"//firestore.googleapis.com/{database.path}"
    document = f"{change.collection}/{change.id}"
    at = change.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    attributes = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source}/{change.number}/{at}/{type}")),
        "source": source,
        "type": TYPE_PREFIX + type,
        "subject": f"documents/{document}",
        "time": at,
        "dataschema": SCHEMA,
        "location": database.location,
        "project": database.project,
        "database": database.name,
        "namespace": "(default)",
        "document": document,
    }
    encoded = {f"ce-{name}": header_value(value) for name, value in attributes.items()}
    return {"content-type": "application/protobuf", **encoded}


def header_value(text: str) -> str:
    """An attribute as the HTTP binding has it: percent-encoded but for printable ASCII."""
    return quote(text, safe=_HEADER_SAFE)


def body(change: Change, database: Database) -> bytes:
    """The event's data, a serialised google.events.cloud.firestore.v1.DocumentEventData.

    A create time is set only on a created document: the feed does not carry it further.
    """
    event = _message()()
    if change.after is not None:
        _fill(event.value, change.after, database)
        event.value.update_time.FromDatetime(change.at.astimezone(UTC))
        if change.before is None:
            event.value.create_time.FromDatetime(change.at.astimezone(UTC))
    if change.before is not None:
        _fill(event.old_value, change.before, database)
    if change.before is not None and change.after is not None:
        event.update_mask.field_paths.extend(_changed(change.before.fields, change.after.fields))
    data: bytes = event.SerializeToString(deterministic=True)
    return data


@cache
def _message() -> Any:
    # Lazily: the generated types take 40 ms, and only a relay needs them.
    from google.events.cloud.firestore_v1 import DocumentEventData

    return DocumentEventData.pb()


def _fill(target: Any, document: Document, database: Database) -> None:
    target.name = f"{database.path}/documents/{document.collection}/{document.id}"
    set_fields(target, document.fields)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = sorted(before.keys() | after.keys())
    differing = [name for name in names if not _same_field(name, before, after)]
    return [name if _SIMPLE_NAME.fullmatch(name) else _quoted(name) for name in differing]


def _same_field(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return name in before and name in after and _same(before[name], after[name])


def _same(one: Any, other: Any) -> bool:
    # As JSON, because Python takes 1, 1.0 and True for equal and Firestore does not.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
