"""`tron logs`: store and archive merged, each record once, by time; filtered; followed."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.adapters.clock import INDIA
from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryArchive, MemoryStore
from common.adapters.sqlite import SqliteStore
from common.day.log_reading import ARCHIVE_EVERY, LogReader, Wanted
from common.log_record import LOGS, constant_part, document, line
from common.ports import Archive, Create, DocumentStore, StoreUnavailable
from jobs.cli import main
from tests.unit.faulty_store import Faulty
from tests.unit.trading_case import DAY

NOW = datetime(2025, 8, 29, 10, tzinfo=INDIA)
Said = Callable[..., Any]


def made(
    number: int, severity: str = "WARNING", room: str = "stock", day: str = DAY.isoformat(), **fields: Any,
) -> bytes:
    """The n-th record, n seconds after ten."""
    time = (NOW + timedelta(seconds=number)).isoformat(timespec="microseconds")
    labels = {"date": day, "asset_class" if room == "stock" else "service": room}
    return line(f"{day}-{room}-{number:03d}", time, severity, f"number {number}", fields, constant_part(labels))


def store_them(store: DocumentStore, *lines: bytes) -> None:
    store.commit([Create(LOGS, *document(one, {})) for one in lines])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ten records in the archive, of these the loud ones and two more, younger ones in the store."""
    home = tmp_path / DAY.isoformat()
    archive: Archive = DirectoryArchive(home / "archive")
    archive.put(DAY, "logs/stock/b.ndjson", b"".join(made(n, tag=f"T{n}") for n in range(5, 10)) + b"torn {\n[]\n")
    archive.put(DAY, "logs/plan_day/a.ndjson", b"".join(made(n, "INFO", "plan_day") for n in range(5)))
    with closing(SqliteStore(home / "store.sqlite")) as store:
        store_them(store, *(made(n, "ERROR" if n == 11 else "WARNING", tag=f"T{n}") for n in range(5, 12)))
        store_them(store, made(99, day="2025-08-28"))
    return home


@pytest.fixture
def said(home: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*arguments: str) -> Any:
        assert main(["logs", "--run", str(home), "--json", *arguments]) == 0
        return [record["message"].split()[1] for record in json.loads(capsys.readouterr().out)["records"]]

    return run


def test_both_places_are_read_each_record_once_by_time(said: Said) -> None:
    """What is in both shows once; another day's record and torn lines are left out."""
    assert said() == [f"{n}" for n in range(12)]


def test_what_is_wanted(said: Said) -> None:
    """By severity and above, by class or function, by tag or its beginning, by date."""
    assert said("--level", "warning") == [f"{n}" for n in range(5, 12)]
    assert said("--level", "error") == ["11"]
    assert said("--asset", "plan_day") == [f"{n}" for n in range(5)]
    assert said("--asset", "stock", "--tag", "T1") == ["10", "11"]
    assert said("--tag", "T7") == ["7"]
    assert said("--date", "2025-08-28") == ["99"]


def test_lines_for_people(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Time, severity, room, message, tag."""
    assert main(["logs", "--run", str(home), "--level", "error"]) == 0
    assert capsys.readouterr().out == "10:00:11.000 ERROR    stock    number 11  T11\n"


def test_a_damaged_store_hides_not_the_archive(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be read is shown, what cannot is said, and the status says so too."""
    (home / "store.sqlite").write_bytes(b"no database" * 100)
    assert main(["logs", "--run", str(home)]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 10
    assert "not all of it could be read" in err


def test_following_shows_what_comes_once_within_the_free_reads() -> None:
    """New records from the store at each look, late and quiet ones from the archive; a look costs one read or two."""
    store, archive = MemoryStore(), MemoryArchive()
    faulty = Faulty(store)
    store_them(store, made(1))
    reader = LogReader(DAY, lambda: faulty, archive, Wanted())
    looks = 0

    def come(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            store_them(store, made(3))
        if looks == 2:
            archive.put(DAY, "logs/stock/x.ndjson", made(1) + made(2, "INFO") + made(3))
        faulty.down = looks == 3

    shown = reader.follow(come)
    assert [[one["message"] for one in next(shown)] for _ in range(3)] == [["number 1"], ["number 3"], []]
    assert next(shown) == []
    assert reader.faults == ["down, as the test wants it"]
    assert [one["message"] for _ in range(ARCHIVE_EVERY) for one in next(shown)] == ["number 2"]
    assert reader.faults == []


def test_an_archive_that_is_away_is_said() -> None:
    """And asked again at the next look."""
    class Away(MemoryArchive):
        def list(self, day: Any, prefix: str = "") -> list[str]:
            raise StoreUnavailable(f"{day}/{prefix} is away")

    store = MemoryStore()
    store_them(store, made(1))
    reader = LogReader(DAY, lambda: store, Away(), Wanted())
    assert [one["message"] for one in reader.read()] == ["number 1"]
    assert reader.faults == [f"{DAY}/logs/ is away"]
