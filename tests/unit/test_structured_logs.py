"""Structured logs: what is where when, in which shape, and what happens while a destination is away or full."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.adapters.logs import output, queue, spool
from common.adapters.logs.destinations import RETRY_SECONDS
from common.adapters.logs.queue import ROLL_SECONDS
from common.adapters.sqlite import SqliteStore
from common.bootstrap import application
from common.log_record import LOGS
from common.ports import Fields, Query
from common.retention import expiring
from dashboard.log import dashboard_logs
from tests.unit.log_case import Process
from tests.unit.trading_case import DAY, minute

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    store = SqliteStore(tmp_path / "store.db")
    yield lambda *a, **k: Process(tmp_path, store, *a, **k)
    store.close()


def test_a_record_as_cloud_logging_takes_it(start: Start) -> None:
    """Severity, message, time, labels, trace and id under Google's names, at once; the record's time is the event's."""
    process = start()
    logs = process.logs.about(trace="projects/p/traces/0af7")
    logs.write("ERROR", "hm\n2", {"tag": "T1", "strategy": "vwap", "category": "order", "n": 1.5}, minute(3) + 1000)
    logs.write("LOUD", "unknown severity")
    first, second = process.printed()
    assert first == {
        "severity": "ERROR", "time": "2025-08-29T09:18:00.000001+05:30", "message": "hm\n2",
        "logging.googleapis.com/insertId": "2025-08-29-stock-one-000001",
        "logging.googleapis.com/trace": "projects/p/traces/0af7",
        "logging.googleapis.com/labels": {
            "date": "2025-08-29", "asset_class": "stock", "environment": "local", "tag": "T1", "strategy": "vwap",
            "category": "order",
        },
        "fields": {"tag": "T1", "strategy": "vwap", "category": "order", "n": 1.5},
    }
    assert (second["severity"], second["time"]) == ("ERROR", "2025-08-29T09:15:00.000000+05:30")


def test_the_loud_and_the_trades_are_stored_within_a_second(start: Start) -> None:
    """WARNING and above and trade events, flat, with the time at which they may go; the rest is not the store's."""
    process = start()
    for severity in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        process.logs.write(severity, severity.lower(), {"symbol": "AAA"})
    process.logs.write("INFO", "bought and sold", {"category": "trade"})
    process.seconds(1)
    stored = process.stored()
    assert [one["message"] for one in stored] == ["warning", "error", "critical", "bought and sold"]
    assert stored[0] == {
        "time": "2025-08-29T09:15:00.000000+05:30", "severity": "WARNING", "message": "warning", "date": "2025-08-29",
        "asset_class": "stock", "service": "", "strategy": "", "tag": "", "category": "", "environment": "local",
        "fields": {"symbol": "AAA"}, **expiring(LOGS, process.clock.now()),
    }
    assert process.store.commits == 1, "one commit for all of a second"
    assert process.archived() == []


def test_everything_is_archived_once_a_minute(start: Start) -> None:
    """The very lines of standard output, in order, in objects that no other process can have."""
    process = start()
    for number in range(150):
        process.logs.write("INFO", f"{number}")
        process.seconds(1)
    assert len(process.archive.list(DAY, "logs/stock/")) == 2
    process.queue.turn(roll=True)
    printed = [one["message"] for one in process.printed()]
    assert [one["message"] for one in process.archived()] == printed == [f"{n}" for n in range(150)]
    names = process.archive.list(DAY, "logs/")
    assert names[0] == "logs/stock/091600-one-0001.ndjson"
    again = start("two")
    again.logs.write("INFO", "after a restart")
    again.seconds(int(ROLL_SECONDS))
    assert len(process.archive.list(DAY, "logs/")) == len(names) + 1


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("disk", [True, False])
def test_an_outage_loses_nothing_and_doubles_nothing(start: Start, tmp_path: Path, disk: bool, restart: bool) -> None:
    """Two minutes without store and archive, also over a restart where there is a disk: all there after, in order."""
    if not disk:
        (tmp_path / "spool").write_text("in the way of the folder")
    if restart and not disk:
        return
    process = start()
    process.logs.write("WARNING", "before")
    process.seconds(1)
    process.store.down = process.archive.down = True
    for number in range(120):
        process.logs.write("WARNING", f"{number}")
        process.seconds(1)
    assert (process.to_store.down, process.queue.waiting, len(process.stored())) == (True, True, 1)
    if restart:
        process.queue.turn(roll=True)
        process = start("two")
    process.store.down = process.archive.down = False
    process.seconds(int(ROLL_SECONDS + RETRY_SECONDS))
    expected = ["before", *(f"{n}" for n in range(120))]
    assert [one["message"] for one in process.archived()] == expected
    stored = sorted(process.stored(), key=lambda one: one["time"])
    assert [one["message"] for one in stored] == expected
    assert (process.queue.dropped, process.queue.waiting) == (0, False)


