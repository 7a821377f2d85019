"""`tron login`: the day's login at the broker from this machine; the token is kept where the workloads look for it."""

import argparse
import os
import sys
import webbrowser
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from common.account_ports import LoggedIn, LoginRefused
from common.bootstrap import Application
from common.day.login import LoginPorts, complete, exchange, login_notice, start_late
from common.settings import SettingsError, read_settings
from common.trading.errors import BrokerUnavailable
from jobs.commands.output import UserError, print_json

PORT: Final = 8017
WAIT_SECONDS: Final = 300.0
MAX_PATH: Final = 2_000


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("login", help="log in at the broker for today")
    parser.add_argument("--port", type=int, default=PORT,
                        help=f"where the redirect is awaited (default: {PORT}); 0 to paste it instead")
    parser.add_argument("--no-browser", action="store_true", help="print the link and open nothing")
    parser.add_argument("--wait", type=float, default=WAIT_SECONDS, metavar="SECONDS")
    parser.add_argument("--home", type=Path, metavar="DIR", help="where secrets are kept (default: TRON_HOME)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: logged in. 1: not, and why. 2: something is missing before one can."""
    ports = _ports(chosen.home)
    out = sys.stderr if chosen.json else sys.stdout
    try:
        link = login_notice(ports.clock.now().date(), ports).text.splitlines()[-1]
    except LoginRefused as refusal:
        raise UserError(str(refusal)) from None
    print(f"Log in here; nothing but the broker's page sees your password:\n{link}", file=out, flush=True)
    try:
        if chosen.port:
            if not chosen.no_browser:
                webbrowser.open(link)
            logged_in = _await_redirect(ports, chosen.port, chosen.wait)
        else:
            logged_in = _pasted(ports)
    except (LoginRefused, BrokerUnavailable) as failure:
        print(f"tron: {failure}", file=sys.stderr)
        return 1
    did = start_late(ports.clock.now().date(), ports)
    if chosen.json:
        print_json({"user": logged_in.user, "at": logged_in.at.isoformat(), "did": did})
        return 0
    print(f"Logged in as {logged_in.user}.", *(f"{step}: {text}" for step, text in did.items()), sep="\n")
    return 0


def _ports(home: Path | None) -> LoginPorts:
    try:
        given = {"TRON_HOME": str(home)} if home else {}
        settings = read_settings({"TRON_HOME": "out", "TRON_LOCAL": "1", **os.environ, **given})
    except SettingsError as error:
        raise UserError(str(error)) from None
    if not settings.kite_user:
        raise UserError("TRON_KITE_USER is not set: give the user id of the account, such as AB1234")
    return Application(settings).account.login_ports()


def _await_redirect(ports: LoginPorts, port: int, wait_seconds: float) -> LoggedIn:
    """Serves this machine alone until the redirect has come. Raises LoginRefused, BrokerUnavailable."""
    found: list[Mapping[str, str]] = []

    class Listener(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            parameters = dict(parse_qsl(urlsplit(self.path[:MAX_PATH]).query))
            if "request_token" in parameters or "status" in parameters:
                found.append(parameters)
            text = b"Tron has got the login; the terminal says whether it is taken.\n" if found else b"not found\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the path has the request token in it."""

    try:
        server = HTTPServer(("127.0.0.1", port), Listener)
    except OSError as error:
        raise UserError(f"port {port} cannot be opened ({error}): give another with --port, or 0 to paste") from None
    with server:
        server.timeout = 1.0
        until = monotonic() + wait_seconds
        while not found and monotonic() < until:
            server.handle_request()
    if not found:
        raise LoginRefused(f"no redirect came within {wait_seconds:.0f} s: is the app's redirect URL this machine?")
    return complete(found[0], ports)


def _pasted(ports: LoginPorts) -> LoggedIn:
    """A request token, or the whole address to which the browser was sent."""
    print("Paste the address to which your browser was sent, or the request token in it: ", end="", file=sys.stderr)
    sys.stderr.flush()
    text = sys.stdin.readline().strip()
    if "?" in text:
        return complete(dict(parse_qsl(urlsplit(text).query)), ports)
    return exchange(text, ports)
