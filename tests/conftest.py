"""What every test may ask for: the recorded market data where it is present, and one Hypothesis profile."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.firestore import running_emulator

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("tron", deadline=None)
settings.register_profile("tron-ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("tron-ci" if os.environ.get("CI") else "tron")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded market data: `$TRON_SHARED/data`, else `../shared/data` beside the repository.

    Skips the test where it is absent: the data is not ours to publish, so a clone may stand alone.
    """
    folder = Path(os.environ.get("TRON_SHARED") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"no recorded data in {folder}; set TRON_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def firestore() -> Iterator[str]:
    """The address of a real Firestore emulator, started once; each test takes a project of its own."""
    yield from running_emulator()
