"""`tron day`: one date, prepared, planned, traded in its asset classes, closed and reported."""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from common.bootstrap import Application
from common.market.calendar import MarketClosed
from common.market.money import money
from common.market.tables import OutsideTable
from common.planner_settings import PLANNERS
from common.planning.document import InvalidDocument
from common.ports import StoreError
from common.research.faults import DataError
from common.research.report import write_report
from common.settings import STORES, Settings, SettingsError, notify_urls, planner_settings
from jobs.commands import arguments
from jobs.commands.output import UserError, print_json, profit, tinted
from jobs.commands.progress import Progress
from jobs.local.day import DayFailed, LocalDay
from jobs.local.emulated_store import opened_store
from jobs.local.firestore_emulator import EmulatorMissing
from jobs.local.in_process import run_in_process
from jobs.local.run_directory import (
    DEMO_DATE,
    DEMO_SEED,
    RunInputs,
    make_home,
    open_run,
    put_lists,
    refuse_other,
    session_files,
)


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("day", help="trade one whole day on paper, as fast as it goes")
    parser.add_argument("--date", type=arguments.day,
                        help=f"YYYY-MM-DD (default: the last of --session, else {DEMO_DATE})")
    parser.add_argument("--session", type=Path, action="append", default=[], metavar="FILE",
                        help="recorded bars, Parquet or CSV; may be given again (default: a generated session)")
    parser.add_argument("--seed", type=int, default=DEMO_SEED,
                        help=f"of the generated session and of slippage (default: {DEMO_SEED})")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="default: out")
    parser.add_argument("--mandate", type=Path, metavar="FILE", help="your limits as TOML (default: the one shipped)")
    parser.add_argument("--lists", type=Path, metavar="DIR",
                        help="the exchange's lists of the day (surveillance.csv, series.csv, ...): docs/data.md")
    parser.add_argument("--planner", choices=PLANNERS, default="rules",
                        help="model: the one that TRON_MODEL and TRON_MODEL_URL name: docs/planning.md")
    parser.add_argument("--in-process", action="store_true", help="replay in this process: no functions, no workloads")
    parser.add_argument("--store", choices=STORES, default="sqlite",
                        help="firestore: on its emulator, which keeps nothing: such a day begins anew each time")
    parser.add_argument("--fresh", action="store_true", help="throw away what an earlier run of this date left")
    parser.add_argument("--json", action="store_true", help="print the whole result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: traded and flat. 1: the day failed, or ended with something open or unexplained."""
    try:
        result, report = _run(chosen)
    except (EmulatorMissing, DataError, SettingsError, InvalidDocument, OutsideTable, MarketClosed) as error:
        raise UserError(str(error)) from None
    except (StoreError, OSError) as error:
        raise UserError(f"{chosen.out.resolve()}: {error}: add --fresh to begin anew, or give another --out") from None
    except DayFailed as error:
        print(f"tron: {error}", file=sys.stderr)
        return 1
    if chosen.json:
        print_json(result)
    else:
        _print(result, report)
    failed = [workload for workload in result["workloads"] if workload["state"] != "DONE"]
    return 1 if failed or result["differences"] else 0


def _run(chosen: argparse.Namespace) -> tuple[Mapping[str, Any], Path]:
    inputs = RunInputs.choose(
        chosen.date, tuple(chosen.session), chosen.seed, chosen.mandate, chosen.lists, chosen.planner,
    )
    embedded = chosen.store == "sqlite"
    if chosen.in_process and not embedded:
        raise UserError("--in-process replays in a store of its own: leave out --store")
    home = chosen.out.resolve() / (f"{inputs.day}" if embedded else f"{inputs.day}-{chosen.store}")
    settings = Settings(
        home=home, mandate=inputs.mandate, seed=inputs.seed, source_name=inputs.source,
        notify_urls=notify_urls(os.environ), planner=planner_settings(os.environ, chosen.planner),
    )
    _ = Application(settings).mandate  # read before anything is claimed, so that a refused one claims nothing
    make_home(home)
    if chosen.in_process and not chosen.fresh:
        refuse_other(home, inputs)
    with (
        open_run(home, inputs, in_process=chosen.in_process, fresh=chosen.fresh or not embedded) as run_home,
        opened_store(settings, chosen.store) as (settings, relay),
        Progress(quiet=chosen.json) as progress,
    ):
        progress.tell("session", 0.0)
        settings = replace(settings, home=run_home, sessions=session_files(run_home, inputs))
        app = Application(settings)
        listed = app.market.instruments(inputs.day)  # what is wrong with a file is said here, not by a function's log
        put_lists(inputs, app.archive, listed)
        progress.tell("session", 1.0)
        if chosen.in_process:
            result = run_in_process(inputs.day, app, progress.tell)
        else:
            result = LocalDay(inputs.day, app, progress.tell, emulator_relay=relay).run()
    page, _ = write_report(home, result)
    return result, page


def _print(result: Mapping[str, Any], report: Path) -> None:
    totals = result["totals"]
    print(f"{result['date']}  {result['mode']}  {result['source']}")
    for workload in result["workloads"]:
        print(
            f"  {workload['asset_class']:8} {workload['state']:6} {workload['orders']:4} orders "
            f"{workload['fills']:4} fills {workload['trades']:3} trades  net {profit(workload['net_paise'])}"
        )
        if workload["state"] != "DONE":
            log = report.parent / "run" / f"{result['date']}-{workload['asset_class']}.log"
            for alarm in workload["alarms"]:
                print(tinted(f"    {alarm['severity'].lower()}: {alarm['message']}", "red"))
            print(tinted(f"    ended without being done: see {_near(log)}", "red"))
    if not result["workloads"]:
        reasons = "; ".join(reason["text"] for reason in result["plan"]["reasons"])
        print(f"  nothing was traded: the plan is {result['plan']['status']}: {reasons}")
    print(
        f"  gross {money(totals['gross_paise'])}, charges {money(totals['charges_paise'])}, "
        f"net {profit(totals['net_paise'])}, {totals['wins']} won, {totals['losses']} lost"
    )
    for warning in result["warnings"]:
        print(tinted(f"  warning: {warning}", "orange"))
    print(f"  order hash {result['order_hash']}")
    print(f"  report {_near(report)}")


def _near(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path

