"""Structured logs on a pipe, the real embedded store and archive, turned by hand under a virtual clock."""

import json
import os
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.logs.destinations import ArchiveDestination, Route, StoreDestination
from common.adapters.logs.output import LineOutput
from common.adapters.logs.queue import LogQueue
from common.adapters.logs.spool import Spool
from common.adapters.logs.structured import StructuredLogs
from common.adapters.logs.thread import LogThread
from common.adapters.sqlite import SqliteStore
from common.log_record import LOGS, read_line
from common.ports import Archive, Query, StoreUnavailable
from common.retention import expiring
from tests.unit.faulty_store import Faulty
from tests.unit.trading_case import DAY

LABELS: Final = {"date": DAY.isoformat(), "asset_class": "stock", "environment": "local"}


class FaultyArchive:
    """An archive that refuses while it is down."""

    def __init__(self, archive: Archive) -> None:
        self.down = False
        self._archive = archive

    def put(self, day: Any, name: str, data: bytes, *, overwrite: bool = False) -> None:
        if self.down:
            raise StoreUnavailable("down, as the test wants it")
        self._archive.put(day, name, data, overwrite=overwrite)

    def get(self, day: Any, name: str) -> bytes | None:
        return self._archive.get(day, name)

    def list(self, day: Any, prefix: str = "") -> list[str]:
        return self._archive.list(day, prefix)


class NoThread(LogThread):
    """The test turns the queue itself."""

    def start(self) -> None:
        """Nothing runs."""


class Process:
    """One process' logs; another of the same folder is the next one. run: its name."""

    def __init__(self, folder: Path, store: SqliteStore, run: str = "one") -> None:
        self.clock = VirtualClock(datetime(2025, 8, 29, 9, 15, tzinfo=INDIA))
        self.store = Faulty(store)
        self.archive = FaultyArchive(DirectoryArchive(folder / "archive"))
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.output = LineOutput(self.writer)
        waiting = folder / "spool"
        to_archive = Route(Spool(waiting / "archive"), ArchiveDestination(lambda: self.archive), self.clock)
        documents = StoreDestination(lambda: self.store, self.clock, partial(expiring, LOGS))
        self.to_store = Route(Spool(waiting / "store"), documents, self.clock)
        self.queue = LogQueue(self.output, to_archive, self.to_store, self.clock, run)
        self.thread = NoThread(self.queue, self._tell_drops)
        self.logs = StructuredLogs(self.queue, self.thread, LABELS)

    def seconds(self, count: int) -> None:
        """Time passes, with a turn each second."""
        for _ in range(count):
            self.clock.sleep(1)
            self.queue.turn()

    def printed(self) -> list[dict[str, Any]]:
        """What came out since the last look, each line whole."""
        data = b""
        with suppress(BlockingIOError):
            while part := os.read(self.reader, 1 << 20):
                data += part
        return [json.loads(line) for line in data.splitlines()]

    def stored(self) -> list[dict[str, Any]]:
        return [dict(one.fields) for one in self.store._store.query(Query(LOGS, limit=1000))]

    def archived(self) -> list[dict[str, Any]]:
        """Every line, in the order of the objects' names."""
        lines = []
        for name in self.archive.list(DAY, "logs/"):
            lines += [read_line(line) for line in (self.archive.get(DAY, name) or b"").splitlines()]
        return lines

    def _tell_drops(self, dropped: int) -> None:
        self.logs.write("WARNING", f"{dropped} dropped", {"category": "log"})
