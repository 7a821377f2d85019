"""What every Archive promises, whatever stands behind it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from common.ports import Archive, Conflict, StoreError
from tests.contract.stores import ARCHIVES, DAY, skip_of_one_process

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 60


@pytest.fixture(params=sorted(ARCHIVES))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    if request.param.startswith("cloud storage"):
        request.getfixturevalue("cloud")
    return ARCHIVES[request.param](str(tmp_path))


def test_put_then_get(archive: Archive) -> None:
    """Bytes come back as they went in, empty ones too; what was not put is None, on another day as well."""
    archive.put(DAY, "bars/stock.parquet", b"\x00\xff")
    archive.put(DAY, "empty", b"")
    assert archive.get(DAY, "bars/stock.parquet") == b"\x00\xff"
    assert archive.get(DAY, "empty") == b""
    assert archive.get(DAY, "bars") is None
    assert archive.get(DAY, "bars/stock.parquet/more") is None
    assert archive.get(DAY + timedelta(days=1), "empty") is None


def test_put_does_not_overwrite_unasked(archive: Archive) -> None:
    """A second put is a conflict and changes nothing; with `overwrite` it replaces the whole."""
    archive.put(DAY, "report.json", b"long first")
    with pytest.raises(Conflict, match=r"report\.json"):
        archive.put(DAY, "report.json", b"second")
    assert archive.get(DAY, "report.json") == b"long first"
    archive.put(DAY, "report.json", b"third", overwrite=True)
    assert archive.get(DAY, "report.json") == b"third"
    archive.put(DAY, "new.json", b"x", overwrite=True)
    assert archive.list(DAY) == ["new.json", "report.json"]


def test_list_by_prefix(archive: Archive) -> None:
    """Names are sorted, of that day only, and the prefix is a string, not a folder."""
    for name in ("logs/b", "logs/a", "log", "other"):
        archive.put(DAY, name, b"")
    archive.put(date(2025, 8, 30), "logs/later", b"")
    assert archive.list(DAY) == ["log", "logs/a", "logs/b", "other"]
    assert archive.list(DAY, "logs/") == ["logs/a", "logs/b"]
    assert archive.list(DAY, "lo") == ["log", "logs/a", "logs/b"]
    assert archive.list(date(2025, 1, 1)) == []


@pytest.mark.parametrize(
    "name", ["", "/etc/x", "../x", "a/../x", "a//b", "a/", "./a", "a b", "é", "a\0", "a\n", "x" * 201, "a/" * 300 + "a"]
)
def test_names_refused(archive: Archive, name: str) -> None:
    """No name leads out of the day's bucket, in writing or in reading."""
    with pytest.raises(StoreError, match="not allowed"):
        archive.put(DAY, name, b"")
    with pytest.raises(StoreError, match="not allowed"):
        archive.get(DAY, name)


def test_sixteen_threads_race_for_one_name(archive: Archive) -> None:
    """One winner, and what stands is the winner's, whole."""
    barrier = Barrier(16)

    def put(n: int) -> bool:
        barrier.wait(BOUND_SECONDS)
        try:
            archive.put(DAY, "deep/er/raced", bytes([n]) * 100_000)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(put, range(16)))
    assert sum(won) == 1
    assert archive.get(DAY, "deep/er/raced") == bytes([won.index(True)]) * 100_000
    assert archive.list(DAY) == ["deep/er/raced"]


WRITER = """
import itertools, sys
from tests.contract.stores import ARCHIVES, DAY
archive = ARCHIVES[sys.argv[1]](sys.argv[2])
for n in itertools.count(int(sys.argv[3])):
    archive.put(DAY, f"n{n}", b"x" * 300_000)
    archive.put(DAY, "same", bytes([n % 256]) * 300_000, overwrite=True)
    print(n, flush=True)
"""


def test_killed_writer_leaves_whole_files(request: pytest.FixtureRequest, archive: Archive, tmp_path: Path) -> None:
    """kill -9 in the middle of puts, five times: every file that is there is whole, the overwritten one too."""
    skip_of_one_process(request.node.callspec.params["archive"])
    for round_ in range(5):
        arguments = [request.node.callspec.params["archive"], str(tmp_path), str(round_ * 1000)]
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(2 + round_):
            writer.stdout.readline()
        writer.kill()
        writer.communicate(timeout=BOUND_SECONDS)
    names = archive.list(DAY)
    assert len(names) > 5 * 2
    for name in names:
        data = archive.get(DAY, name)
        assert data is not None
        assert data == data[:1] * 300_000
