"""One whole day on one machine: functions under their framework, relay, workloads as processes, as fast as it goes."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from common.bootstrap import Application
from common.day.plan import PLANS
from common.day.start import start_workloads
from common.day.workloads import ENDED, WORKLOADS, State, workload_id
from common.log_record import LOGS
from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from jobs.local.deliveries import Disorder
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.function_host import FunctionHost
from jobs.local.relay import Relay, Trigger
from jobs.local.scheduler import Step, run_steps

FUNCTIONS: Final = (
    "prepare_day", "plan_day", "start_workloads", "supervise", "square_off", "close_day", "control",
    "alert",
)
STEPS: Final = {
    "prepare_day": "prepare_day", "plan_day": "plan_day", "supervise": "supervise_from", "square_off": "square_off",
    "close_day": "close_day",
}
"""Function to step of the day's table. The supervisor looks once: what dies later is started again here."""
LIMIT_SECONDS: Final = 1800
POLL_SECONDS: Final = 0.1
RESTART_AFTER_SECONDS: Final = 2.0


class DayFailed(RuntimeError):
    """A step of the day did not succeed; the text says which, and where its log is."""


def refuse(plan: Plan) -> None:
    """Raises DayFailed for a plan that waits or asks for what may not be; a rejected one is a day without trades."""
    if plan.refusal and plan.status != "REJECTED":
        raise DayFailed(plan.refusal)


@dataclass
class LocalDay:
    """progress: told (what, done share 0..1) as the day goes on. disorder: of the relay, for tests.

    emulator_relay: of the events of the Firestore emulator, where that is the store; else they come from its feed.
    """

    day: date
    app: Application
    progress: Callable[[str, float], None]
    disorder: Disorder = field(default_factory=Disorder)
    emulator_relay: EmulatorRelay | None = None
    _host: FunctionHost | None = None
    _relay: Relay | None = None

    def run(self) -> Mapping[str, Any]:
        """The day's result. Raises DayFailed. Whatever happens, nothing is left running."""
        home = self.app.settings.home
        source = Path(__file__).resolve().parents[2] / "functions"
        with ExitStack() as stack:
            targets = {name: source / f"{name}.py" for name in FUNCTIONS}
            environment = {**os.environ, **replace(self.app.settings, local=True).environment()}
            self._host = stack.enter_context(FunctionHost(targets, environment, home / "functions.log"))
            self._connect([
                Trigger(f"{PLANS}/{{date}}", "written", self._host.url("start_workloads")),
                Trigger(f"{LOGS}/{{id}}", "created", self._host.url("alert")),
            ], stack)
            times = session_times(self.day, AssetClass.STOCK).steps
            steps = [Step(name, at(times[STEPS[name]]), run) for name, run in self._steps().items()]
            clock = self.app.virtual_clock(steps[0].at - timedelta(minutes=1))
            run_steps(steps, clock, lambda step: self.progress(step.name, 0.0))
        report = self.app.archive.get(self.day, "report.json")
        if report is None:
            raise DayFailed(f"close_day wrote no report; see {home / 'functions.log'}")
        result: Mapping[str, Any] = json.loads(report)
        return result

    def _connect(self, triggers: Sequence[Trigger], stack: ExitStack) -> None:
        settings = self.app.settings
        if self.emulator_relay is not None:
            for trigger in triggers:
                self.emulator_relay.register(trigger, settings.emulator, settings.project, settings.database)
            return
        self._relay = Relay(self.app.changes, triggers, settings.home / "relay.json", disorder=self.disorder)
        self._relay.start()
        stack.callback(self._relay.stop)

    def _steps(self) -> dict[str, Callable[[], None]]:
        return {
            "prepare_day": lambda: self._post("prepare_day"), "plan_day": self._plan,
            "supervise": self._supervise_and_trade, "square_off": lambda: self._post("square_off"),
            "close_day": lambda: self._post("close_day"),
        }

    def _plan(self) -> None:
        self._post("plan_day")
        document = self.app.store.get(PLANS, self.day.isoformat())
        assert document is not None
        refuse(Plan.from_fields(document.fields))

    def _supervise_and_trade(self) -> None:
        self._post("supervise")
        self._await_workloads()

    def _post(self, name: str) -> None:
        assert self._host is not None
        body = json.dumps({"date": self.day.isoformat()}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._host.url(name), body, headers)
        log = self.app.settings.home / "functions.log"
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            text = _reason(error.read(4000))
            raise DayFailed(
                f"{name} could not be done ({error.code}): {text}; mend it and run again, or add --fresh. "
                f"More is in {log}"
            ) from None
        except OSError as error:
            raise DayFailed(f"{name} did not answer: {error}; see {log}") from None
        self.progress(name, 1.0)

    def _await_workloads(self) -> None:
        """The barrier: every enabled workload has ended. What a lost event or a kill left out is started again."""
        fields = self.app.store.get(PLANS, self.day.isoformat())
        assert fields is not None
        plan = Plan.from_fields(fields.fields)
        deadline = time.monotonic() + LIMIT_SECONDS
        missing_since = time.monotonic()
        while True:
            states = [self._state(plan.date, chosen.asset_class) for chosen in plan.enabled]
            if all(state in ENDED for state in states):
                return
            now = time.monotonic()
            if now > deadline:
                raise DayFailed(f"the workloads did not end within {LIMIT_SECONDS} s: {[str(s) for s in states]}")
            idle = [
                chosen for chosen, state in zip(plan.enabled, states, strict=True)
                if state not in ENDED and not self.app.launcher.running(workload_id(plan.date, chosen.asset_class))
            ]
            if not idle:
                missing_since = now
            elif now - missing_since > RESTART_AFTER_SECONDS:
                date_clock = self.app.step_clock(self.day, "plan_day")
                start_workloads(fields.fields, self.app.store, self.app.launcher, self.app.clock, date_clock)
                missing_since = now
            time.sleep(POLL_SECONDS)

    def _state(self, day: date, asset_class: AssetClass) -> State | None:
        """Of one workload; its share of the day goes to the progress bar."""
        workload = self.app.store.get(WORKLOADS, workload_id(day, asset_class))
        if workload is None:
            return None
        state = State(workload.fields["state"])
        if workload.fields["market_time"] is not None:
            times = session_times(day, asset_class)
            opening, closing = at(times.open), at(times.close)
            now = type(opening).fromisoformat(workload.fields["market_time"])
            self.progress(asset_class.value, min(1.0, max(0.0, (now - opening) / (closing - opening))))
        if state in ENDED:
            self.progress(asset_class.value, 1.0)
        return state


def _reason(body: bytes) -> str:
    """The `error` of a function's JSON answer, else the answer itself, cut."""
    text = body.decode(errors="replace").strip()
    try:
        answer = json.loads(text)
    except ValueError:
        return text[:500]
    return str(answer.get("error", text))[:2000] if isinstance(answer, dict) else text[:500]
