"""`tron check-lookahead`: do a strategy's decisions stay the same when what comes later is another?"""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from common.bootstrap import load_mandate
from common.market.calendar import MarketClosed
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.research.backtest_plan import NothingToTest, Request, plan_day
from common.research.faults import DataError
from common.research.lookahead import CUTS, Look, check_lookahead
from common.research.recorded import Recording, dates, read
from common.settings import SettingsError
from common.strategies.registry import InvalidParameters, UnknownStrategy
from jobs.commands import arguments
from jobs.commands.output import UserError, print_json
from jobs.commands.session import generated


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("check-lookahead", help="does a strategy use what it cannot know yet?")
    parser.add_argument("strategy", metavar="STRATEGY", help="a name, or a .py file with one strategy")
    parser.add_argument("--bars", type=Path, action="append", default=[], metavar="FILE",
                        help="Parquet or CSV; may be given again (default: a generated session)")
    parser.add_argument("--date", type=arguments.day, metavar="D", help="YYYY-MM-DD (default: the last of the files)")
    parser.add_argument("--symbol", action="append", default=[], metavar="S", help="may be given again (default: all)")
    parser.add_argument("--param", action="append", default=[], metavar="k=v",
                        help="of the strategy; may be given again")
    parser.add_argument("--cuts", type=int, default=CUTS, metavar="N",
                        help=f"bars after which the future is changed (default: {CUTS}; 400 for each)")
    parser.add_argument("--seed", type=int, default=0, help="of the other futures (default: 0)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: every decision stayed the same. 1: one did not; it is named with its bar."""
    parameters = arguments.parameters(chosen.param)
    request = Request(chosen.strategy, tuple(chosen.bars), tuple(chosen.symbol), parameters=parameters)
    try:
        day, recording = _session(chosen)
        plan = plan_day(day, request, list(recording.instruments.values()), load_mandate(None)).plan
        look = check_lookahead(day, plan, recording, chosen.cuts, chosen.seed)
    except (
        DataError, NothingToTest, OutsideTable, InvalidParameters, UnknownStrategy, InvalidDocument, SettingsError,
        MarketClosed, ValueError,
    ) as error:
        raise UserError(error.args[0] if error.args else str(error)) from None
    if chosen.json:
        print_json(look.to_json())
    else:
        _print(look)
    return 0 if look.difference is None else 1


def _session(chosen: argparse.Namespace) -> tuple[date, Recording]:
    if chosen.bars:
        day = chosen.date or dates(chosen.bars)[-1]
        return day, read(chosen.bars, day=day)
    return generated(chosen.date)


def _print(look: Look) -> None:
    print(
        f"{look.strategy}  {look.date}  {look.bars:,} bars, {look.decisions} decisions; "
        f"{look.cuts} cuts, {look.runs} runs"
    )
    if look.difference is not None:
        print(f"looks ahead, or keeps something outside of itself:\n  {look.difference}")
    elif look.decisions:
        print("every decision before a cut is the same whatever comes after it")
    else:
        print("it decided nothing in this session, so this says little: give --bars or --param with which it trades")
