"""`tron approve`: the live plan of a day is shown, and approved or rejected by whoever is asked."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from common.market.money import money
from jobs.commands import arguments
from jobs.commands.control import find_run, run_date
from jobs.commands.output import UserError, print_json, tinted
from jobs.local.up import CLOCK

TIMEOUT_SECONDS: Final = 30.0
KEY: Final = "TRON_API_KEY"


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("approve", help="let the day's live plan trade, or reject it")
    parser.add_argument("date", nargs="?", type=arguments.day, metavar="DATE", help="default: the run's, else today")
    parser.add_argument("--reject", action="store_true", help="nothing is traded today")
    parser.add_argument("--yes", action="store_true", help="do not ask: for scripts")
    parser.add_argument("--run", dest="home", type=Path, metavar="DIR",
                        help="directory of the run (default: TRON_FUNCTIONS_URL, else the latest run)")
    parser.add_argument("--json", action="store_true", help="print the plan as one JSON object; needs --yes")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: answered. 1: not taken, or not answered with y. 2: there is nothing to answer."""
    if chosen.json and not chosen.yes:
        raise UserError("--json asks nothing: add --yes")
    address, day = _where(chosen)
    query = urlencode({"date": day.isoformat()} if day is not None else {})
    plan = _call(f"{address}/control?{query}")["plan"]
    if plan is None:
        raise UserError(f"there is no plan for {day or 'today'}: plan_day makes it at 08:45, once you have logged in")
    if not chosen.json:
        _print(plan)
    if plan["status"] != "DRAFT":
        raise UserError(f"the plan for {plan['date']} is {plan['status']}: there is nothing to approve or to reject")
    word = "reject" if chosen.reject else "approve"
    if not chosen.yes and not _asked(word, plan):
        print("nothing was sent")
        return 1
    answer = {name: plan[name] for name in ("date", "plan_hash", "max_loss_paise")} | {"action": word}
    try:
        taken = _call(f"{address}/control", answer)
    except UserError as refusal:
        print(f"tron: {refusal}", file=sys.stderr)
        return 1
    print_json(taken) if chosen.json else print(f"the plan for {taken['date']} is {taken['status']}")
    return 0


def _where(chosen: argparse.Namespace) -> tuple[str, date | None]:
    """Address of the functions, before their names, and the date to ask for, None for theirs. Raises UserError."""
    address = os.environ.get("TRON_FUNCTIONS_URL", "").rstrip("/")
    if address and chosen.home is None:
        parts = urlsplit(address)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
            raise UserError("TRON_FUNCTIONS_URL is not an https address: a key travels there")
        return address, chosen.date
    home = find_run(chosen.home, os.environ)
    try:
        note = json.loads((home / CLOCK).read_text(encoding="utf-8"))
        return str(note["functions"]), chosen.date or run_date(home, date.fromisoformat(note["day"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{home} says nothing of its functions: is `tron up` running there?") from None


def _call(url: str, body: Mapping[str, Any] | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if os.environ.get(KEY):
        headers["X-API-Key"] = os.environ[KEY]
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise UserError(_reason(error.read(4_000))) from None
    except (OSError, ValueError) as error:
        raise UserError(f"the functions at {urlsplit(url).netloc} do not answer: {error}") from None


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:300]


def _print(plan: Mapping[str, Any]) -> None:
    print(f"{plan['date']}  {plan['status']}, {plan['mode']}, plan {plan['plan_hash'][:12]}")
    for one in plan["classes"]:
        limits = one["limits"]
        print(f"  {one['asset_class']:8} {one['strategy']}, size {one['size']:g}: {', '.join(one['universe'])}")
        lots = f"{limits['max_lots']} lot a position, " if limits["max_lots"] < 1_000 else ""
        print(
            f"           {lots}capital {money(limits['capital_paise'])}, at most {limits['max_trades']} trades, "
            f"{limits['max_open_positions']} at once, risk a trade {money(limits['risk_per_trade_paise'])}"
        )
        print(f"           maximum loss {money(limits['loss_paise'])}, entries {limits['entry_from']} to "
              f"{limits['entry_cutoff']}, flat from {limits['square_off']}")
        if one["structure"]:
            _print_structure(one["options"], one["structure"])
    for reason in plan["reasons"]:
        print(f"  because {reason}")
    print(tinted(f"  MAXIMUM LOSS OF THE DAY {money(plan['max_loss_paise'])}", "red"))
    print(f"  to be answered until {plan['until'][11:16]}")


def _print_structure(options: Mapping[str, Any], structure: Mapping[str, Any]) -> None:
    legs = ", ".join(
        f"{'+' if leg['side'] > 0 else '-'}{leg['strike_paise'] // 100} {leg['kind']}" for leg in structure["legs"]
    )
    print(
        f"           {options['underlying']} {options['expiry']}, {structure['lots']} lots: {legs}; "
        f"-{money(structure['max_loss_paise'])} to +{money(structure['max_profit_paise'])}, "
        f"margin {money(structure['margin_paise'])} ({structure['basis']})"
    )
    if structure.get("most_lost_paise"):
        most = money(structure["most_lost_paise"])
        print(f"           whatever its credit, one position may lose {most} at most at expiry, before charges")


def _asked(word: str, plan: Mapping[str, Any]) -> bool:
    """Whether the person types y. At the end of input: no."""
    print(f"{word} the plan for {plan['date']}? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
