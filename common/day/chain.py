"""Hash chains over orders and control actions: whoever changes, removes or adds one afterwards breaks what follows."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from common.ports import Document, Fields

AUDIT: Final = "audit"
"""Field of an order with the chain's entries of its changes; of a workload with the chain's head."""
START: Final = ""
"""What the first entry of a chain has for the hash before it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: number of its last entry, 0 for an empty one, and its hash."""

    number: int = 0
    hash: str = START

    @classmethod
    def from_fields(cls, fields: Any) -> Self | None:
        """None where there is none, or not one that can be read."""
        match fields:
            case {"number": int(number), "hash": str(text)}:
                return cls(number, text)
        return None

    def to_fields(self) -> dict[str, Any]:
        return {"number": self.number, "hash": self.hash}


def content_hash(content: Any) -> str:
    """SHA-256 of canonical JSON: equal content, equal hash, in every store."""
    return hashlib.sha256(_ENCODER.encode(content).encode()).hexdigest()


def entry_hash(before: str, number: int, id: str, content: str) -> str:
    """Of the entry with that number, on document `id`, whose content has the hash `content`."""
    return hashlib.sha256(f"{before}\n{number}\n{id}\n{content}".encode()).hexdigest()


class OrderChain:
    """One workload's chain, gone on with from whatever is stored. It lies in the orders, so it costs no write.

    An order's document is replaced with each change; its entries stay in it, so that the chain has no gap.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        """documents: every order of the workload, as read under its lease."""
        self._entries: dict[str, list[Mapping[str, Any]]] = {one.id: list(entries_of(one.fields)) for one in documents}
        ends = (Head(entry["number"], entry["hash"]) for entries in self._entries.values() for entry in entries)
        self.head = max(ends, key=lambda one: one.number, default=Head())

    def extended(self, head: Head, id: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], Head]:
        """`fields` with their entry behind `head`, and the head then; nothing is remembered before it is stored."""
        entries = self._entries.get(id, [])
        content = content_hash(fields)
        if entries and entries[-1]["content"] == content:
            return {**fields, AUDIT: entries}, head
        number = head.number + 1
        hashed = entry_hash(head.hash, number, id, content)
        entry = {"number": number, "content": content, "prev": head.hash, "hash": hashed}
        return {**fields, AUDIT: [*entries, entry]}, Head(number, hashed)

    def stored(self, id: str, fields: Fields) -> None:
        """What `extended` gave has been stored."""
        self._entries[id] = entries = fields[AUDIT]
        if entries[-1]["number"] > self.head.number:
            self.head = Head(entries[-1]["number"], entries[-1]["hash"])


def entries_of(fields: Fields) -> Iterator[Mapping[str, Any]]:
    """The chain's entries in an order; what cannot be read is left out, so that it stops no trading."""
    found = fields.get(AUDIT)
    for entry in found if isinstance(found, list) else ():
        match entry:
            case {"number": int(), "content": str(), "prev": str(), "hash": str()}:
                yield entry


def _as_dict(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(mapping)


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), sort_keys=True, default=_as_dict)
