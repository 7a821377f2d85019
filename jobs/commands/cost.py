"""`tron cost`: what a month costs, part by part."""

import argparse
from typing import Any

from common.day.cost import RUNNERS, month, summary
from common.market.money import money
from jobs.commands.output import print_json


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("cost", help="what a month costs, part by part")
    parser.add_argument("--runner", choices=RUNNERS, default="cloud_run",
                        help="where workloads run (default: cloud_run)")
    parser.add_argument("--json", action="store_true", help="print the whole table as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: printed."""
    found = summary(month(chosen.runner), chosen.runner)
    if chosen.json:
        print_json(found)
        return 0
    print(f"a month of {found['trading_days']} trading days in {found['region']}, workloads on {found['runner']}")
    for part in found["parts"]:
        print(f"{part['part']:18}{part['usd']:8.2f} USD{money(part['paise']):>14}")
        for line in part["lines"]:
            free = f", {line['free']:,.0f} free" if line["free"] else ""
            guess = ", estimated price" if line["estimate"] else ""
            print(f"  {line['name']:22}{line['usd']:8.2f}  {line['quantity']:>12,.1f} {line['unit']}{free}{guess}")
    print(f"{'together':18}{found['usd']:8.2f} USD{money(found['paise']):>14}")
    print(
        f"without taxes; {found['rupees_per_dollar']:g} rupees a dollar, an assumption of {found['rate_date']}; "
        "prices, sources and dates: common/day/data/prices.toml"
    )
    return 0
