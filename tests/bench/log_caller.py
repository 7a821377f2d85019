"""One engine's log records: how many a second of CPU time until all are handed over, and what a caller waits.

Started by `make bench` in the peers' environment, once an engine and round: `python log_caller.py ENGINE FILE`.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parents[2]
RECORDS: Final = 20_000
FIELDS: Final = {"symbol": "NIFTY26NOV24000CE", "qty": 75, "price": 123.45, "order_id": "261122000456789"}

Engine: TypeAlias = tuple[Callable[[int], Any], Callable[[], Any]]
"""Log the n-th record; end, when all of it is in the file."""


def tron(path: str) -> Engine:
    """Redacted, structured, to the file at once; and to an archive in a directory, by its thread."""
    sys.path.insert(0, str(ROOT))
    sys.path += [str(found) for found in (ROOT / ".venv" / "lib").glob("python*/site-packages")]
    from common.adapters.clock import SystemClock
    from common.adapters.directory import DirectoryArchive
    from common.adapters.logs.structured import open_logs
    from common.adapters.memory import MemoryStore

    home, store = Path(path).parent / "tron", MemoryStore()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    logs = open_logs(
        descriptor, lambda: DirectoryArchive(home), lambda: store, home / "spool", SystemClock(), lambda _: {},
        f"r{os.getpid()}", {"asset_class": "stock"},
    )
    return lambda n: logs.write("INFO", "order filled", {"seq": n, **FIELDS}), lambda: logs.close(60.0)


def standard(path: str) -> Engine:
    """logging with a formatter that writes JSON."""
    import logging

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            said = {"time": self.formatTime(record), "severity": record.levelname, "message": record.getMessage()}
            return json.dumps({**said, "fields": record.__dict__.get("fields")})

    logger, handler = logging.Logger("bench", logging.INFO), logging.FileHandler(path)
    handler.setFormatter(Formatter())
    logger.addHandler(handler)
    return lambda n: logger.info("order filled", extra={"fields": {"seq": n, **FIELDS}}), handler.close


def standard_queue(path: str) -> Engine:
    """The same formatter behind logging's own queue and listener thread."""
    import logging
    import logging.handlers
    import queue

    logger, waiting = logging.Logger("bench", logging.INFO), queue.SimpleQueue[Any]()
    logger.addHandler(logging.handlers.QueueHandler(waiting))

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            said = {"time": self.formatTime(record), "severity": record.levelname, "message": record.getMessage()}
            return json.dumps({**said, "fields": record.__dict__.get("fields")})

    handler = logging.FileHandler(path)
    handler.setFormatter(Formatter())
    listener = logging.handlers.QueueListener(waiting, handler)
    listener.start()

    def end() -> None:
        listener.stop()
        handler.close()

    return lambda n: logger.info("order filled", extra={"fields": {"seq": n, **FIELDS}}), end


def structlog_json(path: str) -> Engine:
    """structlog with its JSONRenderer."""
    import structlog

    file = open(path, "a", encoding="utf-8")  # noqa: SIM115 -- closed by the end
    return _structlog(structlog.processors.JSONRenderer(), structlog.WriteLoggerFactory(file)), file.close


def structlog_orjson(path: str) -> Engine:
    """structlog as fast as its documentation makes it: orjson to bytes."""
    import orjson
    import structlog

    file = open(path, "ab")  # noqa: SIM115 -- closed by the end
    renderer = structlog.processors.JSONRenderer(serializer=orjson.dumps)
    return _structlog(renderer, structlog.BytesLoggerFactory(file)), file.close


def _structlog(renderer: Any, factory: Any) -> Callable[[int], Any]:
    import structlog

    stamp = structlog.processors.TimeStamper(fmt="iso")
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(20), logger_factory=factory, cache_logger_on_first_use=True,
    )
    logger = structlog.get_logger()
    return lambda n: logger.info("order filled", seq=n, **FIELDS)


ENGINES: Final = {
    "tron": tron, "logging, JSON": standard, "logging, JSON, queue": standard_queue, "structlog": structlog_json,
    "structlog, orjson": structlog_orjson,
}


def main() -> None:
    """Prints {"rate", "median_ns", "p99_ns", "p999_ns"}; fails where a line is missing."""
    name, path = sys.argv[1:]
    log, end = ENGINES[name](path)
    for number in range(1000):
        log(number)
    gc.collect()
    clock = time.perf_counter_ns
    waits = []
    began = time.process_time_ns()
    for number in range(RECORDS):
        before = clock()
        log(number)
        waits.append(clock() - before)
    end()
    taken = time.process_time_ns() - began
    lines = Path(path).read_bytes().count(b"\n")
    assert lines == RECORDS + 1000, f"{name}: {lines} lines"
    waits.sort()
    at = {part: waits[int(len(waits) * part)] for part in (0.5, 0.99, 0.999)}
    print(json.dumps({
        "rate": RECORDS / taken * 1e9, "median_ns": at[0.5], "p99_ns": at[0.99], "p999_ns": at[0.999],
    }))


if __name__ == "__main__":
    main()
