"""`tron backtest`: one strategy over recorded days, with the session that trades."""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.bootstrap import load_mandate
from common.market.money import money
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.research.backtest import NothingToTest, Request, backtest
from common.research.faults import DataError
from common.settings import SettingsError
from common.strategies.registry import InvalidParameters, UnknownStrategy
from jobs.commands import arguments
from jobs.commands.output import UserError, print_json, profit, tinted
from jobs.commands.progress import Progress


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("backtest", help="one strategy over recorded days")
    parser.add_argument("--strategy", required=True, metavar="NAME")
    parser.add_argument("--bars", required=True, type=Path, action="append", metavar="FILE",
                        help="Parquet or CSV; may be given again")
    parser.add_argument("--symbol", action="append", default=[], metavar="S", help="may be given again (default: all)")
    parser.add_argument("--from", dest="first", type=arguments.day, metavar="D", help="YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=arguments.day, metavar="D", help="YYYY-MM-DD")
    parser.add_argument("--param", action="append", default=[], metavar="k=v",
                        help="of the strategy; may be given again")
    parser.add_argument("--seed", type=int, default=0, help="of slippage (default: 0)")
    parser.add_argument("--mandate", type=Path, metavar="FILE", help="your limits as TOML (default: the one shipped)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: done, with or without trades. 1: a day ended with something open or unexplained."""
    request = Request(
        chosen.strategy, tuple(chosen.bars), tuple(chosen.symbol), chosen.first, chosen.last,
        _parameters(chosen.param), chosen.seed,
    )
    try:
        mandate = load_mandate(chosen.mandate)
        with Progress(quiet=chosen.json) as progress:
            result = backtest(request, mandate, lambda done: progress.tell("backtest", done))
    except (
        DataError, NothingToTest, OutsideTable, InvalidParameters, UnknownStrategy, InvalidDocument, SettingsError,
    ) as error:
        raise UserError(error.args[0] if error.args else str(error)) from None
    if chosen.json:
        print_json(result)
    else:
        _print(result)
    return 1 if result["failed_days"] else 0


def _parameters(pairs: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UserError(f"--param {pair!r}: give name=value, such as --param threshold=0.002")
        try:
            value = json.loads(text, parse_constant=str)
        except json.JSONDecodeError:
            value = text
        found[name] = value if isinstance(value, bool | int | str) or _finite(value) else text
    return found


def _finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _print(result: dict[str, Any]) -> None:
    totals = result["totals"]
    print(f"{result['strategy']}  {result['from']} to {result['to']}  {result['days']} days, {totals['trades']} trades")
    gross, charges, net = money(totals["gross_paise"]), money(totals["charges_paise"]), profit(totals["net_paise"])
    print(f"  gross {gross}, charges {charges}, net {net}")
    print(f"  {totals['wins']} won, {totals['losses']} lost, worst fall by days {money(totals['max_drawdown_paise'])}")
    for warning in result["warnings"]:
        print(tinted(f"  warning: {warning}", "orange"))
    print(f"  order hash {result['order_hash']}")
