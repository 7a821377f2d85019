"""`tron api`: the API over a run of this machine; `tron dashboard`: with its page; `tron proxy`: NGINX before them."""

import argparse
import os
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from common.day.api.routes import functions
from common.day.plan import PLANS
from common.ports import DocumentStore, Query
from jobs.commands.control import open_application
from jobs.commands.output import UserError
from jobs.local.dashboard import DashboardFailed, LocalDashboard, dashboard_port
from jobs.local.function_host import FunctionHost, HostFailed
from jobs.local.functions import FOLDER
from jobs.local.proxy import PLACES, Proxy, ProxyFailed, for_place

LOOK_SECONDS = 0.5


def register(commands: Any) -> None:
    """Add the three commands."""
    api = commands.add_parser("api", help="serve the API over a run, on this machine")
    api.add_argument("--port", type=int, default=8081, help="0 picks a free one (default: 8081)")
    api.add_argument("--run", dest="home", type=Path, metavar="DIR",
                     help="directory of the run (default: TRON_HOME, else the latest in out)")
    api.set_defaults(run=run_api)
    shown = commands.add_parser("dashboard", help="API and dashboard over a run, on this machine")
    shown.add_argument("--run", dest="home", type=Path, metavar="DIR",
                       help="directory of the run (default: TRON_HOME, else the latest in out)")
    shown.set_defaults(run=run_dashboard)
    proxy = commands.add_parser("proxy", help="print the proxy's NGINX configuration")
    proxy.add_argument("--for", dest="place", choices=PLACES, default="laptop", help="default: laptop")
    proxy.add_argument("--port", default="8080", help="Cloud Run's $PORT (default: 8080)")
    proxy.set_defaults(run=run_proxy)


def run_api(chosen: argparse.Namespace) -> int:
    """130 by Ctrl-C; 1: the host has died."""
    app = open_application(chosen.home)
    environment = {**os.environ, **replace(app.settings, local=True).environment()}
    targets = {name: FOLDER / f"{name}.py" for name in functions()}
    log = app.settings.home / "api.log"
    try:
        with FunctionHost(targets, environment, log, port=chosen.port) as host:
            root = host.url("health").rpartition("/")[0]
            print(f"the API of {app.settings.home}: {root}; to read: {root}/openapi/page; Ctrl-C ends it", flush=True)
            while host.running:
                threading.Event().wait(LOOK_SECONDS)
    except HostFailed as error:
        raise UserError(str(error)) from None
    print(f"the API has ended by itself; see {log}")
    return 1


def run_dashboard(chosen: argparse.Namespace) -> int:
    """130 by Ctrl-C; 1: API or dashboard has died."""
    app = open_application(chosen.home)
    home = app.settings.home
    environment = {**os.environ, **replace(app.settings, local=True).environment()}
    targets = {name: FOLDER / f"{name}.py" for name in functions()}
    try:
        with FunctionHost(targets, environment, home / "api.log") as host:
            root = host.url("health").rpartition("/")[0]
            dashboard = LocalDashboard(home, root, dashboard_port(), _day_of(app.store))
            try:
                dashboard.start()
                print(f"the dashboard of {home}: {dashboard.url}; the API: {root}; Ctrl-C ends both", flush=True)
                while host.running and dashboard.running:
                    threading.Event().wait(LOOK_SECONDS)
            finally:
                dashboard.stop()
    except (HostFailed, DashboardFailed) as error:
        raise UserError(str(error)) from None
    print(f"API or dashboard has ended by itself; see api.log and dashboard.log in {home}")
    return 1


def _day_of(store: DocumentStore) -> date | None:
    """The latest that was planned."""
    found = store.query(Query(PLANS, (), order_by="-date", limit=1))
    return date.fromisoformat(found[0].id) if found else None


def run_proxy(chosen: argparse.Namespace) -> int:
    """0: printed."""
    try:
        if chosen.place == "laptop":
            state = Path("out/up/proxy").resolve()
            print(Proxy("127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8501", state).render(), end="")
        else:
            print(for_place(chosen.place, chosen.port).render(), end="")
    except ProxyFailed as error:
        raise UserError(str(error)) from None
    return 0
