"""`tron halt`, `tron resume`, `tron flatten`: the person's hand on every workload of a run."""

import argparse
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.bootstrap import Application
from common.day.control import LEVELS, ControlRefused, Halt, Source, effective, read_control, resume, set_halt
from common.day.workloads import ENDED, WORKLOADS, State
from common.market.instrument import AssetClass
from common.ports import Document, Filter, Query, StoreError
from common.settings import SettingsError, read_settings
from common.trading.halts import HaltLevel
from jobs.commands import arguments
from jobs.commands.output import UserError, tinted
from jobs.local.run_directory import GENERATED

STORE: Final = "store.sqlite"
BY: Final = "command line"
BY_HAND: Final = "by hand"
POLL_SECONDS: Final = 0.5
WITHOUT_STORE: Final = "`tron flatten --broker-only` needs no store"


def register(commands: Any) -> None:
    """Add the three commands."""
    halt = commands.add_parser("halt", help="stop entries, cancel them or flatten, until resumed")
    halt.add_argument("--level", choices=list(LEVELS), default="stop",
                      help="stop entries, cancel those that work too, or also close everything (default: stop)")
    halt.add_argument("--reason", default=BY_HAND, metavar="TEXT")
    halt.set_defaults(run=run_halt)
    again = commands.add_parser("resume", help="take a halt back, with the reason why")
    again.add_argument("--reason", required=True, metavar="TEXT")
    again.set_defaults(run=run_resume)
    flatten = commands.add_parser("flatten", help="close everything, and wait until it is")
    flatten.add_argument("--reason", default=BY_HAND, metavar="TEXT")
    flatten.add_argument("--wait", type=float, default=90.0, metavar="SECONDS", help="default: 90")
    flatten.add_argument("--broker-only", action="store_true",
                         help="without store and workloads, by the broker's books: when all else is down")
    flatten.add_argument("--date", type=arguments.day, help="for --broker-only (default: the run's)")
    flatten.set_defaults(run=run_flatten)
    for parser in (halt, again, flatten):
        parser.add_argument("--class", dest="scope", choices=[one.value for one in AssetClass], default="all",
                            help="default: all")
        parser.add_argument("--run", dest="home", type=Path, metavar="DIR",
                            help="directory of the run (default: TRON_HOME, else the latest in out)")


def run_halt(chosen: argparse.Namespace) -> int:
    """0: the halt is stored; workloads obey within ten seconds of their time."""
    app = open_application(chosen.home)
    try:
        _halt(app, chosen.scope, LEVELS[chosen.level], chosen.reason)
        _print_levels(app)
    except StoreError as error:
        raise UserError(f"{error}; {WITHOUT_STORE}") from None
    return 0


def run_resume(chosen: argparse.Namespace) -> int:
    """0: the halts are gone. 2: no reason, or nothing to resume."""
    app = open_application(chosen.home)
    try:
        resume(app.store, chosen.scope, chosen.reason, BY, app.clock)
        _print_levels(app)
    except (ControlRefused, StoreError) as error:
        raise UserError(str(error)) from None
    return 0


def run_flatten(chosen: argparse.Namespace) -> int:
    """0: everything is flat. 1: something is not, or does not answer."""
    app = open_application(chosen.home, without_store=chosen.broker_only)
    if chosen.broker_only:
        return _by_broker(app, chosen)
    try:
        sequence = _halt(app, chosen.scope, HaltLevel.FLATTEN, chosen.reason)
        return _wait(app, chosen.scope, sequence, chosen.wait)
    except StoreError as error:
        raise UserError(f"{error}; {WITHOUT_STORE}") from None


