"""`tron up`: the laptop's cloud, in real time or faster, until Ctrl-C; with --once until the day is over."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, Final

from common.bootstrap import Application
from common.market.calendar import MarketClosed, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.ports import StoreError
from common.redaction import Secret
from common.research.faults import DataError
from common.research.market import RecordedMarket
from common.settings import Settings, SettingsError, notify_urls, planner_settings
from jobs.commands import arguments
from jobs.commands.output import UserError
from jobs.local.dashboard import DashboardFailed, LocalDashboard, dashboard_port
from jobs.local.function_host import HostFailed
from jobs.local.functions import LocalFunctions, present_functions
from jobs.local.keeping import Part
from jobs.local.person import Person
from jobs.local.proxy import ProxyFailed, local_proxy
from jobs.local.run_directory import DEMO_DATE, DEMO_SEED, RunInputs, open_run, put_lists, session_files
from jobs.local.simulated_kite import HOST, PERSON, SimulatedKite, free_port, live_mandate
from jobs.local.timetable import Timetable
from jobs.local.up import LocalCloud, kept_time, near

SPEED: Final = 60.0
FASTEST: Final = 3600.0
LEASE_SECONDS: Final = 180.0
"""Of the session's time: a workload on bars renews its lease once a minute. No less than 30 s of real time."""
START_SECONDS: Final = 10.0
"""Real time for everything to start before the first step is due."""


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("up", help="the whole cloud on this machine: functions, scheduler, relay, workloads")
    parser.add_argument("--date", type=arguments.day,
                        help=f"YYYY-MM-DD (default: the last of --session, else {DEMO_DATE})")
    parser.add_argument("--session", type=Path, action="append", default=[], metavar="FILE",
                        help="recorded bars; may be given again (default: a generated session)")
    parser.add_argument("--seed", type=int, default=DEMO_SEED,
                        help=f"of the generated session and of slippage (default: {DEMO_SEED})")
    parser.add_argument("--speed", type=float, metavar="X",
                        help=f"times real time, 1 to {FASTEST:g} (default: {SPEED:g}, a day in some eight minutes; "
                        "1 on kite-simulated, whose time-outs are real)")
    parser.add_argument("--start", metavar="HH:MM", help="time of the day to begin at (default: before its first step)")
    parser.add_argument("--out", type=Path, default=Path("out/up"), metavar="DIR", help="default: out/up")
    parser.add_argument("--mandate", type=Path, metavar="FILE", help="your limits as TOML (default: the one shipped)")
    parser.add_argument("--broker", choices=("paper", "kite-simulated"), default="paper",
                        help="kite-simulated: by the live path, on a simulated Kite (default: paper)")
    parser.add_argument("--paper", action="store_true",
                        help="with kite-simulated: its market, and orders on paper, as before a first live day")
    parser.add_argument("--approve", action="store_true",
                        help="approve the live plan by itself; without it you do, with `tron approve`")
    parser.add_argument("--proxy", type=int, nargs="?", const=8080, metavar="PORT",
                        help="NGINX before dashboard and API, one origin (default port: 8080)")
    parser.add_argument("--tls", action="store_true", help="with --proxy: a certificate of its own, which none trusts")
    parser.add_argument("--no-dashboard", action="store_true", help="without the dashboard")
    parser.add_argument("--once", action="store_true", help="end when the day is over")
    parser.add_argument("--fresh", action="store_true", help="throw away what an earlier run left")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: the day is over and flat. 1: it is not. 130: ended by Ctrl-C before."""
    if chosen.speed is None:
        chosen.speed = SPEED if chosen.broker == "paper" else 1.0
    if not 1 <= chosen.speed <= FASTEST:
        raise UserError(f"--speed {chosen.speed:g} is no pace: give 1 to {FASTEST:g}")
    try:
        inputs = RunInputs.choose(chosen.date, tuple(chosen.session), chosen.seed, chosen.mandate)
        home = chosen.out.resolve()
        with open_run(home, inputs, in_process=False, fresh=chosen.fresh), _ended_by_signal():
            return _play(chosen, inputs, home)
    except (DataError, SettingsError, InvalidDocument, OutsideTable, MarketClosed, HostFailed, ProxyFailed,
            DashboardFailed) as error:
        raise UserError(str(error)) from None
    except StoreError as error:
        raise UserError(f"{error}: add --fresh to begin anew, or give another --out") from None


def _play(chosen: argparse.Namespace, inputs: RunInputs, home: Path) -> int:
    sessions, on_kite = session_files(home, inputs), chosen.broker == "kite-simulated"
    live = on_kite and not chosen.paper
    clock = (time.time(), _start(chosen, inputs, home).timestamp(), chosen.speed)
    settings = Settings(
        home=home, mandate=live_mandate(home, inputs.mandate) if live else inputs.mandate, seed=inputs.seed,
        source_name=inputs.source, notify_urls=notify_urls(os.environ), sessions=() if on_kite else sessions,
        planner=planner_settings(os.environ), session_clock=clock,
        lease_ttl_seconds=max(LEASE_SECONDS, 30.0 * chosen.speed),
    )
    app = Application(settings)
    _ = app.mandate  # a refused one is said here, not by a function's log
    put_lists(inputs, app.archive, RecordedMarket(sessions).instruments(inputs.day))

    def say(text: str) -> None:
        print(f"{app.clock.now():%H:%M:%S}  {text}", file=sys.stderr, flush=True)

    say(f"{inputs.day}, {inputs.source}, {chosen.speed:g} times real time, on {chosen.broker}")
    names, extra, parts = present_functions(), dict[str, str](), dict[str, tuple[Part, str]]()
    port = free_port()
    if on_kite:
        kite = SimulatedKite(
            home, inputs.day, sessions, inputs.seed, {"TRON_SESSION_CLOCK": " ".join(map(repr, clock))}, extra,
            f"http://{HOST}:{port}", "kite_postback" in names, free_port(),
            app.mandate.capital_rupees, live,
        )
        parts["kite"] = (kite, kite.url)
        trades = "mandate: live, for this run alone" if live else "orders stay on paper"
        say(f"{trades}; {PERSON} logs in when the link comes")
    dashboard = LocalDashboard(home, f"http://{HOST}:{port}", dashboard_port(), inputs.day)
    if not chosen.no_dashboard:
        parts["dashboard"] = (dashboard, dashboard.url)
    if chosen.proxy is not None:
        proxy = local_proxy(home / "proxy", chosen.proxy, f"{HOST}:{port}", dashboard.port, tls=chosen.tls)
        parts["proxy"] = (proxy, f"http{'s' if chosen.tls else ''}://{proxy.proxy.listen}")
    functions = LocalFunctions(app, names, extra, port)
    command = f"tron approve {inputs.day} --run {near(home)}"
    key = os.environ.get("TRON_API_KEY")
    person = Person(
        inputs.day, app.store, functions.url, say, chosen.approve, command, Secret(key) if key else None,
    )
    return LocalCloud(inputs.day, app, functions, parts, person.hear, say, stays=not chosen.once).run()


def _start(chosen: argparse.Namespace, inputs: RunInputs, home: Path) -> datetime:
    """Where the session's clock begins, aware: where it was left, as asked, or before the first step."""
    left = kept_time(home, inputs.day)
    if left is not None:
        return left
    first = min(Timetable(inputs.day, present_functions()).steps.values())
    if chosen.start:
        try:
            asked = datetime.strptime(chosen.start, "%H:%M").time()  # noqa: DTZ007 - a time of the day alone
        except ValueError:
            raise UserError(f"--start {chosen.start!r} is no time: give HH:MM") from None
        opening = at(session_times(inputs.day, AssetClass.STOCK).open)
        return opening.replace(hour=asked.hour, minute=asked.minute, second=0, microsecond=0)
    return first - timedelta(seconds=max(60.0, START_SECONDS * chosen.speed))


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, before)
