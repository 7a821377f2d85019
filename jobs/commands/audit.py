"""`tron audit verify`: is what is stored of a day what was stored on the day?"""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from common.bootstrap import Application
from common.day.audit import Audit, verify
from common.day.workloads import WORKLOADS
from common.ports import Query, StoreError
from jobs.commands import arguments
from jobs.commands.control import open_application
from jobs.commands.output import UserError, print_json, tinted

MAX_WORKLOADS = 1000


def register(commands: Any) -> None:
    """Add the command."""
    audit = commands.add_parser("audit", help="the record of a day").add_subparsers(metavar="ACTION", required=True)
    parser = audit.add_parser("verify", help="follow the hash chains of orders and control actions")
    parser.add_argument("date", type=arguments.day, nargs="?", metavar="D", help="default: every date of the run")
    parser.add_argument("--run", dest="home", type=Path, metavar="DIR",
                        help="directory of the run (default: TRON_HOME, else the latest in out)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: every chain is whole. 1: one is not. 2: there is nothing to look at."""
    app = open_application(chosen.home)
    try:
        days = [chosen.date] if chosen.date else _days(app)
        audits = {day: verify(day, app.store, app.archive) for day in days}
    except StoreError as error:
        raise UserError(str(error)) from None
    if not any(audit.heads or audit.sealed for audit in audits.values()):
        raise UserError(f"nothing was traded on {chosen.date or 'any date'} in {app.settings.home}: give another")
    if chosen.json:
        print_json({"days": {day.isoformat(): _fields(audit) for day, audit in audits.items()}})
    else:
        for day, audit in audits.items():
            _print(day, audit)
    return 1 if any(audit.findings for audit in audits.values()) else 0


def _days(app: Application) -> list[date]:
    """The latest thousand workloads' dates, oldest first."""
    found = app.store.query(Query(WORKLOADS, order_by="-date", limit=MAX_WORKLOADS))
    return sorted({date.fromisoformat(one.fields["date"]) for one in found})


def _fields(audit: Audit) -> dict[str, Any]:
    return {
        "orders": audit.orders, "changes": audit.changes, "control_actions": audit.actions, "sealed": audit.sealed,
        "findings": audit.findings,
    }


def _print(day: date, audit: Audit) -> None:
    counts = ", ".join(f"{name} {audit.orders[name]} orders in {audit.changes[name]} changes" for name in audit.orders)
    state = "sealed at the close" if audit.sealed else "not closed yet: the end rests on the workloads alone"
    print(f"{day}  {counts or 'no orders'}; {audit.actions} control actions; {state}")
    for text in audit.findings:
        print(tinted(f"  {text}", "red"))
    if not audit.findings:
        print("  whole: nothing was changed, removed, added, moved or cut off")
