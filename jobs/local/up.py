"""The laptop's cloud: functions, relay, scheduler, workloads and whatever else there is, kept alive on one machine."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from common.bootstrap import Application
from common.day.workloads import ENDED, WORKLOADS, State, workload_id
from common.market.instrument import AssetClass
from common.ports import StoreError
from jobs.local.functions import DayFailed, LocalFunctions
from jobs.local.keeping import Keeper, Part
from jobs.local.person import NotDone
from jobs.local.timetable import SUPERVISE, Timetable

POLL_SECONDS: Final = 0.5
STATUS_SECONDS: Final = 30.0
FAILED_SECONDS: Final = 2.0
"""Real time, however fast the session's: in which a host that has just died is missed."""
CATCH_UP_SECONDS: Final = 30.0
TOLD: Final = ("status", "said", "order_hash")
"""Of a function's answer."""
CLOCK: Final = "clock.json"


@dataclass
class LocalCloud:
    """One date on this machine. others: parts besides the functions, by name, and where they answer.

    after_step: told each step and its answer: a person does something then. say: told in words what happens.
    stays: the day over, it can be looked at until Ctrl-C.
    """

    day: date
    app: Application
    functions: LocalFunctions
    others: dict[str, tuple[Part, str]]
    after_step: Callable[[str, Mapping[str, Any]], None]
    say: Callable[[str], None]
    stays: bool = False
    _ended: Event = field(default_factory=Event)
    _close_at: float = 0.0

    def run(self) -> int:
        """0: the day is over, and everybody was flat. 1: it is not. Nothing is left running, whatever happens."""
        keeper = Keeper(self.say, lambda _: None)
        table = Timetable(self.day, self.functions.names)
        try:
            for name, (part, _) in self.others.items():
                keeper.start(name, part)
            keeper.start("functions", self.functions)
            self._introduce()
            scheduler = Thread(target=self._schedule, args=(table,), name="scheduler", daemon=True)
            scheduler.start()
            self._watch(keeper, scheduler, table)
            status = self._verdict(table)
            if self.stays:
                self._stay(keeper)
            return status
        finally:
            self._ended.set()
            for asset_class in AssetClass:
                self.app.launcher.stop(workload_id(self.day, asset_class))
            keeper.stop()

    def _introduce(self) -> None:
        """What runs where."""
        home = self.app.settings.home
        rows = [("functions", self.functions.url("control").rpartition("/")[0], self.functions.log)]
        rows += [(name, where, part.log) for name, (part, where) in self.others.items()]
        rows.append(("workloads", "as processes", home / "run"))
        for name, where, log in rows:
            self.say(f"{name:12} {where:32} log {near(log)}")
        self.say(f"state in {near(home)}; `tron halt --run {near(home)}` stops entries; Ctrl-C ends everything")

    def _watch(self, keeper: Keeper, scheduler: Thread, table: Timetable) -> None:
        shown, told_at = "", time.monotonic()
        while scheduler.is_alive() or not self._all_ended():
            keeper.look()
            self._keep_time()
            states = self._states()
            text = " ".join(f"{name} {state}" for name, state in states.items())
            if text != shown or time.monotonic() - told_at > STATUS_SECONDS:
                shown, told_at = text, time.monotonic()
                self.say(text or "no workload yet")
            if not scheduler.is_alive() and table.failed:
                return
            time.sleep(POLL_SECONDS)

    def _stay(self, keeper: Keeper) -> None:
        """Who was at work while it traded wants to see what it did."""
        self.say("dashboard and API stay until Ctrl-C; `tron up --fresh` plays the day again")
        with suppress(KeyboardInterrupt):
            while True:
                keeper.look()
                time.sleep(POLL_SECONDS)

    def _schedule(self, table: Timetable) -> None:
        """Until every step of the day is done."""
        clock = self.app.clock
        while not self._ended.is_set() and not table.ended:
            name = table.due(clock.now())
            if name is None or not self.functions.running or (name == "close_day" and self._waits_to_close()):
                self._ended.wait(POLL_SECONDS / 5)
                continue
            try:
                answer = self.functions.post(name, self.day)
            except (DayFailed, AssertionError) as error:
                if name != SUPERVISE:
                    again = "tried again" if table.again(name, clock.now()) else "given up"
                    self.say(f"{name} failed, {again}: {error}")
                self._ended.wait(FAILED_SECONDS)
                continue
            if name != SUPERVISE:
                table.done(name)
                said = ", ".join(str(answer[key]) for key in TOLD if key in answer)
                self.say(f"{name} is done{said and ': '}{said}")
                self._tell(name, answer)

    def _tell(self, name: str, answer: Mapping[str, Any]) -> None:
        try:
            self.after_step(name, answer)
        except NotDone as failure:
            self.say(f"after {name}: {failure}")

    def _waits_to_close(self) -> bool:
        """A session that is played fast is over before its workloads have caught up with it."""
        if self._all_ended():
            return False
        self._close_at = self._close_at or time.monotonic() + CATCH_UP_SECONDS
        return time.monotonic() < self._close_at

    def _states(self) -> dict[str, str]:
        found = {}
        with suppress(StoreError):
            for asset_class in AssetClass:
                document = self.app.store.get(WORKLOADS, workload_id(self.day, asset_class))
                if document is not None:
                    found[asset_class.value] = str(document.fields["state"])
        return found

    def _all_ended(self) -> bool:
        return all(State(state) in ENDED for state in self._states().values())

    def _keep_time(self) -> None:
        """So that the next start goes on from here."""
        note = {
            "day": self.day.isoformat(), "at": self.app.clock.now().isoformat(),
            "functions": self.functions.url("control").rpartition("/")[0],
        }
        path = self.app.settings.home / CLOCK
        part = path.with_suffix(".part")
        part.write_text(json.dumps(note), encoding="utf-8")
        part.rename(path)

    def _verdict(self, table: Timetable) -> int:
        report = self.app.archive.get(self.day, "report.json")
        if report is None or table.failed:
            self.say(f"the day is not closed: {', '.join(table.failed) or 'close_day'} has not succeeded")
            return 1
        result: dict[str, Any] = json.loads(report)
        self.say(f"{result['date']} is over: {result['totals']['trades']} trades, order hash {result['order_hash']}")
        good = not result["differences"] and all(one["state"] == "DONE" for one in result["workloads"])
        return 0 if good else 1


def kept_time(home: Path, day: date) -> datetime | None:
    """Where the session's clock stood when that day was left; None for a day that has not begun."""
    try:
        note = json.loads((home / CLOCK).read_text(encoding="utf-8"))
        return datetime.fromisoformat(note["at"]) if note["day"] == day.isoformat() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def near(path: Path) -> Path:
    """For people: from where they are."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
