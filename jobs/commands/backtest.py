"""`tron backtest`: one strategy over recorded days, with the session that trades."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.bootstrap import load_mandate
from common.market.money import money
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.planning.mandate import Mandate
from common.planning.notices import NoticeError
from common.research.backtest import backtest, chosen_days
from common.research.backtest_plan import NothingToTest, Request
from common.research.backtest_report import write as write_report
from common.research.credibility import credibility_warnings
from common.research.day_lists import DayLists
from common.research.day_store import DayStore, OtherInputs
from common.research.faults import DataError
from common.research.provenance import code_hash, data_hash, fingerprint
from common.research.result_tables import write_tables
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
    parser.add_argument("--lists", type=Path, metavar="DIR",
                        help="the exchange's lists, NAME.csv or YYYY-MM-DD/NAME.csv: docs/data.md")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="each day as it is done, then Parquet tables and report.html")
    parser.add_argument("--resume", action="store_true", help="go on behind the last day that is in --out")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: done, with or without trades. 1: a day ended with something open or unexplained."""
    if chosen.resume and chosen.out is None:
        raise UserError("--resume goes on with what is in --out: name that directory")
    try:
        request = Request(
            chosen.strategy, tuple(chosen.bars), tuple(chosen.symbol), chosen.first, chosen.last,
            arguments.parameters(chosen.param), chosen.seed, DayLists(chosen.lists) if chosen.lists else None,
        )
        mandate = load_mandate(chosen.mandate)
        with Progress(quiet=chosen.json) as progress:
            result = _traded(chosen, request, mandate, lambda done: progress.tell("backtest", done))
    except (
        DataError, NothingToTest, OtherInputs, InvalidParameters, UnknownStrategy, InvalidDocument,
        SettingsError, NoticeError,
    ) as error:
        raise UserError(error.args[0] if error.args else str(error)) from None
    except OutsideTable as error:
        raise UserError(f"{error.args[0]}; or leave such days out with --from and --to") from None
    if chosen.json:
        print_json({**result, "trades": list(result["trades"])})
    else:
        _print(result)
        if chosen.out is not None:
            print(f"  report {chosen.out.resolve() / 'report.html'}")
    return 1 if result["failed_days"] else 0


def _traded(
    chosen: argparse.Namespace, request: Request, mandate: Mandate, progress: Callable[[float], None],
) -> dict[str, Any]:
    """In memory, or by way of the directory: then the tables and the page are written too."""
    days = chosen_days(request)  # says what is wrong with the files before a directory is made
    origin = {"code_hash": code_hash(request.strategy), "data_hash": data_hash(request.paths)}
    doubts = credibility_warnings(request.paths)
    if request.lists is not None:
        origin["lists_hash"] = request.lists.hash
        doubts += request.lists.warnings(days)
    if chosen.out is None:
        result = backtest(request, mandate, progress) | origin
        return result | {"warnings": [*doubts, *result["warnings"]]}
    inputs = {
        **origin, "strategy": request.strategy, "symbols": list(request.symbols), "first": str(request.first),
        "last": str(request.last), "parameters": dict(request.parameters), "seed": request.seed,
        "mandate": fingerprint(mandate.model_dump(mode="json")),
    }
    store = DayStore(chosen.out, inputs, resume=chosen.resume)
    result = backtest(request, mandate, progress, store) | origin
    result["warnings"] = [*doubts, *result["warnings"]]
    write_tables(chosen.out, store.days(), {**origin, "order_hash": result["order_hash"], "strategy": request.strategy})
    write_report(chosen.out, result)
    return result


def _print(result: dict[str, Any]) -> None:
    totals = result["totals"]
    print(f"{result['strategy']}  {result['from']} to {result['to']}  {result['days']} days, {totals['trades']} trades")
    gross, charges, net = money(totals["gross_paise"]), money(totals["charges_paise"]), profit(totals["net_paise"])
    print(f"  gross {gross}, charges {charges}, net {net}")
    print(f"  {totals['wins']} won, {totals['losses']} lost, worst fall by days {money(totals['max_drawdown_paise'])}")
    if result["denied"]:
        codes = ", ".join(f"{code.replace('_', ' ')} {count:,}" for code, count in result["denied"].items())
        print(f"  entries refused by the limits: {codes}")
    elif not totals["trades"]:
        print("  the strategy asked for no entry")
    for warning in result["warnings"]:
        print(tinted(f"  warning: {warning}", "orange"))
    print(f"  order hash {result['order_hash']}")
