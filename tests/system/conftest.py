"""One generated day, run once as a person runs it, for every test that only looks at it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.day_run import DAY, SEED, tron


@dataclass(frozen=True, slots=True)
class RunDay:
    """out: what was given to --out. home: the run's directory. done: how `tron day --json` ended."""

    out: Path
    home: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> RunDay:
    """Look, do not touch: copy it before changing anything."""
    out = tmp_path_factory.mktemp("ran")
    return RunDay(out, out / DAY, tron("day", "--date", DAY, "--seed", SEED, "--out", out, "--json"))
