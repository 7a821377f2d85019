"""A day exported and imported: equal, once, whole or refused by name, and gone on with after a failure."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryArchive, MemoryStore
from common.adapters.sqlite import SqliteStore
from common.day.control import ALL, Halt, Source, resume, set_halt
from common.day.day_documents import DATED, NAMED_BY_DATE, documents_of
from common.day.day_file import DayFileRefused, pack, unpack
from common.day.export import ImportIncomplete, ImportRefused, export_day, import_day
from common.ports import Archive, Create, DocumentStore, Fields, Update, Write
from common.trading.halts import HaltLevel
from tests.unit.faulty_store import Faulty

DAY = date(2025, 8, 29)
OTHER = date(2025, 9, 1)
CLOCK = VirtualClock(datetime(2025, 8, 29, 9, 0, tzinfo=INDIA))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner.filter(lambda one: not isinstance(one, list)), max_size=3)
    | st.dictionaries(st.from_regex("[a-z]{1,4}", fullmatch=True), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.from_regex("[a-z]{1,6}", fullmatch=True), VALUES, max_size=5)
DOCUMENTS = st.dictionaries(
    st.sampled_from(DATED), st.dictionaries(st.from_regex("[A-Za-z0-9-]{1,8}", fullmatch=True), FIELDS, max_size=4),
)
OBJECTS = st.dictionaries(st.from_regex("[a-z]{1,3}(/[0-9]{1,3}){0,2}", fullmatch=True), st.binary(max_size=99))


def filled(documents: dict[str, dict[str, Fields]], objects: dict[str, bytes]) -> tuple[MemoryStore, MemoryArchive]:
    """A day of one document for each kind that has one, and what is given; and another day beside it."""
    store, archive = MemoryStore(), MemoryArchive()
    for day in (DAY, OTHER):
        text = day.isoformat()
        store.commit([
            *(Create(collection, text, {"n": 1}) for collection in NAMED_BY_DATE),
            Create("leases", f"{text}-stock", {"holder": "x"}), Create("workloads", f"{text}-stock", {"date": text}),
        ])
        for collection, found in documents.items():
            for id, fields in found.items():
                store.commit([Create(collection, f"{text[-2:]}{id}", {**fields, "date": text})])
        for name, data in objects.items():
            archive.put(day, name, data)
    return store, archive


def small() -> tuple[MemoryStore, MemoryArchive]:
    objects = {"report.html": b"<p>", "equity/stock.json": b"[]"}
    return filled({"orders": {"a": {"price": 1}, "b": {"price": 2}}}, objects)


def objects_of(archive: Archive, day: date) -> dict[str, bytes | None]:
    return {name: archive.get(day, name) for name in archive.list(day)}


@given(documents=DOCUMENTS, objects=OBJECTS)
def test_a_day_comes_back_equal(documents: dict[str, dict[str, Fields]], objects: dict[str, bytes]) -> None:
    """Every document and object of the day, none of another; exported again it is the same file."""
    store, archive = filled(documents, objects)
    content = export_day(DAY, store, archive)
    new_store, new_archive = MemoryStore(), MemoryArchive()
    imported = import_day(content, new_store, new_archive)
    assert imported.already == 0
    assert documents_of(DAY, new_store) == documents_of(DAY, store)
    assert objects_of(new_archive, DAY) == objects_of(archive, DAY)
    assert documents_of(OTHER, new_store) == {}
    assert export_day(DAY, new_store, new_archive) == content
    again = import_day(content, new_store, new_archive)
    assert (again.documents, again.objects, again.already) == (0, 0, imported.documents + imported.objects)
    assert import_day(content, store, archive).already == again.already


def test_from_one_kind_of_store_to_another(tmp_path: Path) -> None:
    """On disk, more documents than one commit takes, and the same bytes from there."""
    many: dict[str, Fields] = {f"{n:04d}": {"n": n, "text": "x" * 50} for n in range(901)}
    store, archive = filled({"orders": many}, {"x": b"1"})
    content = export_day(DAY, store, archive)
    on_disk, folder = SqliteStore(tmp_path / "s.db"), DirectoryArchive(tmp_path / "archive")
    import_day(content, on_disk, folder)
    assert len(documents_of(DAY, on_disk)["orders"]) == 901
    assert export_day(DAY, on_disk, folder) == content
    on_disk.close()


def test_a_day_without_documents_is_not_exported() -> None:
    """An empty file would look like a backup."""
    with pytest.raises(LookupError, match="nothing is stored"):
        export_day(date(2025, 1, 1), *small())


def change_a_document(store: DocumentStore, archive: Archive) -> None:
    del archive
    found = store.get("orders", "29a")
    assert found is not None
    store.commit([Update("orders", "29a", {**found.fields, "price": 5}, found.version)])


DIFFERENT: dict[str, tuple[Callable[[DocumentStore, Archive], object], str]] = {
    "a changed document": (change_a_document, "orders/29a"),
    "one more document": (
        lambda store, _: store.commit([Create("trades", "t", {"date": str(DAY)})]), "trades/t \\(not in the file",
    ),
    "a changed object": (
        lambda _, archive: archive.put(DAY, "report.html", b"x", overwrite=True), "archive/report.html",
    ),
    "one more object": (lambda _, archive: archive.put(DAY, "z", b"x"), "archive/z \\(not in the file"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_is_refused_by_name(what: str) -> None:
    """Nothing is written, also of what was absent."""
    store, archive = small()
    content = export_day(DAY, store, archive)
    half_store, half_archive = small()
    change, said = DIFFERENT[what]
    change(half_store, half_archive)
    before = (documents_of(DAY, half_store), objects_of(half_archive, DAY))
    with pytest.raises(ImportRefused, match=said):
        import_day(content, half_store, half_archive)
    assert (documents_of(DAY, half_store), objects_of(half_archive, DAY)) == before


class GivesUp(Faulty):
    """At the second commit."""

    def __init__(self, store: DocumentStore, *, written: bool) -> None:
        super().__init__(store)
        self._written = written

    def commit(self, writes: Sequence[Write]) -> list[str]:
        if self.commits == 1:
            self.fail(1, written=self._written)
        return super().commit(writes)


@pytest.mark.parametrize("written", [False, True])
def test_an_import_that_breaks_off_is_said_and_goes_on(written: bool) -> None:
    """The store gives up at the second commit: the text says so, and the same import finishes it."""
    store, archive = filled({"orders": {f"{n:04d}": {"n": n} for n in range(700)}}, {"x": b"1"})
    content = export_day(DAY, store, archive)
    plain, new_archive = MemoryStore(), MemoryArchive()
    with pytest.raises(ImportIncomplete, match=r"401 of 707 .* Import the same file again"):
        import_day(content, GivesUp(plain, written=written), new_archive)
    assert new_archive.list(DAY) == ["x"]
    import_day(content, plain, new_archive)
    assert export_day(DAY, plain, new_archive) == content


def line(id: str, fields: Any) -> bytes:
    return json.dumps({"id": id, "fields": fields}).encode() + b"\n"


WRONG: dict[str, tuple[str, bytes, str]] = {
    "a name that leads out": ("archive/../../evil", b"", "not allowed"),
    "a name from the root": ("archive//etc/passwd", b"", "not allowed"),
    "a part that is neither": ("../evil", b"", "which no day has"),
    "a collection that no day has": ("documents/secrets.ndjson", line("x", {}), "which no day has"),
    "a collection that leads out": ("documents/../orders.ndjson", line("x", {}), "which no day has"),
    "a document of another day": ("documents/orders.ndjson", line("x", {"date": "2025-09-01"}), "is not of"),
    "a lease of another day": ("documents/leases.ndjson", line("2025-09-01-stock", {}), "is not of"),
    "another control": ("documents/control.ndjson", line("other", {}), "is not account"),
    "no document": ("documents/orders.ndjson", b"{}\n", "line 1 of orders"),
    "no end": ("documents/orders.ndjson", b"[" * 99_999, "line 1 of orders"),
    "no number": ("documents/orders.ndjson", b'{"id":"x","fields":{"n":NaN,"date":"2025-08-29"}}', "line 1 of orders"),
    "one twice": ("documents/orders.ndjson", line("x", {"date": "2025-08-29"}) * 2, "line 2 of orders"),
}


@pytest.mark.parametrize("what", WRONG)
def test_parts_that_no_day_has(what: str) -> None:
    """A right manifest over names that lead elsewhere, other days, lines that are none: nothing is written."""
    name, data, said = WRONG[what]
    day, parts = unpack(export_day(DAY, *small()))
    store, archive = MemoryStore(), MemoryArchive()
    with pytest.raises(DayFileRefused, match=said):
        import_day(pack(day, {**parts, name: data}), store, archive)
    assert documents_of(DAY, store) == {}
    assert archive.list(DAY) == []


def halt(store: DocumentStore, reason: str) -> None:
    set_halt(store, Halt(Source.PERSON, ALL, HaltLevel.STOP_ENTRIES, reason, "me"), CLOCK)


def test_halts_are_restored() -> None:
    """A store that was lost and restored does not trade where the person had halted it."""
    store, archive = small()
    halt(store, "holiday")
    content = export_day(DAY, store, archive)
    new = MemoryStore()
    import_day(content, new, MemoryArchive())
    restored, was = new.get("control", "account"), store.get("control", "account")
    assert restored is not None
    assert was is not None
    assert restored.fields == was.fields


def test_the_later_state_of_control_holds() -> None:
    """An older file does not take back what was said since; a newer one goes on from what is there."""
    store, archive = small()
    halt(store, "one")
    older = export_day(DAY, store, archive)
    resume(store, ALL, "over", "me", CLOCK)
    newer = export_day(DAY, store, archive)
    import_day(older, store, archive)  # what was logged since is no reason against it
    assert export_day(DAY, store, archive) == newer
    new, new_archive = MemoryStore(), MemoryArchive()
    import_day(older, new, new_archive)
    import_day(newer, new, new_archive)
    assert export_day(DAY, new, new_archive) == newer


def test_another_history_of_control_is_refused() -> None:
    """Two stores that were halted for different reasons are not one."""
    store, archive = small()
    halt(store, "one")
    content = export_day(DAY, store, archive)
    new = MemoryStore()
    halt(new, "another")
    before = documents_of(DAY, new)
    with pytest.raises(ImportRefused, match="control/account"):
        import_day(content, new, MemoryArchive())
    assert documents_of(DAY, new) == before


def test_the_file_opens_with_ordinary_tools() -> None:
    """A ZIP of readable lines, with times that say nothing."""
    with zipfile.ZipFile(io.BytesIO(export_day(DAY, *small()))) as file:
        assert file.testzip() is None
        assert {part.date_time for part in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        lines = file.read("documents/orders.ndjson").splitlines()
    assert [json.loads(one)["id"] for one in lines] == ["29a", "29b"]
