"""The Firestore emulator for tests: where it is missing they skip, unless CI insists on it."""

import hashlib
import os
from collections.abc import Iterator

import pytest

from common.adapters.firestore import FirestoreStore
from jobs.local.firestore_emulator import EmulatorMissing, FirestoreEmulator, emulator_command

EMULATOR = "FIRESTORE_EMULATOR_HOST"
REQUIRED = "TRON_REQUIRE_EMULATOR"


def need_emulator() -> None:
    """Skips the test where there is no emulator; fails it where TRON_REQUIRE_EMULATOR=1."""
    try:
        emulator_command()
    except EmulatorMissing as missing:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1, and {missing}")
        pytest.skip(str(missing))


def running_emulator() -> Iterator[str]:
    """One emulator for as long as the generator lives, its address in the environment, for other processes too."""
    need_emulator()
    with FirestoreEmulator() as emulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv(EMULATOR, emulator.address)
        yield emulator.address


def project_of(place: str) -> str:
    """A project of the test's own: nothing else is ever seen in it."""
    return f"tron-{hashlib.sha256(place.encode()).hexdigest()[:20]}"


def open_firestore(place: str) -> FirestoreStore:
    """The test's own store on the running emulator."""
    return FirestoreStore(project_of(place), emulator=os.environ[EMULATOR])
