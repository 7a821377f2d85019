"""An answer and the mark by which the asker knows it again; cursors, from which a list goes on."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from common.day.api.problem import Problem
from common.day.workloads import WORKLOADS, workload_id
from common.market.instrument import AssetClass
from common.ports import Document, DocumentStore

MAX_CURSOR_PART: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """fields: None where what the asker has still stands. page: HTML in their place. etag: '' where nothing is kept."""

    fields: Mapping[str, Any] | None = None
    etag: str = ""
    page: str = ""


def answered(etag: str, asked: str, make: Callable[[], Mapping[str, Any]]) -> Answer:
    """Made only where the asker's mark is another. asked: the value of If-None-Match."""
    known = {mark.strip().removeprefix("W/").strip('"') for mark in asked.split(",")}
    return Answer(None if etag in known else make(), etag)


def etag_of(*told: Any) -> str:
    """Of anything that JSON can say; documents by their versions."""
    def plain(value: Any) -> Any:
        return (value.collection, value.id, value.version) if isinstance(value, Document) else str(value)

    return sha256(json.dumps(told, default=plain).encode()).hexdigest()[:20]


def workload_documents(store: DocumentStore, day: date) -> list[Document]:
    """By three gets: a query would be billed the same, and be no get."""
    found = (store.get(WORKLOADS, workload_id(day, asset_class)) for asset_class in AssetClass)
    return [document for document in found if document is not None]


def to_cursor(document: Document, order_by: str, about: str) -> str:
    """Behind this document. about: what the list was asked for; another list does not take the cursor."""
    told = json.dumps([document.fields[order_by], document.id, about], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def from_cursor(text: str | None, collection: str, order_by: str, about: str) -> Document | None:
    """What to go on behind. Raises Problem."""
    if text is None:
        return None
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    match found:
        case [str(value), str(id), str(told)] if told == about and is_id(id) and len(value) <= MAX_CURSOR_PART:
            return Document(collection, id, {order_by: value}, "")
    raise Problem("invalid-request", "cursor is not one of this list: give `next` of the page before, and its filters")


def is_id(text: str) -> bool:
    """Whether it may name a document of ours."""
    plain = all(one.isascii() and (one.isalnum() or one in "-_.:") for one in text)
    return 0 < len(text) <= MAX_CURSOR_PART and plain and text.strip(".") != ""


def whole(parameters: Mapping[str, Any], names: Iterable[str]) -> str:
    """What a list was asked for, short."""
    return etag_of([str(parameters[name]) for name in names])[:8]
