"""A run directory with something broken in it: one line that says where and what to do, and --fresh begins anew."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.answers import refused, strict
from tests.system.conftest import RunDay
from tests.system.day_run import DAY, SEED, tron


def noise_over_store(home: Path) -> None:
    (home / "store.sqlite").write_bytes(b"\x81noise" * 1000)


def noise_inside_store(home: Path) -> None:
    with (home / "store.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(b"\x81noise!!" * 20_000)


def folder_for_store(home: Path) -> None:
    (home / "store.sqlite").unlink()
    (home / "store.sqlite").mkdir()


def noise_for_inputs(home: Path) -> None:
    (home / "run.json").write_text("noise")


def list_for_inputs(home: Path) -> None:
    (home / "run.json").write_text("[]")


def noise_for_session(home: Path) -> None:
    (home / "session.parquet").write_text("noise")


def file_for_archive(home: Path) -> None:
    shutil.rmtree(home / "archive")
    (home / "archive").write_text("noise")


DAMAGES = [
    noise_over_store, noise_inside_store, folder_for_store, noise_for_inputs, list_for_inputs, noise_for_session,
    file_for_archive,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run(ran: RunDay, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A damaged file of the run is one line that says where and what to do; --fresh begins anew."""
    home = tmp_path / DAY
    shutil.copytree(ran.home, home)
    for name in ("store.sqlite-wal", "store.sqlite-shm"):
        (home / name).unlink(missing_ok=True)
    damage(home)
    done = tron("day", "--date", DAY, "--seed", SEED, "--out", tmp_path)
    refused(done, str(home))
    assert "Internal Server Error" not in done.stderr, "this tells a person nothing"


def test_a_damaged_run_is_replaced(ran: RunDay, tmp_path: Path) -> None:
    """--fresh goes over any damage."""
    home = tmp_path / DAY
    shutil.copytree(ran.home, home)
    noise_over_store(home)
    noise_for_inputs(home)
    done = tron("day", "--date", DAY, "--seed", SEED, "--out", tmp_path, "--fresh", "--json")
    assert done.returncode == 0, done.stderr
    assert strict(done.stdout)["order_hash"] == strict(ran.done.stdout)["order_hash"]


def test_fresh_keeps_what_is_not_ours(tmp_path: Path) -> None:
    """--fresh in a directory that no run made does not delete the files in it."""
    home = tmp_path / DAY
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    tron("day", "--date", DAY, "--seed", SEED, "--out", tmp_path, "--fresh")
    assert (home / "thesis.txt").exists()
