"""The broker's postback of an order: checked, and then no more than a hint to read the books sooner."""

import hashlib
import hmac
import json
import re
from typing import Any, Final

from common.day.workloads import workload_id
from common.market.instrument import AssetClass
from common.ports import Clock, Conflict, Create, DocumentStore, StoreUnavailable, Update
from common.redaction import Secret
from common.trading.book import tag_prefix

HINTS: Final = "hints"
"""{date}-{asset class}: which order updates have been hinted at, the latest MAX_SEEN."""
MAX_BYTES: Final = 10_000
MAX_SEEN: Final = 200
MAX_TRIES: Final = 5
LOOK_EVERY: Final = 6_000_000_000
"""Nanoseconds between two looks at the hints: each is a read of the store, of which a day has 50,000 for nothing."""
_FIELD: Final = r'"%s"\s*:\s*("(?:[^"\\]|\\.)*")'


class PostbackRefused(ValueError):
    """It is not the broker's, or not one that we could read."""


def take(body: bytes, secret: Secret, store: DocumentStore, clock: Clock) -> str:
    """What was done with it, for people. Raises PostbackRefused, StoreUnavailable.

    The content is believed in nothing: sent again, late or out of order it only makes a workload read the books.
    """
    fields = checked(body, secret)
    today = clock.now().date()
    for asset_class in AssetClass:
        tags = [fields.get("tag"), *(fields.get("tags") or ())] if isinstance(fields.get("tags"), list | None) else []
        if any(isinstance(tag, str) and tag.startswith(tag_prefix(asset_class, today)) for tag in tags):
            update = f"{fields['order_id']} {fields['order_timestamp']} {fields.get('status')}"[:100]
            return _hint(update, workload_id(today, asset_class), store)
    return "not of ours"


def checked(body: bytes, secret: Secret) -> dict[str, Any]:
    """The postback's fields, where its checksum is right: SHA-256 over order id, timestamp and the app's secret.

    Both as they are written in the body, before anything parses them. Raises PostbackRefused.
    """
    if len(body) > MAX_BYTES:
        raise PostbackRefused(f"{len(body)} bytes, a postback has at most {MAX_BYTES}")
    try:
        text = body.decode()
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise PostbackRefused("not JSON") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("checksum"), str):
        raise PostbackRefused("no checksum")
    told = _raw(text, "order_id", fields) + _raw(text, "order_timestamp", fields) + secret.reveal()
    expected = hashlib.sha256(told.encode()).hexdigest()
    if not hmac.compare_digest(expected.encode(), fields["checksum"].encode(errors="replace")):
        raise PostbackRefused("the checksum is not the broker's")
    return fields


class Hints:
    """Whether there is a new hint for a workload; looked at now and then."""

    def __init__(self, store: DocumentStore, id: str) -> None:
        self._store = store
        self._id = id
        self._next = 0
        self._version: str | None = None

    def new(self, ts: int) -> bool:
        """True once for each change. ts: nanoseconds. A store that does not answer has no hints."""
        if ts < self._next:
            return False
        self._next = ts + LOOK_EVERY
        try:
            document = self._store.get(HINTS, self._id)
        except StoreUnavailable:
            return False
        before, self._version = self._version, document.version if document is not None else ""
        return before is not None and self._version != before


def _raw(text: str, name: str, fields: dict[str, Any]) -> str:
    """The string as it stands in the body: one that a parser might have changed is refused."""
    found = re.findall(_FIELD % name, text)
    if len(found) != 1 or not isinstance(fields.get(name), str) or found[0] != f'"{fields[name]}"':
        raise PostbackRefused(f"{name} is not there once, as a plain string")
    return str(fields[name])


def _hint(update: str, id: str, store: DocumentStore) -> str:
    for _ in range(MAX_TRIES):
        document = store.get(HINTS, id)
        seen = list(document.fields["seen"]) if document is not None else []
        if update in seen:
            return "seen before"
        fields = {"date": id[:10], "seen": [*seen, update][-MAX_SEEN:]}
        try:
            store.commit([
                Create(HINTS, id, fields) if document is None else Update(HINTS, id, fields, document.version)
            ])
        except Conflict:
            continue
        return "hinted"
    return "others hint at this moment"
