"""Functions on the Firestore emulator with its own events: what the cloud is, in processes of this machine."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.adapters.firestore import FirestoreStore
from common.ports import DocumentStore
from common.settings import Settings
from jobs.local.deliveries import Disorder, Retries
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.firestore_emulator import FirestoreEmulator
from jobs.local.function_host import FunctionHost
from jobs.local.relay import Trigger
from tests.firestore import need_emulator, project_of
from tests.process.waiting import BOUND_SECONDS

ROOT: Final = Path(__file__).parents[2]
PATIENT: Final = Retries(attempts=100, first_wait_seconds=0.05, longest_wait_seconds=0.2, timeout_seconds=BOUND_SECONDS)
THRICE: Final = Disorder(copies=3, spread_seconds=0.4, seed=5)


@dataclass(frozen=True)
class Events:
    """An emulator and the relay that its events go through."""

    emulator: FirestoreEmulator
    relay: EmulatorRelay


@dataclass(frozen=True)
class FirestoreCloud:
    """One project: its settings, its store, and its functions."""

    settings: Settings
    store: DocumentStore
    host: FunctionHost
    events: Events

    def trigger(self, document: str, target: str) -> None:
        """From now on `target` gets the events of the documents."""
        trigger = Trigger(document, "written", self.host.url(target))
        self.events.relay.register(trigger, self.events.emulator.address, self.settings.project)

    def ask(self, target: str, day: date) -> Mapping[str, Any]:
        """A scheduled function's answer."""
        status, answer = post(
            self.host.url(target), {"Content-Type": "application/json"}, json.dumps({"date": day.isoformat()}).encode()
        )
        assert status == 200, answer
        said: Mapping[str, Any] = json.loads(answer)
        return said

    @property
    def log(self) -> str:
        """What the functions said."""
        return (self.settings.home / "functions.log").read_text()


@contextmanager
def events(disorder: Disorder) -> Iterator[Events]:
    """Skips the test where there is no emulator."""
    need_emulator()
    with EmulatorRelay(retries=PATIENT, disorder=disorder) as relay, FirestoreEmulator(events_to=relay.address) as it:
        yield Events(it, relay)


@contextmanager
def firestore_cloud(
    events: Events, home: Path, sessions: tuple[Path, ...], targets: tuple[str, ...],
) -> Iterator[FirestoreCloud]:
    """A project of its own, named after `home`, with its functions running."""
    settings = Settings(
        home=home, sessions=sessions, seed=7, local=True, store="firestore", project=project_of(str(home)),
        emulator=events.emulator.address,
    )
    with ExitStack() as stack:
        store = FirestoreStore(settings.project, emulator=settings.emulator)
        stack.callback(store.close)
        host = stack.enter_context(serving(settings, targets))
        yield FirestoreCloud(settings, store, host, events)


def serving(settings: Settings, targets: tuple[str, ...], port: int = 0) -> FunctionHost:
    """The functions in a process of their own, not started yet."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings.environment()}
    sources = {name: ROOT / "functions" / f"{name}.py" for name in targets}
    return FunctionHost(
        sources, environment, settings.home / "functions.log", port=port, ready_within_seconds=BOUND_SECONDS
    )


def post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    """Status and answer."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=BOUND_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
