"""What a Firestore event says: the document's place and its fields after and before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol

from common.firestore_value import fields_of

OLDEST: Final = timedelta(hours=1)
MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
"""Two images of at most 1 MiB each and their names; what is larger did not come from Firestore."""


class EventRefused(ValueError):
    """The event is not a Firestore document's, or holds what Tron never writes: a retry will not help."""


class CloudEvent(Protocol):
    """What functions_framework hands to a function."""

    def get_data(self) -> Any: ...

    def get_attributes(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class DocumentEvent:
    """One change of one document. fields: None when it was deleted. old_fields: None when it was created."""

    collection: str
    id: str
    fields: Mapping[str, Any] | None
    old_fields: Mapping[str, Any] | None


def decode(event: CloudEvent) -> DocumentEvent:
    """The change that a CloudEvent tells of. Raises EventRefused."""
    return decode_data(event.get_data())


def decode_data(data: object) -> DocumentEvent:
    """As `decode`, from the event's data: bytes of google.events.cloud.firestore.v1.DocumentEventData."""
    if not isinstance(data, bytes):
        raise EventRefused(f"the event's data is a {type(data).__name__}, not protobuf bytes; check its content type")
    if not data or len(data) > MAX_EVENT_BYTES:
        raise EventRefused(f"the event's data is {len(data)} bytes; a document event has 1 to {MAX_EVENT_BYTES}")
    message = _parsed(data)
    # Presence by name: Google's own sample of a created document carries an empty old_value.
    value = message.value if message.value.name else None
    old_value = message.old_value if message.old_value.name else None
    images = [image for image in (value, old_value) if image is not None]
    places = {_place(image.name) for image in images}
    if len(places) != 1:
        raise EventRefused(f"the event names {len(places)} documents {sorted(places)}; a document event names one")
    collection, id = places.pop()
    return DocumentEvent(
        collection, id, None if value is None else _fields(value), None if old_value is None else _fields(old_value)
    )


def refuse_old(event: CloudEvent, now: datetime) -> None:
    """Eventarc brings back for a day what failed, when others have long done it. Raises EventRefused."""
    if now - (at := _written_at(event)) > OLDEST:
        raise EventRefused(f"the event is too old: the document was written {at.isoformat()}")


def _written_at(event: CloudEvent) -> datetime:
    text = event.get_attributes().get("time")
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise EventRefused(f"the event's time is {str(text)[:60]!r}, not a moment with its zone")
    return at


@cache
def _message() -> Any:
    # Lazily: a cold start pays for it only in the functions that an event starts.
    from google.events.cloud.firestore_v1 import DocumentEventData

    return DocumentEventData.pb()


def _parsed(data: bytes) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return _message().FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:
        raise EventRefused(f"the event's {len(data)} bytes are not a DocumentEventData: {error}") from error


def _place(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if len(parts) != 7 or (parts[0], parts[2], parts[4]) != ("projects", "databases", "documents") or not all(parts):
        raise EventRefused(
            f"the event's document is named {name[:200]!r}; "
            "expected projects/PROJECT/databases/DATABASE/documents/COLLECTION/ID"
        )
    return parts[5], parts[6]


def _fields(image: Any) -> dict[str, Any]:
    try:
        return fields_of(image)
    except ValueError as error:
        raise EventRefused(f"the event's document {image.name}: {error}") from error
