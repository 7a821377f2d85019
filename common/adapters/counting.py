"""A store and an archive that count what the cloud would bill, over the ones that do the work."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from common.ports import Archive, Delete, Document, DocumentStore, Query, Write


@dataclass(slots=True)
class Usage:
    """By collection: reads, writes, deletes, as Firestore bills them (firebase.google.com/docs/firestore/pricing).

    class_a: writes and listings of the archive; class_b: its reads. bytes_in, bytes_out: of the archive's objects.
    """

    reads: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    deletes: Counter[str] = field(default_factory=Counter)
    class_a: int = 0
    class_b: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class CountingStore:
    """A DocumentStore. A get is a read even of nothing; a query at least one; a watch one for each thing it shows.

    A commit that is refused is billed for none of its writes; one whose answer is lost is.
    """

    def __init__(self, store: DocumentStore, usage: Usage) -> None:
        self._store = store
        self._usage = usage

    def get(self, collection: str, id: str) -> Document | None:
        self._usage.reads[collection] += 1
        return self._store.get(collection, id)

    def query(self, query: Query) -> list[Document]:
        found = self._store.query(query)
        self._usage.reads[query.collection] += max(1, len(found))
        return found

    def commit(self, writes: Sequence[Write]) -> list[str]:
        versions = self._store.commit(writes)
        for write in writes:
            counts = self._usage.deletes if isinstance(write, Delete) else self._usage.writes
            counts[write.collection] += 1
        return versions

    def watch(self, collection: str, id: str, timeout_seconds: float) -> Iterator[Document | None]:
        for shown in self._store.watch(collection, id, timeout_seconds):
            self._usage.reads[collection] += 1
            yield shown

    def close(self) -> None:
        self._store.close()


class CountingArchive:
    """An Archive. Storing and listing are operations of class A, reading one of class B."""

    def __init__(self, archive: Archive, usage: Usage) -> None:
        self._archive = archive
        self._usage = usage

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        self._usage.class_a += 1
        self._archive.put(day, name, data, overwrite=overwrite)
        self._usage.bytes_in += len(data)

    def get(self, day: date, name: str) -> bytes | None:
        self._usage.class_b += 1
        data = self._archive.get(day, name)
        self._usage.bytes_out += len(data or b"")
        return data

    def list(self, day: date, prefix: str = "") -> list[str]:
        self._usage.class_a += 1
        return self._archive.list(day, prefix)
