"""The store of one local day: SQLite by default, else Firestore's emulator with the relay of its events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from common.settings import Settings
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.firestore_emulator import FirestoreEmulator

PROJECT: Final = "tron-local"


@contextmanager
def opened_store(settings: Settings, store: str) -> Iterator[tuple[Settings, EmulatorRelay | None]]:
    """The settings for `store`, and what delivers its events unless its feed does. Raises EmulatorMissing."""
    if store == "sqlite":
        yield settings, None
        return
    with EmulatorRelay() as relay, FirestoreEmulator(events_to=relay.address) as emulator:
        yield replace(settings, store=store, project=PROJECT, emulator=emulator.address), relay
