"""`tron scorecard`: the plans of a run against their alternatives, and what that means."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from common.day.scorecards import season, stored_scorecards
from common.market.money import money
from common.planning.document import InvalidDocument
from common.ports import StoreError
from jobs.commands.control import STORE, open_application
from jobs.commands.output import UserError, print_json, profit, tinted

WHOLE: Final = ("as traded", "model", "rules", "no trade")
"""What plans all asset classes, as the fixed choice does: one strategy's regret against it would say nothing."""


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("scorecard", help="the plans against their alternatives, and what that means")
    parser.add_argument("--run", dest="home", type=Path, metavar="DIR",
                        help="a run, or a directory of runs (default: TRON_HOME, else the latest in out)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: printed. 1: the latest day could not be graded. 2: no day has been closed yet."""
    try:
        cards = [card for home in _runs(chosen.home) for card in stored_scorecards(open_application(home).store)]
        found = season(sorted(cards, key=lambda card: str(card["date"]), reverse=True))
    except (StoreError, InvalidDocument) as error:
        raise UserError(str(error)) from None
    if not found:
        raise UserError("there is no scorecard: one is made when a day is closed, as the last step of `tron day`")
    if chosen.json:
        print_json(found)
    else:
        _print(found)
    return 1 if found["latest"]["fault"] else 0


def _runs(given: Path | None) -> list[Path | None]:
    """The run, or those in a directory of runs of one date each, as `tron day` makes them."""
    if given is None or (given / STORE).exists():
        return [given]
    return [path.parent for path in sorted(given.glob(f"*/{STORE}"))] or [given]


def _print(found: Mapping[str, Any]) -> None:
    latest = found["latest"]
    span = found["to"] if found["days"] == 1 else f"{found['from']} to {found['to']}, {found['days']} days"
    print(f"{span}; shadow runs on the recorded market, after charges and the model's cost")
    print(f"{'':32}{'days':>5}{'net':>16}{'last day':>16}{'regret':>16}")
    last = {arm["name"]: arm for arm in latest["arms"]}
    for row in found["arms"]:
        today = last.get(row["name"])
        shown = "" if today is None else "not known" if today["failed"] else money(today["net_paise"])
        print(
            f"{row['name'][:31]:32}{row['days']:>5}{money(row['net_paise']):>16}{shown:>16}"
            f"{money(row['regret_paise']) if row['name'] in WHOLE else '':>16}"
        )
    for arm in latest["arms"]:
        if arm["failed"]:
            print(tinted(f"  {arm['name']}: {arm['failed']}", "orange"))
    if latest["fault"]:
        print(tinted(f"  {latest['date']} could not be graded: {latest['fault']}", "red"))
    print(f"regret: what the fixed choice made more. Slippage, what was traded less its shadow: "
          f"{profit(found['slippage_paise'])}")
    print(found["standing"]["text"])
