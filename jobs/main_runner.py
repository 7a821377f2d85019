"""The day's steps for a cluster without functions: one process, from before the login until the books are closed."""

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Event
from types import FrameType
from typing import Final

from common.bootstrap import Application, application
from common.market.calendar import session_on
from common.market.tables import OutsideTable
from common.ports import Logs
from common.settings import SettingsError
from jobs.local.function_host import HostFailed
from jobs.local.functions import DayFailed, LocalFunctions, present_functions
from jobs.local.timetable import ONCE, SUPERVISE, Timetable

POLL_SECONDS: Final = 0.2
FAILED_SECONDS: Final = 2.0
END_SECONDS: Final = 3.0
TOLD: Final = ("status", "said", "did", "order_hash")
"""Of a function's answer."""
GIVEN_UP, WRONG, ENDED = 1, 2, 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the day is closed, or there is none. 1: a step was given up. 2: a setting is wrong. 143: told to end."""
    parser = argparse.ArgumentParser(prog="python -m jobs.main_runner", description=__doc__)
    parser.add_argument("--date", type=date.fromisoformat, help="YYYY-MM-DD (default: today in India)")
    chosen = parser.parse_args(arguments)
    ended = Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    try:
        app = application()
        return run(chosen.date or app.clock.now().date(), app, ended)
    except (SettingsError, OutsideTable) as error:
        print(f"main runner: {error}", file=sys.stderr)
        return WRONG


def run(day: date, app: Application, ended: Event) -> int:
    """Until every step of the day is done, or `ended` is set: workloads are not touched by either."""
    logs = app.logs("main-runner").about(date=day.isoformat())
    try:
        if session_on(day) is None:
            logs.write("INFO", f"{day} is not a trading day: nothing to run")
            return 0
        names = [name for name in present_functions() if name in {*ONCE, SUPERVISE}]
        return MainRunner(Timetable(day, names), LocalFunctions(app, names, events=False), app, logs, ended).run()
    finally:
        logs.close(END_SECONDS)


@dataclass
class MainRunner:
    """One day. Started again in its middle it goes through the steps again, each of which may be asked twice."""

    table: Timetable
    functions: LocalFunctions
    app: Application
    logs: Logs
    ended: Event
    _said: dict[str, object] = field(default_factory=dict)

    def run(self) -> int:
        """The process's exit status. Nothing that it has started itself is left running."""
        try:
            while not self.ended.is_set() and not self.table.ended:
                self._step()
        finally:
            self.functions.stop()
        if self.ended.is_set():
            self.logs.write("WARNING", "the main runner is told to end (SIGTERM): workloads go on without it")
            return ENDED
        if self.table.failed:
            self.logs.write("CRITICAL", f"given up: {', '.join(self.table.failed)}")
            return GIVEN_UP
        return 0

    def _step(self) -> None:
        name = self.table.due(self.app.clock.now())
        if name is None:
            self.ended.wait(POLL_SECONDS)
            return
        try:
            if not self.functions.running:
                self.functions.stop()
                self.functions.start()
            answer = self.functions.post(name, self.table.day)
        except (DayFailed, HostFailed) as error:
            again = name == SUPERVISE or self.table.again(name, self.app.clock.now())
            what = "it is tried again" if again else "it is given up"
            self.logs.write("WARNING" if again else "ERROR", f"{name} failed, {what}: {error}")
            self.ended.wait(FAILED_SECONDS)
            return
        told = {key: answer[key] for key in TOLD if key in answer}
        if name != SUPERVISE:
            self.table.done(name)
        if self._said.get(name) != told:
            self._said[name] = told
            self.logs.write("INFO", f"{name} has answered", told)


if __name__ == "__main__":
    sys.exit(main())
