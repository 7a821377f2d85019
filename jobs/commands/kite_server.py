"""`tron kite-server`: a simulated Kite on this machine, for trials, tests and `tron up`."""

import argparse
import os
import time
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from common.environment import session_clock
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.calendar import MarketClosed
from common.market.indian_time import moment
from common.market.tables import OutsideTable
from common.research.faults import DataError
from common.settings import SettingsError
from jobs.commands import arguments
from jobs.commands.output import UserError
from jobs.local.run_directory import DEMO_DATE, DEMO_SEED

PORT: Final = 8765
CASH_RUPEES: Final = 1_000_000


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("kite-server", help="a simulated Kite: HTTP and WebSocket over the simulated exchange")
    parser.add_argument("--port", type=int, default=PORT, help=f"0 picks one (default: {PORT})")
    parser.add_argument("--session", type=Path, action="append", default=[], metavar="FILE",
                        help="recorded bars; may be given again (default: a generated session)")
    parser.add_argument("--seed", type=int, default=DEMO_SEED,
                        help=f"of the generated session and of slippage (default: {DEMO_SEED})")
    parser.add_argument("--date", type=arguments.day, help="YYYY-MM-DD (default: the last of --session)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--speed", type=float, default=1.0, metavar="X", help="times real time (default: 1)")
    pace.add_argument("--stepped", action="store_true", help="time stands until POST /_control/step")
    parser.add_argument("--bars", action="store_true", help="with --stepped: orders meet whole bars, as in a replay")
    parser.add_argument("--start", metavar="HH:MM", help="time of the day to begin at (default: 09:05)")
    parser.add_argument("--redirect-url", default="", metavar="URL", help="where the login page leads")
    parser.add_argument("--postback-url", default="", metavar="URL", help="where order news is posted")
    parser.add_argument("--cash", type=int, default=CASH_RUPEES, metavar="RUPEES",
                        help=f"of the account (default: {CASH_RUPEES})")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="keep the account there, and go on with it")
    parser.add_argument("--no-limits", action="store_true", help="without the broker's rate limits")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: stopped by Ctrl-C or a signal."""
    from jobs.kite_server.serving import KiteServer
    from jobs.local.parent_watch import exit_with_parent

    exit_with_parent()
    if not chosen.stepped and not 0 < chosen.speed <= 10_000:
        raise UserError(f"--speed {chosen.speed} is no pace: give more than 0 and at most 10000")
    server = KiteServer(_simulation(chosen), chosen.port)
    server.start()
    try:
        market = server.simulation.account.market
        pace = "stepped by POST /_control/step" if chosen.stepped else f"{_speed(chosen):g} times real time"
        print(f"simulated Kite of {market.day}: {server.url} and {server.stream_url}, {pace}", flush=True)
        print(f"log in at {server.url}/connect/login?v=3&api_key={server.simulation.options.api_key}", flush=True)
        with suppress(KeyboardInterrupt):
            server.wait()
    finally:
        server.stop()
    return 0


def _simulation(chosen: argparse.Namespace) -> Any:
    from common.research.generator import generate
    from common.research.recorded import dates, read
    from jobs.kite_server.app import Options
    from jobs.kite_server.opening import open_simulation

    try:
        recording = read(chosen.session) if chosen.session else None
        day: date = chosen.date or (dates(chosen.session)[-1] if chosen.session else DEMO_DATE)
        recording = recording or generate(day, chosen.seed)
        start, since = _start(chosen, day), time.time()
        options = Options(
            api_key=os.environ.get("KITE_API_KEY", "simulated"),
            api_secret=os.environ.get("KITE_API_SECRET", "simulated"),
            redirect_url=chosen.redirect_url, postback_url=chosen.postback_url,
            speed=0.0 if chosen.stepped else _speed(chosen), limits=not chosen.no_limits, since=since,
        )
        return open_simulation(
            recording, day, options, seed=chosen.seed, start=start,
            on_bars=chosen.stepped and chosen.bars, journal=chosen.journal, cash=chosen.cash * 100,
        )
    except (DataError, MarketClosed, OutsideTable, SettingsError, ValueError) as error:
        raise UserError(str(error)) from None


def _speed(chosen: argparse.Namespace) -> float:
    played = session_clock(os.environ)
    return float(chosen.speed) if played is None else played[2]


def _start(chosen: argparse.Namespace, day: date) -> int | None:
    """Nanoseconds UTC; by the clock of the session that others play too, where there is one."""
    played = session_clock(os.environ)
    if played is not None and not chosen.stepped:
        began, start, speed = played
        return int((start + (time.time() - began) * speed) * NANOSECONDS_A_SECOND)
    return moment(day, datetime.strptime(chosen.start, "%H:%M").time()) if chosen.start else None  # noqa: DTZ007
