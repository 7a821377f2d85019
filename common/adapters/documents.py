"""What a document, a name and a commit may be: Firestore's limits, held by every store so that none is more lenient.

Sources: firebase.google.com/docs/firestore/quotas (names, sizes, depth) and .../storage-size (how size is counted).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.ports import MAX_DOCUMENT_BYTES, MAX_WRITES, Delete, StoreError, Update, Write

MAX_COMMIT_BYTES: Final = 10 * 1024 * 1024
MAX_NAME_BYTES: Final = 1500
MAX_DEPTH: Final = 20
MAX_STRING_BYTES: Final = MAX_DOCUMENT_BYTES - 89

_RESERVED = re.compile(r"__.*__", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class DocumentRefused(StoreError, ValueError):
    """The document, name, query or commit is not allowed: a mistake of the caller; nothing was written."""


def check_name(kind: str, name: str) -> str:
    """`name` as given, if it may be a collection name or document id (`kind` says which). Raises DocumentRefused."""
    if not name or "/" in name or name in {".", ".."} or _RESERVED.fullmatch(name) or _CONTROL.search(name):
        raise DocumentRefused(f"{kind} {name!r}: not empty, no '/', '.', '..', '__x__' or control characters")
    if _utf8_bytes(name, kind) > MAX_NAME_BYTES:
        raise DocumentRefused(f"{kind} {name[:40]!r}... is longer than {MAX_NAME_BYTES} bytes of UTF-8")
    return name


def encode_fields(collection: str, id: str, fields: Mapping[str, Any]) -> str:
    """A document's fields as canonical JSON: equal content, equal text. Raises DocumentRefused, with the path.

    Its size must be within MAX_DOCUMENT_BYTES as JSON and as Firestore counts it (a small integer is 8 bytes there).
    """
    where = f"{collection}/{id}"
    if not isinstance(fields, Mapping):
        raise DocumentRefused(f"{where} is a {type(fields).__name__}; a document is a mapping of field names to values")
    name_bytes = len(collection.encode()) + len(id.encode()) + 2 + 16
    counted = _map_bytes(fields, where, 0) + name_bytes + 32
    text = json.dumps(
        fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True, default=_as_dict
    )
    largest = max(counted, len(text.encode()))
    if largest > MAX_DOCUMENT_BYTES:
        raise DocumentRefused(f"{where} takes {largest} bytes of at most {MAX_DOCUMENT_BYTES}; split it, or archive it")
    return text


def encode_commit(writes: Sequence[Write]) -> list[str | None]:
    """The JSON of each write in order, None for a delete. Raises DocumentRefused; see MAX_WRITES, MAX_COMMIT_BYTES."""
    if len(writes) > MAX_WRITES:
        raise DocumentRefused(f"a commit of {len(writes)} writes; at most {MAX_WRITES} are atomic: split it")
    texts: list[str | None] = []
    seen: set[tuple[str, str]] = set()
    for write in writes:
        place = (check_name("collection", write.collection), check_name("document id", write.id))
        if place in seen:
            raise DocumentRefused(f"{write.collection}/{write.id} is written twice in one commit; write it once")
        seen.add(place)
        if isinstance(write, Update | Delete) and not isinstance(write.version, str):
            raise DocumentRefused(f"{write.collection}/{write.id}: version {write.version!r} is not one a store gave")
        texts.append(None if isinstance(write, Delete) else encode_fields(write.collection, write.id, write.fields))
    total = sum(len(text.encode()) for text in texts if text is not None)
    if total > MAX_COMMIT_BYTES:
        raise DocumentRefused(f"a commit of {total} bytes; at most {MAX_COMMIT_BYTES} are atomic: split it")
    return texts


def _as_dict(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(mapping)


def _utf8_bytes(text: str, where: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise DocumentRefused(f"{where}: {text[:40]!r} is not valid Unicode (a lone surrogate)") from error


def _map_bytes(fields: Mapping[Any, Any], where: str, depth: int) -> int:
    total = 0
    for name, value in fields.items():
        if not isinstance(name, str) or not name or _RESERVED.fullmatch(name):
            raise DocumentRefused(f"{where} has the field name {name!r}; names are strings, not empty, not '__x__'")
        size = _utf8_bytes(name, where)
        if size > MAX_NAME_BYTES:
            raise DocumentRefused(f"{where}: the field name {name[:40]!r}... is longer than {MAX_NAME_BYTES} bytes")
        total += size + 1 + _value_bytes(value, f"{where}.{name}", depth + 1)
    return total


def _value_bytes(value: Any, where: str, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise DocumentRefused(f"{where} is nested more than {MAX_DEPTH} deep; flatten it")
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | float):
        return _number_bytes(value, where)
    if isinstance(value, str):
        size = _utf8_bytes(value, where)
        if size > MAX_STRING_BYTES:
            raise DocumentRefused(f"{where} is a string of {size} bytes; at most {MAX_STRING_BYTES}: archive it")
        return size + 1
    if isinstance(value, Mapping):
        return _map_bytes(value, where, depth)
    if isinstance(value, list | tuple):
        return sum(_item_bytes(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value))
    raise DocumentRefused(f"{where} is a {type(value).__name__}; JSON values only: convert it first")


def _number_bytes(value: int | float, where: str) -> int:
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise DocumentRefused(f"{where} is {value}, outside 64 bits; store it as a string")
    elif value != value or value in {float("inf"), float("-inf")}:
        raise DocumentRefused(f"{where} is {value}; JSON has no such number: store None instead")
    return 8


def _item_bytes(item: Any, where: str, depth: int) -> int:
    if isinstance(item, list | tuple):
        raise DocumentRefused(f"{where} is a list inside a list, which Firestore refuses; make the inner one a map")
    return _value_bytes(item, where, depth)