def test_an_answer_that_was_lost_doubles_nothing(start: Start) -> None:
    """Stored, but nobody said so: sent again it is the same documents."""
    process = start()
    process.store.fail(1, written=True)
    process.logs.write("ERROR", "once")
    process.logs.write("ERROR", "twice")
    process.seconds(1)
    process.logs.write("ERROR", "after")
    process.seconds(int(RETRY_SECONDS) + 1)
    assert [one["message"] for one in process.stored()] == ["once", "twice", "after"]


def test_a_store_that_is_down_is_not_asked_each_time(start: Start) -> None:
    """An attempt may cost its whole time-out."""
    process = start()
    process.store.fail(1000, written=False)
    for _ in range(50):
        process.logs.write("ERROR", "x")
        process.seconds(1)
    assert process.store.commits <= 50 / RETRY_SECONDS + 1


def test_what_the_store_refuses_is_stored_as_text(start: Start) -> None:
    """A list within a list, a name that is reserved, a number too large: the alarm arrives, and holds up no other."""
    process = start()
    odd: list[Fields] = [{"a": [[1]]}, {"__x__": 1}, {"n": 2**70}, {"": 1}, {"fine": 1}]
    for number, fields in enumerate(odd):
        process.logs.write("ERROR", f"{number}", fields)
    process.seconds(1)
    stored = process.stored()
    assert [one["message"] for one in stored] == ["0", "1", "2", "3", "4"]
    assert (stored[0]["fields"], stored[4]["fields"]) == ({"text": "{'a': [[1]]}"}, {"fine": 1})
    assert process.queue.dropped == 0


