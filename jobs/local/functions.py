"""The functions of this machine: served by their host, fed with events by the relay, called as the scheduler does."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.bootstrap import Application
from common.day.plan import PLANS
from common.log_record import LOGS
from jobs.local.deliveries import Disorder
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.function_host import FunctionHost
from jobs.local.relay import Relay, Trigger

FOLDER: Final = Path(__file__).resolve().parents[2] / "functions"
CALL_SECONDS: Final = 300


class DayFailed(RuntimeError):
    """A step of the day did not succeed; the text says which, and where its log is."""


@dataclass
class LocalFunctions:
    """names: of the functions to serve. extra: environment of theirs besides the settings'. port: 0 picks one.

    disorder: of the relay, for tests. emulator_relay: of the events of the Firestore emulator, where that is the
    store; else they come from its feed. events: false where nobody delivers any: the supervisor's sweep does without.
    """

    app: Application
    names: Sequence[str]
    extra: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    disorder: Disorder = field(default_factory=Disorder)
    emulator_relay: EmulatorRelay | None = None
    events: bool = True
    _host: FunctionHost | None = None
    relay: Relay | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def log(self) -> Path:
        """What the functions and their host say."""
        return self.app.settings.home / "functions.log"

    @property
    def running(self) -> bool:
        """Whether host and relay both do their work."""
        relayed = self.relay is None or self.relay.running
        return self._host is not None and self._host.running and relayed

    def start(self) -> None:
        """Raises HostFailed; then nothing is left running."""
        settings = self.app.settings
        targets = {name: FOLDER / f"{name}.py" for name in self.names}
        environment = {**os.environ, **replace(settings, local=True).environment(), **self.extra}
        with ExitStack() as stack:
            self._host = host = stack.enter_context(FunctionHost(targets, environment, self.log, port=self.port))
            if self.events:
                self._connect([
                    Trigger(f"{PLANS}/{{date}}", "written", host.url("start_workloads")),
                    Trigger(f"{LOGS}/{{id}}", "created", host.url("alert")),
                ], stack)
            self.port = host.port
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Safe to call at any time, also twice; it can be started again, on the same port."""
        self._stack.close()

    def url(self, name: str) -> str:
        """Where it answers. Raises KeyError, HostFailed."""
        assert self._host is not None
        return self._host.url(name)

    def post(self, name: str, day: date) -> Mapping[str, Any]:
        """Call it for `day`, as the scheduler does; its answer. Raises DayFailed."""
        body = json.dumps({"date": day.isoformat()}).encode()
        request = urllib.request.Request(self.url(name), body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
                found: Mapping[str, Any] = json.loads(answer.read())
                return found
        except urllib.error.HTTPError as error:
            text = _reason(error.read(4000))
            raise DayFailed(
                f"{name} could not be done ({error.code}): {text}; mend it and run again, or add --fresh. "
                f"More is in {self.log}"
            ) from None
        except OSError as error:
            raise DayFailed(f"{name} did not answer: {error}; see {self.log}") from None

    def _connect(self, triggers: Sequence[Trigger], stack: ExitStack) -> None:
        settings = self.app.settings
        if self.emulator_relay is not None:
            for trigger in triggers:
                self.emulator_relay.register(trigger, settings.emulator, settings.project, settings.database)
            return
        self.relay = Relay(self.app.changes, triggers, settings.home / "relay.json", disorder=self.disorder)
        self.relay.start()
        stack.callback(self.relay.stop)


def present_functions() -> list[str]:
    """Every function that this version has, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if "@functions_framework." in path.read_text("utf-8"))


def _reason(body: bytes) -> str:
    """The `error` of a function's JSON answer, else the answer itself, cut."""
    text = body.decode(errors="replace").strip()
    try:
        answer = json.loads(text)
    except ValueError:
        return text[:500]
    return str(answer.get("error", text))[:2000] if isinstance(answer, dict) else text[:500]
