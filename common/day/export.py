"""A day out of its store and archive into one file, and back: whole, hash by hash, or not at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from common.day.control import ACCOUNT, CONTROL, read_control
from common.day.day_documents import GOES_ON, ORDER, DayDocuments, belongs, documents_of
from common.day.day_file import DayFileRefused, pack, unpack
from common.ports import Archive, Create, Document, DocumentStore, Fields, StoreError, StoreUnavailable, Update

DOCUMENTS: Final = "documents/"
OBJECTS: Final = "archive/"
LINES: Final = ".ndjson"
COMMIT_DOCUMENTS: Final = 400
COMMIT_BYTES: Final = 4 * 1024 * 1024
MAX_NAMED: Final = 10


class ImportRefused(ValueError):
    """What is stored already and the file do not fit; nothing was written. The text names what differs."""


class ImportIncomplete(StoreError):
    """The store or the archive gave up in the middle; the same import once more goes on from there."""


@dataclass(frozen=True, slots=True)
class Imported:
    """documents, objects: written now. already: documents and objects that were there, the same."""

    day: date
    documents: int
    objects: int
    already: int


def export_day(day: date, store: DocumentStore, archive: Archive) -> bytes:
    """The file's content: documents, archived objects and the control document. Raises LookupError, StoreError.

    Nothing may be written meanwhile: export days that are closed.
    """
    documents, control = documents_of(day, store), read_control(store)
    if not documents:
        raise LookupError(f"nothing is stored for {day}")
    parts = {f"{DOCUMENTS}{collection}{LINES}": _lines(found) for collection, found in documents.items()}
    if control is not None:
        parts[f"{DOCUMENTS}{CONTROL}{LINES}"] = _lines({ACCOUNT: control.fields})
    for name in archive.list(day):
        data = archive.get(day, name)
        if data is not None:
            parts[f"{OBJECTS}{name}"] = data
    return pack(day, parts)


def import_day(content: bytes, store: DocumentStore, archive: Archive) -> Imported:
    """Restore the day, into an empty store or one that holds part of it; what is there and the same stays as it is.

    Raises DayFileRefused, ImportRefused (nothing was written), ImportIncomplete, StoreUnavailable.
    """
    day, parts = unpack(content)
    documents, control, objects = _parsed(day, parts)
    stored, standing = documents_of(day, store), read_control(store)
    differing = [*_differing(documents, stored), *_differing_objects(day, objects, archive)]
    control_write = _control_write(control, standing)
    if differing:
        named = ", ".join(differing[:MAX_NAMED])
        more = f" and {len(differing) - MAX_NAMED} more" if len(differing) > MAX_NAMED else ""
        raise ImportRefused(
            f"{day} is stored already, and not the same: {named}{more}. Nothing was imported: give an empty store, or "
            "remove what differs yourself"
        )
    new = [
        Create(collection, id, fields) for collection, found in documents.items() for id, fields in found.items()
        if id not in stored.get(collection, {})
    ]
    there = set(archive.list(day))
    absent = {name: data for name, data in objects.items() if name not in there}
    writes = [*control_write, *new]
    _write(day, writes, absent, store, archive)
    count = sum(map(len, documents.values())) + len(objects)
    return Imported(day, len(writes), len(absent), count - len(new) - len(absent))


def _lines(documents: Mapping[str, Fields]) -> bytes:
    rows = ({"id": id, "fields": documents[id]} for id in sorted(documents))
    return "".join(f"{_canonical(row)}\n" for row in rows).encode()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=dict)


def _parsed(day: date, parts: Mapping[str, bytes]) -> tuple[DayDocuments, Fields | None, Mapping[str, bytes]]:
    """Documents, control and objects of the file, each where it may be. Raises DayFileRefused."""
    documents: dict[str, Mapping[str, Fields]] = {}
    objects: dict[str, bytes] = {}
    for name, data in parts.items():
        collection = name.removeprefix(DOCUMENTS).removesuffix(LINES)
        if name.startswith(OBJECTS):
            objects[name.removeprefix(OBJECTS)] = data
        elif name == f"{DOCUMENTS}{collection}{LINES}" and collection in (*ORDER, CONTROL):
            documents[collection] = _read(collection, data)
        else:
            raise DayFileRefused(f"it has a part {name[:80]!r}, which no day has")
    control = documents.pop(CONTROL, {})
    if control.keys() - {ACCOUNT}:
        raise DayFileRefused(f"it has a document of {CONTROL} that is not {ACCOUNT}")
    for collection, found in documents.items():
        for id, fields in found.items():
            if not belongs(collection, id, fields, day):
                raise DayFileRefused(f"{collection}/{id[:80]} is not of {day}")
    return {name: documents[name] for name in ORDER if name in documents}, control.get(ACCOUNT), objects


def _read(collection: str, data: bytes) -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            row = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError):
            row = None
        match row:
            case {"id": str(id), "fields": dict(fields)} if id not in found and len(row) == 2:
                found[id] = fields
            case _:
                raise DayFileRefused(f"line {number} of {collection} is not a document, or is there twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(text)


def _differing(documents: DayDocuments, stored: DayDocuments) -> Iterator[str]:
    """What is stored and not the same in the file; where that lacks it, the day would be a mixture of two."""
    for collection, found in stored.items():
        for id, fields in found.items():
            other = documents.get(collection, {}).get(id)
            if collection in GOES_ON:
                continue
            if other is None:
                yield f"{collection}/{id} (not in the file)"
            elif _canonical(other) != _canonical(fields):
                yield f"{collection}/{id}"


def _differing_objects(day: date, objects: Mapping[str, bytes], archive: Archive) -> Iterator[str]:
    for name in archive.list(day):
        if name not in objects:
            yield f"{OBJECTS}{name} (not in the file)"
    for name, data in objects.items():
        try:
            stored = archive.get(day, name)
        except StoreUnavailable:
            raise
        except StoreError as error:
            raise DayFileRefused(str(error)) from None
        if stored is not None and stored != data:
            yield f"{OBJECTS}{name}"


def _control_write(control: Fields | None, standing: Document | None) -> list[Create | Update]:
    """Halts outlast a day: of two states of one history the later one holds; two histories are refused."""
    if control is None:
        return []
    if standing is None:
        return [Create(CONTROL, ACCOUNT, control)]
    ahead = _sequence(control) - _sequence(standing.fields)
    known = {entry.get("sequence"): entry.get("hash") for entry in _history(standing.fields)}
    parted = [one for one in _history(control) if known.get(one.get("sequence"), one.get("hash")) != one.get("hash")]
    if parted or (not ahead and _canonical(control) != _canonical(standing.fields)):
        raise ImportRefused(
            f"{CONTROL}/{ACCOUNT} is not the one that the file's goes on from, or the other way round. Nothing was "
            "imported: give the store that the day was exported from, or an empty one"
        )
    return [Update(CONTROL, ACCOUNT, control, standing.version)] if ahead > 0 else []


def _sequence(control: Fields) -> int:
    sequence = control.get("sequence")
    return sequence if isinstance(sequence, int) else 0


def _history(control: Fields) -> list[Mapping[str, Any]]:
    history = control.get("history")
    return [one for one in history if isinstance(one, Mapping)] if isinstance(history, list) else []


def _write(
    day: date, writes: Sequence[Create | Update], objects: Mapping[str, bytes], store: DocumentStore, archive: Archive,
) -> None:
    done = 0
    try:
        for name, data in objects.items():
            archive.put(day, name, data)
            done += 1
        for part in _commits(writes):
            store.commit(part)
            done += len(part)
    except StoreError as error:
        raise ImportIncomplete(
            f"{done} of {len(writes) + len(objects)} documents and objects of {day} were imported, then: {error}. "
            "Import the same file again: it goes on from there"
        ) from error


def _commits(writes: Sequence[Create | Update]) -> Iterator[list[Create | Update]]:
    """As many at a time as a store takes."""
    part: list[Create | Update] = []
    size = 0
    for write in writes:
        needed = len(_canonical(write.fields))
        if part and (len(part) == COMMIT_DOCUMENTS or size + needed > COMMIT_BYTES):
            yield part
            part, size = [], 0
        part.append(write)
        size += needed
    if part:
        yield part
