"""A day's log records, from the archive (all of them) and the store (the loud ones, within seconds), each once."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final, TypeAlias

from common.log_record import ARCHIVED, LOGS, SEVERITIES, read_line
from common.ports import EXPIRES, Archive, Document, DocumentStore, Query, StoreError

Record: TypeAlias = dict[str, Any]
"""As log_record.read_line gives it."""

PAGE: Final = 500
MAX_PAGES: Final = 40
FOLLOW_SECONDS: Final = 10.0
"""Between two looks at the store: 2,250 reads in a trading day, of 50,000 that are free."""
ARCHIVE_EVERY: Final = 6
"""Looks at the store to one at the archive, which gets its objects once a minute."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """asset_class: or service. level: this severity and above. tag: how it begins. '' for all."""

    asset_class: str = ""
    level: str = "DEBUG"
    tag: str = ""

    def takes(self, record: Record) -> bool:
        """Whether to show it."""
        rooms = (record["asset_class"], record["service"])
        loud = _rank(record["severity"]) >= _rank(self.level)
        return loud and self.asset_class in ("", *rooms) and record["tag"].startswith(self.tag)


@dataclass(slots=True)
class LogReader:
    """What has been read is not read again. faults: places that could not be read, and why."""

    day: date
    store: Callable[[], DocumentStore]
    archive: Archive
    wanted: Wanted = Wanted()
    faults: list[str] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _objects: set[str] = field(default_factory=set)
    _last: str = ""

    def read(self) -> list[Record]:
        """Everything that is new since the last call, by time."""
        self.faults = []
        return self._new([*self._archived(), *self._guarded(self._stored)])

    def follow(self, sleep: Callable[[float], None]) -> Iterator[list[Record]]:
        """As `read`, then what comes, for ever; within the free tier's reads."""
        yield self.read()
        look = 0
        while True:
            sleep(FOLLOW_SECONDS)
            look += 1
            self.faults = []
            archived = self._archived() if look % ARCHIVE_EVERY == 0 else []
            yield self._new([*archived, *self._guarded(self._since)])

    def _new(self, records: list[Record]) -> list[Record]:
        found = []
        for record in records:
            if record["id"] not in self._ids and record["date"] == self.day.isoformat():
                self._ids.add(record["id"])
                found.append(record)
        return sorted(filter(self.wanted.takes, found), key=lambda record: (record["time"], record["id"]))

    def _archived(self) -> list[Record]:
        names: list[str] = self._guarded(self._names)
        return [record for name in names for record in self._guarded(partial(self._lines, name))]

    def _names(self) -> list[str]:
        return [name for name in self.archive.list(self.day, ARCHIVED) if name not in self._objects]

    def _lines(self, name: str) -> list[Record]:
        data, records = self.archive.get(self.day, name) or b"", []
        for text in data.splitlines():
            with suppress(ValueError):  # a stranger's line is left out
                records.append(read_line(text))
        self._objects.add(name)
        return records

    def _stored(self) -> list[Record]:
        return self._pages(Query(LOGS, (("date", "==", self.day.isoformat()),), limit=PAGE))

    def _since(self) -> list[Record]:
        """By time alone, for which every store has an index. What comes late is found in the archive."""
        return self._pages(Query(LOGS, (("time", ">", self._last),), "time", PAGE))

    def _pages(self, query: Query) -> list[Record]:
        records: list[Record] = []
        after: Document | None = None
        for _ in range(MAX_PAGES):
            page = self.store().query(Query(query.collection, query.filters, query.order_by, PAGE, after))
            records += [_record(document) for document in page]
            if len(page) < PAGE:
                break
            after = page[-1]
        self._last = max([self._last or self.day.isoformat(), *(record["time"] for record in records)])
        return records

    def _guarded(self, read: Callable[[], list[Any]]) -> list[Any]:
        """What one place has; a place that does not answer hides nothing of the others."""
        try:
            return read()
        except StoreError as error:
            self.faults.append(str(error))
            return []


def _record(document: Document) -> Record:
    fields = {name: value for name, value in document.fields.items() if name != EXPIRES}
    blank = {"time": "", "severity": "", "message": "", "asset_class": "", "service": "", "tag": "", "date": ""}
    return {**blank, "id": document.id, **fields}


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
