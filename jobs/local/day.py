"""One whole day on one machine: functions under their framework, relay, workloads as processes, as fast as it goes."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from common.bootstrap import Application
from common.day.plan import PLANS
from common.day.start import start_workloads
from common.day.workloads import ENDED, WORKLOADS, State, workload_id
from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from jobs.local.deliveries import Disorder
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.functions import DayFailed, LocalFunctions
from jobs.local.scheduler import Step, run_steps

FUNCTIONS: Final = (
    "remind_login", "kite_login", "kite_postback", "prepare_day", "plan_day", "start_workloads", "supervise",
    "square_off", "close_day", "control", "alert",
)
STEPS: Final = {
    "remind_login": "remind_login", "prepare_day": "prepare_day", "plan_day": "plan_day", "supervise": "supervise_from",
    "square_off": "square_off", "close_day": "close_day",
}
"""Function to step of the day's table. The supervisor looks once: what dies later is started again here."""
__all__ = ["FUNCTIONS", "DayFailed", "LocalDay", "refuse"]

LIMIT_SECONDS: Final = 1800
POLL_SECONDS: Final = 0.1
RESTART_AFTER_SECONDS: Final = 2.0


def refuse(plan: Plan) -> None:
    """Raises DayFailed for a live plan, which waits for a person; a rejected one is a day without trades."""
    if plan.mode == "live" and plan.status != "REJECTED":
        raise DayFailed(
            "the plan is for live trading, and `tron day` is on paper: set mode = \"paper\" in the mandate, or try the "
            "live day with `tron up --broker kite-simulated`"
        )
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
    _functions: LocalFunctions | None = None

    def run(self) -> Mapping[str, Any]:
        """The day's result. Raises DayFailed. Whatever happens, nothing is left running."""
        functions = LocalFunctions(
            self.app, FUNCTIONS, disorder=self.disorder, emulator_relay=self.emulator_relay,
        )
        self._functions = functions
        functions.start()
        try:
            times = session_times(self.day, AssetClass.STOCK).steps
            steps = [Step(name, at(times[STEPS[name]]), run) for name, run in self._steps().items()]
            clock = self.app.virtual_clock(steps[0].at - timedelta(minutes=1))
            run_steps(steps, clock, lambda step: self.progress(step.name, 0.0))
        finally:
            functions.stop()
        report = self.app.archive.get(self.day, "report.json")
        if report is None:
            raise DayFailed(f"close_day wrote no report; see {functions.log}")
        result: Mapping[str, Any] = json.loads(report)
        return result

    def _steps(self) -> dict[str, Callable[[], None]]:
        return {
            "remind_login": lambda: self._post("remind_login"), "prepare_day": lambda: self._post("prepare_day"),
            "plan_day": self._plan, "supervise": self._supervise_and_trade,
            "square_off": lambda: self._post("square_off"), "close_day": lambda: self._post("close_day"),
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
        assert self._functions is not None
        self._functions.post(name, self.day)
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
