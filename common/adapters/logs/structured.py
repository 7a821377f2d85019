"""Logs as every part of Tron writes them: a record becomes one redacted line, which all destinations share."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from common.adapters.logs.destinations import ArchiveDestination, Expiring, Route, StoreDestination
from common.adapters.logs.output import LineOutput
from common.adapters.logs.queue import LogQueue
from common.adapters.logs.spool import Spool
from common.adapters.logs.thread import LogThread
from common.log_record import constant_part, is_stored, line
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.indian_time import at
from common.ports import Archive, Clock, DocumentStore, Fields

_NONE: Final[Fields] = {}
_ZONE: Final = "+05:30"


class StructuredLogs:
    """Logs on a queue that a thread empties. Never blocks, never raises: what goes wrong within is counted."""

    def __init__(self, queue: LogQueue, thread: LogThread, labels: Mapping[str, str]) -> None:
        """labels: of every record; date: today where left out, at each `about`. The first record starts the thread."""
        self._labels = dict(labels)
        shown = {"date": queue.clock.now().date().isoformat(), **labels}
        self._queue = queue
        self._thread = thread
        day, room = shown["date"], shown.get("asset_class") or shown.get("service") or "other"
        self._place = (day, room)
        self._id = f"{day}-{room}-{queue.run}-"
        self._constant = constant_part(shown)
        self._second = (-1, "")

    @property
    def dropped(self) -> int:
        return self._queue.dropped

    def about(self, **labels: str) -> Self:
        return type(self)(self._queue, self._thread, {**self._labels, **labels})

    def write(
        self, severity: str, message: str, fields: Fields | None = None, ts: int | None = None, *, id: str = "",
    ) -> None:
        queue = self._queue
        try:
            fields = fields or _NONE
            id = id or f"{self._id}{next(queue.numbers):06d}"
            made = line(id, self._time(ts), severity, message, fields, self._constant)
            queue.take(self._place, made, is_stored(severity, fields))
            self._thread.start()
        except Exception as error:  # a record is never worth an order
            queue.failed += 1
            with suppress(Exception):
                print(f"a log record was lost: {type(error).__name__}", file=sys.stderr)

    def flush(self, timeout_seconds: float) -> bool:
        return self._thread.flush(timeout_seconds)

    def close(self, timeout_seconds: float) -> bool:
        return self._thread.close(timeout_seconds)

    def _time(self, ts: int | None) -> str:
        """ISO, to the microsecond, in India; the text of a second is made once."""
        if ts is None:
            return self._queue.clock.now().isoformat(timespec="microseconds")
        second, rest = divmod(ts, NANOSECONDS_A_SECOND)
        known, text = self._second  # one look: another thread may change it
        if second != known:
            text = at(second * NANOSECONDS_A_SECOND).isoformat()[: -len(_ZONE)]
            self._second = (second, text)
        return f"{text}.{rest // 1000:06d}{_ZONE}"


def open_logs(
    descriptor: int, archive: Callable[[], Archive], store: Callable[[], DocumentStore], spool: Path, clock: Clock,
    expiring: Expiring, run: str, labels: Mapping[str, str],
) -> StructuredLogs:
    """Logs to a file descriptor, an archive and a store. archive, store: opened by the thread, when first needed.

    expiring: of a stored record. spool: of whoever this process is; only processes that follow each other share one.
    run: unique to this process.
    """
    queue = LogQueue(
        LineOutput(descriptor), Route(Spool(spool / "archive"), ArchiveDestination(archive), clock),
        Route(Spool(spool / "store"), StoreDestination(store, clock, expiring), clock), clock, run,
    )

    def tell_drops(dropped: int) -> None:
        text = f"{dropped} log records were dropped so far: standard output, store or archive could not take them"
        logs.write("WARNING", text, {"category": "log", "dropped": dropped})

    logs = StructuredLogs(queue, LogThread(queue, tell_drops), labels)
    return logs