def find_run(given: Path | None, environment: Mapping[str, str], *, without_store: bool = False) -> Path:
    """The run to act on. Raises UserError."""
    named = given or (Path(environment["TRON_HOME"]) if environment.get("TRON_HOME") else None)
    if named is not None:
        if not (named.is_dir() if without_store else (named / STORE).exists()):
            raise UserError(f"{named} is not a run: it has no {STORE}; give --run DIR, such as out/2026-11-20")
        return named.resolve()
    found = sorted(Path("out").glob(f"*/{STORE}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise UserError("there is no run in out: give --run DIR")
    return found[-1].parent.resolve()


def open_application(given: Path | None, *, without_store: bool = False) -> Application:
    """The ports of the run to act on. Raises UserError."""
    home = find_run(given, os.environ, without_store=without_store)
    generated = home / GENERATED
    sessions = str(generated) if generated.exists() else os.environ.get("TRON_SESSIONS", "")
    try:
        return Application(read_settings({**os.environ, "TRON_HOME": str(home), "TRON_SESSIONS": sessions}))
    except SettingsError as error:
        raise UserError(str(error)) from None


def _halt(app: Application, scope: str, level: HaltLevel, reason: str) -> int:
    return set_halt(app.store, Halt(Source.PERSON, scope, level, reason.strip() or BY_HAND, BY), app.clock)


def _print_levels(app: Application) -> None:
    """What each class does now, and which workloads are there to do it."""
    document = read_control(app.store)
    days = {workload.fields["date"] for workload in _unfinished(app, "all")}
    day = date.fromisoformat(max(days)) if days else app.clock.now().date()
    for asset_class in AssetClass:
        said = effective(document, asset_class, day)
        text = f"{asset_class.value:8} {said.level.name}" + (f": {said.reason}" if said.reason else "")
        print(tinted(text, "orange") if said.level else text)
    if not days:
        print("no workload runs: it holds for those that begin")


def _unfinished(app: Application, scope: str) -> list[Document]:
    unfinished: Filter = ("state", "in", [State.LAUNCHED.value, State.RUNNING.value])
    found = app.store.query(Query(WORKLOADS, (unfinished,), limit=100))
    return [one for one in found if scope in ("all", one.fields["asset_class"])]


def _wait(app: Application, scope: str, sequence: int, seconds: float) -> int:
    """Shows each workload as it changes, until all are flat or time is up."""
    until, shown = app.clock.monotonic() + seconds, dict[str, str]()
    ids = [one.id for one in _unfinished(app, scope)]
    if not ids:
        print("no workload runs; the halt holds for those that begin")
        return 0
    while True:
        said = {id: _standing(app.store.get(WORKLOADS, id), sequence) for id in ids}
        for id, (text, _) in said.items():
            if shown.get(id) != text:
                shown[id] = text
                print(f"{id}  {text}", flush=True)
        if all(done for _, done in said.values()):
            return 0
        if app.clock.monotonic() >= until:
            late = ", ".join(id for id, (_, done) in said.items() if not done)
            print(tinted(
                f"after {seconds:.0f} s not flat, or without an answer: {late}. The supervisor takes over what is "
                "dead; end a process that hangs, then `tron flatten --broker-only` closes by the broker's books", "red",
            ))
            return 1
        app.clock.sleep(POLL_SECONDS)


def _standing(workload: Document | None, sequence: int) -> tuple[str, bool]:
    """For people, and whether nothing more is to be waited for."""
    if workload is None:
        return "is gone", True
    state, summary = State(workload.fields["state"]), workload.fields["summary"]
    still_open, entries = int(summary.get("open_positions", 0)), int(summary.get("working_entries", 0))
    if state in ENDED:
        return f"has ended ({state}), {still_open} open", state is State.DONE
    if int(summary.get("control_seen", 0)) < sequence:
        return f"does not answer yet; last heard of at {workload.fields['heartbeat'][11:19]}", False
    if still_open or entries:
        return f"leaves: {still_open} positions, {entries} entries", False
    return "flat", True


def _by_broker(app: Application, chosen: argparse.Namespace) -> int:
    from common.day.takeover import take_over_by_broker

    day = chosen.date or run_date(app.settings.home)
    classes: Sequence[AssetClass] = [one for one in AssetClass if chosen.scope in ("all", one.value)]
    print("by the broker's books alone: entries that carry our tags are cancelled, positions are closed")
    with suppress(StoreError):  # so that nothing which starts again trades against it
        _halt(app, chosen.scope, HaltLevel.FLATTEN, chosen.reason)
    failed = False
    for asset_class in classes:
        said = take_over_by_broker(day, asset_class, app.broker_ports())
        print(f"{asset_class.value:8} {said}", flush=True)
        failed |= not said.startswith("flat")
    return 1 if failed else 0


def run_date(home: Path, otherwise: date | None = None) -> date:
    """The date that the run's directory names. Raises UserError where it names none."""
    try:
        return date.fromisoformat(home.name)
    except ValueError:
        if otherwise is not None:
            return otherwise
        raise UserError(f"{home.name} names no date: give --date YYYY-MM-DD, of the day that is traded") from None
