"""Document store and archive of one process, without a disk: as strict as the durable ones, and gone with it."""

import json
import marshal
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from threading import Condition
from typing import Any, Final, TypeAlias

from common.adapters.directory import checked_name
from common.adapters.documents import check_name, encode_commit
from common.adapters.sqlite_query import select
from common.ports import Conflict, Create, Delete, Document, Filter, Query, StoreError, Write

Place: TypeAlias = tuple[str, str]
"""Collection and id."""


class Documents:
    """What is stored, shared by any number of handles: version and content (canonical JSON if checked) by place.

    read: what was last given out unchecked, of the version that it names.
    """

    def __init__(self) -> None:
        self.changed = Condition()
        self.rows: dict[Place, tuple[int, str | bytes]] = {}
        self.read: dict[Place, Document] = {}
        self.commits = 0
        self.version = 0


class MemoryStore:
    """DocumentStore on shared `documents`. Safe for threads.

    checked: whether each commit is held against Firestore's limits, and each reader has a copy of its own; a caller
    that counts microseconds, has its documents checked elsewhere and changes none that it has read, may do without.
    """

    def __init__(self, documents: Documents | None = None, *, checked: bool = True) -> None:
        self._held: Documents | None = documents or Documents()
        self._checked = checked

    def get(self, collection: str, id: str) -> Document | None:
        if self._checked:
            check_name("collection", collection)
            check_name("document id", id)
        row = self._documents.rows.get((collection, id))
        return None if row is None else self._document((collection, id), *row)

    def query(self, query: Query) -> list[Document]:
        """Raises DocumentRefused for what the durable stores refuse."""
        select(query)
        documents = self._documents
        with documents.changed:
            rows = [(id, *row) for (collection, id), row in documents.rows.items() if collection == query.collection]
        found = [self._document((query.collection, id), version, text) for id, version, text in rows]
        found = [one for one in found if all(_matches(one.fields, test) for test in query.filters)]
        return _in_order(query, found)[: query.limit]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """All writes or none. Raises Conflict; DocumentRefused where commits are checked."""
        texts = encode_commit(writes) if self._checked else [_frozen(write) for write in writes]
        documents = self._documents
        with documents.changed:
            for write in writes:
                _check_precondition(write, documents.rows.get((write.collection, write.id)))
            versions = [_write(documents, write, text) for write, text in zip(writes, texts, strict=True)]
            documents.commits += 1
            documents.changed.notify_all()
        return versions

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        """Waits in real time."""
        check_name("collection", collection)
        check_name("document id", id)
        return self._watch(collection, id, time.monotonic() + timeout_seconds)

    def close(self) -> None:
        """This handle refuses any later call; the documents stay with the others."""
        self._held = None

    def _document(self, place: Place, version: int, text: str | bytes) -> Document:
        name, read = str(version), self._documents.read
        if not self._checked:
            known = read.get(place)
            if known is not None and known.version == name:
                return known
        document = Document(*place, json.loads(text) if isinstance(text, str) else marshal.loads(text), name)
        if not self._checked:
            read[place] = document
        return document

    def _watch(self, collection: str, id: str, deadline: float) -> Iterator[Document | None]:
        documents, seen = self._documents, -1
        while True:
            with documents.changed:
                version = documents.rows.get((collection, id), (0, ""))[0]
                if version == seen and not documents.changed.wait(max(0.0, deadline - time.monotonic())):
                    return
            if version != seen:
                seen = version
                yield self.get(collection, id)

    @property
    def _documents(self) -> Documents:
        if self._held is None:
            raise StoreError("this store is closed; open another handle")
        return self._held


class MemoryArchive:
    """Archive in a dictionary, safe for threads."""

    def __init__(self) -> None:
        self._blobs: dict[tuple[date, str], bytes] = {}

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        """Raises Conflict, StoreError (bad name)."""
        place = (day, checked_name(name))
        if overwrite:
            self._blobs[place] = data
        elif self._blobs.setdefault(place, data) is not data:
            raise Conflict(f"{day}/{name} is archived already; read it, then decide")

    def get(self, day: date, name: str) -> bytes | None:
        return self._blobs.get((day, checked_name(name)))

    def list(self, day: date, prefix: str = "") -> list[str]:
        """Names of the day that begin with `prefix`, sorted."""
        return sorted(name for held, name in list(self._blobs) if held == day and name.startswith(prefix))


def _frozen(write: Write) -> bytes | None:
    """As it is now, whatever its writer does to it later; several times faster than JSON."""
    if isinstance(write, Delete):
        return None
    try:
        return marshal.dumps(dict(write.fields), _WITHOUT_REFERENCES)
    except ValueError:  # enumerations, read-only mappings: what JSON makes of them
        return marshal.dumps(json.loads(_ENCODER.encode(write.fields)), _WITHOUT_REFERENCES)


def _as_dict(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(mapping)


_WITHOUT_REFERENCES: Final = 2
"""Marshal's format in which equal content has equal bytes."""
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), sort_keys=True, default=_as_dict)


def _check_precondition(write: Write, current: tuple[int, str | bytes] | None) -> None:
    where = f"{write.collection}/{write.id}"
    if isinstance(write, Create):
        if current is not None:
            raise Conflict(f"{where} exists already, at version {current[0]}; read it, then decide")
    elif current is None:
        raise Conflict(f"{where} does not exist; read again, then decide")
    elif str(current[0]) != write.version:
        raise Conflict(f"{where} is at version {current[0]}, not {write.version}; read again, then decide")


def _write(documents: Documents, write: Write, text: str | bytes | None) -> str:
    """The new version; the same content keeps its version, '' for a delete."""
    place = (write.collection, write.id)
    if text is None:
        del documents.rows[place]
        return ""
    current = documents.rows.get(place)
    if current is not None and current[1] == text:
        return str(current[0])
    documents.version += 1
    documents.rows[place] = (documents.version, text)
    return str(documents.version)


_NULL: Final = (0, 0)


def _rank(value: Any) -> tuple[int, Any]:
    """Firestore's order: null, booleans, numbers, strings, then lists and maps by their text."""
    if value is None or isinstance(value, bool):
        return _NULL if value is None else (1, value)
    if isinstance(value, int | float):
        return 2, value
    if isinstance(value, str):
        return 3, value
    return (4 if isinstance(value, list) else 5), json.dumps(value)


def _matches(fields: Mapping[str, Any], test: Filter) -> bool:
    field, operator, wanted = test
    if field not in fields:
        return False
    if operator == "in":
        return any(_matches(fields, (field, "==", item)) for item in wanted)
    (kind, value), (other_kind, other) = _rank(fields[field]), _rank(wanted)
    if kind != other_kind:
        return False
    if operator == "==":
        return bool(value == other)
    if operator.startswith("<"):
        return bool(value < other or (operator == "<=" and value == other))
    return bool(value > other or (operator == ">=" and value == other))


def _in_order(query: Query, found: list[Document]) -> list[Document]:
    """Sorted, and only what comes behind the cursor."""
    field = (query.order_by or "").removeprefix("-")
    backwards = (query.order_by or "").startswith("-")

    def place(document: Document) -> tuple[Any, ...]:
        return (*_rank(document.fields[field]), document.id) if field else (document.id,)

    if field:
        found = [one for one in found if field in one.fields]
    found.sort(key=place, reverse=backwards)
    if query.after is None:
        return found
    mark = place(query.after)
    return [one for one in found if (place(one) < mark if backwards else place(one) > mark)]
