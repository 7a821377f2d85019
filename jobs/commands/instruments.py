"""`tron instruments find`: what the day's dump says of a symbol, a token, a name or an expiry."""

import argparse
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from common.bootstrap import Application
from common.market.instrument import Instrument
from common.market.instruments import DumpError
from common.market.money import rupees_text
from common.ports import StoreError
from common.settings import SettingsError, read_settings
from common.trading.errors import BrokerUnavailable
from jobs.commands import arguments
from jobs.commands.output import UserError, print_json

MOST: int = 50


def register(commands: Any) -> None:
    """Add the command."""
    actions = commands.add_parser("instruments", help="look into the day's instruments")
    parser = actions.add_subparsers(metavar="ACTION", required=True).add_parser("find", help="by symbol, token or name")
    parser.add_argument("what", metavar="TEXT", help="a token, a symbol, part of a symbol or name, or an underlying")
    parser.add_argument("--expiry", type=arguments.day, help="futures and options of the underlying TEXT")
    parser.add_argument("--date", type=arguments.day, help="of the dump (default: today; others from the archive)")
    parser.add_argument("--home", type=Path, metavar="DIR", help="default: TRON_HOME, else out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: found. 1: not found, or there is no dump to look into."""
    home = chosen.home or Path(os.environ.get("TRON_HOME") or "out")
    environment = {**os.environ, "TRON_HOME": str(home), "TRON_BROKER": "kite", "TRON_SESSIONS": ""}
    try:
        app = Application(read_settings(environment))
        day = chosen.date or app.clock.now().date()
        dump = app.account.kite.listing.dump(day)
    except SettingsError as error:
        raise UserError(str(error)) from None
    except (DumpError, BrokerUnavailable, StoreError) as failure:
        print(f"tron: no instruments of {day}: {failure}")
        return 1
    found = _find(dump, chosen.what, chosen.expiry)
    if chosen.json:
        print_json({"date": day.isoformat(), "count": len(found), "instruments": [_fields(one) for one in found]})
    else:
        for one in found[:MOST]:
            print(_line(one))
        print(f"{len(found)} found" + (f", the first {MOST} are shown" if len(found) > MOST else ""))
    return 0 if found else 1


def _find(dump: Any, text: str, expiry: date | None) -> Sequence[Instrument]:
    """The narrowest look-up that finds anything."""
    if expiry is not None:
        chain: Sequence[Instrument] = dump.chain(text.upper(), expiry)
        return chain
    if text.isdecimal():
        one = dump.by_token(int(text))
        return [one] if one is not None else []
    exact: Sequence[Instrument] = dump.by_symbol(text.upper())
    return exact or dump.like(text)


def _fields(one: Instrument) -> dict[str, Any]:
    return {
        "token": one.token, "symbol": one.symbol, "exchange": one.exchange, "kind": one.kind.value,
        "underlying": one.underlying, "expiry": one.expiry.isoformat() if one.expiry else None,
        "strike_paise": one.strike, "tick_paise": one.tick, "lot": one.lot, "freeze_quantity": one.freeze_quantity,
    }


def _line(one: Instrument) -> str:
    contract = f"  {one.underlying} {one.expiry} {rupees_text(one.strike)}" if one.expiry else ""
    freeze = f"  freeze {one.freeze_quantity}" if one.freeze_quantity else ""
    return (
        f"{one.token:>10}  {one.exchange:4} {one.symbol:24} {one.kind.value:5} tick {rupees_text(one.tick)}  "
        f"lot {one.lot}{contract}{freeze}"
    )
