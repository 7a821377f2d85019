"""`tron doctor`: is everything ready to trade? A table, with a remedy beside each red."""

import argparse
import os
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.bootstrap import Application
from common.bootstrap_schedule import open_schedule
from common.day.readiness import Check, is_red
from common.day.schedule import drifts
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.settings import SettingsError, read_settings
from jobs.commands import arguments
from jobs.commands.findings import as_json, print_findings
from jobs.commands.output import UserError, print_json

RUNS: Final = Path("out")


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("doctor", help="look whether everything is ready to trade")
    parser.add_argument("--date", type=arguments.day, help="default: today in India")
    parser.add_argument("--home", type=Path, metavar="DIR", help="default: TRON_HOME, else out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: nothing is red. 1: something is, with what to do. 2: a setting is wrong."""
    home = chosen.home or Path(os.environ.get("TRON_HOME") or RUNS)
    try:
        app = Application(read_settings({**os.environ, "TRON_HOME": str(home)}))
        day: date = chosen.date or app.clock.now().date()
        found, theirs = app.account.look(day)
        found = [*found, *_schedule(day, app)]
    except (SettingsError, InvalidDocument) as error:
        raise UserError(str(error)) from None
    if chosen.json:
        print_json({
            "date": day.isoformat(), "ready": not is_red(found), "yours": sorted(theirs),
            "checks": as_json(found),
        })
    else:
        print_findings(found)
        print(f"{day}: {'not ready' if is_red(found) else 'ready'}, broker {app.settings.broker}")
    return 1 if is_red(found) else 0


def _schedule(day: date, app: Application) -> list[Check]:
    """Whether whoever calls the steps goes by the session table; nothing on a machine that calls them itself."""
    schedule = open_schedule(app.settings)
    if schedule is None:
        return []
    mend = "call sync_schedule; where a call is missing, apply terraform/"
    try:
        told = drifts(day, schedule.calls(), app.clock.now())
    except OSError as error:
        return [Check("schedule", "amber", str(error), "log in with gcloud, or look at the roles")]
    except OutsideTable as error:
        return [Check("schedule", "red", str(error), "add the year to common/market/data")]
    if not told:
        return [Check("schedule", "green", f"every step is called as the table of {day} has it")]
    return [Check("schedule", "red", f"{one.step} {one.text}", mend) for one in told]
