"""`tron halt` and `tron flatten` against a `tron day` that runs: its own processes obey, and end the day flat."""

from pathlib import Path

import pytest

from tests.system.conftest import RunDay
from tests.system.day_run import (
    BOUND_SECONDS,
    DAY,
    SEED,
    check_books,
    documents,
    nothing_runs,
    seed_session,
    started,
    tron,
    until,
)

LEVELS = {"halt": "STOP_ENTRIES", "flatten": "FLATTEN"}


@pytest.mark.parametrize("command", LEVELS)
def test_the_hand_on_a_running_day(ran: RunDay, tmp_path: Path, command: str) -> None:
    """Said by another process as soon as there is a store: every class has seen it, enters less, and ends flat."""
    home = seed_session(ran.home, tmp_path / DAY)
    with started("day", "--date", DAY, "--seed", SEED, "--out", home.parent) as day:
        assert until(lambda: (home / "store.sqlite").exists() or day.poll() is not None)
        said = tron(command, "--run", home, "--reason", "a test")
        assert said.returncode == 0, said.stdout + said.stderr
        assert day.poll() is None, "the day was over first: this proves nothing"
        assert day.wait(BOUND_SECONDS) == 0
    workloads = documents(home, "workloads").values()
    assert {one["state"] for one in workloads} == {"DONE"}
    assert {one["summary"]["halt_level"] for one in workloads} == {LEVELS[command]}
    assert len(documents(home, "orders")) < len(documents(ran.home, "orders"))
    check_books(home)
    assert nothing_runs(home)