def test_a_full_queue_costs_the_caller_nothing_and_is_told(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody empties it: calls of the world per record stay one write, the rest is counted, and a record says so."""
    monkeypatch.setattr(queue, "MAX_WAITING_BYTES", 3_000)
    process = start()
    calls: list[int] = []
    real = os.write

    def counted(descriptor: int, data: bytes) -> int:
        calls.append(len(data))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", counted)
    for number in range(100):
        process.logs.write("INFO", f"{number}")
    assert len(calls) == 100
    dropped = process.logs.dropped
    assert 80 < dropped < 100
    assert len(process.printed()) == 100, "standard output has them all"
    process.queue.turn(roll=True)
    assert process.thread._say_drops()
    assert not process.thread._say_drops(), "told once"
    process.queue.turn(roll=True)
    assert [one["message"] for one in process.archived()][-1] == f"{dropped} dropped"
    assert len(process.archived()) == 100 - dropped + 1


def test_standard_output_that_nobody_reads_never_blocks(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe holds 64 KiB; then lines wait, in order, then they are dropped and counted; the archive has all."""
    monkeypatch.setattr(output, "MAX_WAITING_BYTES", 100_000)
    process = start()
    for number in range(1000):
        process.logs.write("INFO", f"{number}", {"text": "x" * 300})
    dropped = process.logs.dropped
    assert dropped > 0
    assert process.queue.output_waits
    printed = process.printed()
    for _ in range(20):
        process.queue.turn()
        printed += process.printed()
    assert [one["message"] for one in printed] == [f"{number}" for number in range(1000 - dropped)]
    process.queue.turn(roll=True)
    assert len(process.archived()) == 1000


def test_a_line_longer_than_a_pipe_takes_at_once_stays_whole(start: Start) -> None:
    """It waits for the thread, and what comes after it waits behind it."""
    process = start()
    for text in ("a", "b" * 7_000, "c"):
        process.logs.write("INFO", text, {"more": text})
    assert [one["message"] for one in process.printed()] == ["a"]
    process.queue.turn()
    assert [one["message"][0] for one in process.printed()] == ["b", "c"]


def test_nobody_reads_any_more(start: Start) -> None:
    """The reader of standard output is gone: counted, never raised."""
    process = start()
    os.close(process.reader)
    process.logs.write("INFO", "x")
    process.queue.turn(roll=True)
    assert process.logs.dropped == 1
    assert len(process.archived()) == 1


def test_a_full_spool_drops_the_newest_and_counts_records(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded on disk; what was kept first explains the outage best."""
    monkeypatch.setattr(spool, "MAX_BYTES", 4_000)
    process = start()
    process.store.down = True
    for number in range(40):
        process.logs.write("ERROR", f"{number}")
        process.seconds(1)
    dropped = process.logs.dropped
    assert 0 < dropped < 40
    process.store.down = False
    process.seconds(int(RETRY_SECONDS) + 1)
    assert [one["message"] for one in process.stored()] == [f"{number}" for number in range(40 - dropped)]


def test_a_storm_of_warnings_is_bounded_in_the_store(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The free tier's writes are not for one process' complaint, and alarms still arrive; the archive has all."""
    monkeypatch.setattr(queue, "MAX_STORED", 20)
    process = start()
    for number in range(50):
        process.logs.write("WARNING", f"{number}")
    for number in range(30):
        process.logs.write("CRITICAL", f"{number}")
    process.queue.turn(roll=True)
    assert [one["severity"] for one in process.stored()] == ["WARNING"] * 20 + ["CRITICAL"] * 20
    assert len(process.archived()) == 80


def test_nothing_a_caller_hands_over_raises(start: Start) -> None:
    """Objects that cannot be shown, fields that are none: the record or its loss is counted, the caller goes on."""
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    process = start()
    process.logs.write("INFO", "x", {"a": Broken()})
    process.logs.write("INFO", Broken(), {})  # type: ignore[arg-type]
    process.logs.write("INFO", "x", [1])  # type: ignore[arg-type]
    process.logs.write("INFO", "well", {"a": 1})
    assert [one["message"] for one in process.printed()][-1] == "well"
    assert process.logs.dropped == 3


def test_a_process_of_several_days_dates_its_records(start: Start) -> None:
    """A dashboard or a warm function that says nothing of the date: the day on which each call is made."""
    process = start()
    base = type(process.logs)(process.queue, process.thread, {"service": "dashboard"})
    base.about(trace="").write("INFO", "today")
    process.clock.sleep(24 * 60 * 60)
    base.about(trace="").write("INFO", "tomorrow")
    dates = [one["logging.googleapis.com/labels"]["date"] for one in process.printed()]
    assert dates == ["2025-08-29", "2025-08-30"]


def test_the_dashboards_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment alone: structured, archived under its name."""
    monkeypatch.setenv("TRON_HOME", str(tmp_path))
    application.cache_clear()
    dashboard_logs().write("WARNING", "the API is away", {"category": "api"})
    app = application()
    app.flush_logs(60.0)
    application.cache_clear()
    (name,) = app.archive.list(app.clock.now().date(), "logs/")
    assert name.startswith("logs/dashboard/")
    assert [one.fields["message"] for one in app.store.query(Query(LOGS))] == ["the API is away"]
