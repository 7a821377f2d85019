"""`tron deploy`: whether a deployment may begin."""

import argparse
from datetime import datetime
from typing import Any

from common.market.deployment_window import closed_for_changes
from common.market.indian_time import INDIA
from jobs.commands.output import print_json


def register(commands: Any) -> None:
    """Add the command and its parts."""
    parts = commands.add_parser("deploy", help="whether a deployment may begin").add_subparsers(required=True)
    gate = parts.add_parser("gate", help="1 while a day is being traded, so that no pipeline changes it under way")
    gate.add_argument("--force", action="store_true", help="say so, and let it pass")
    gate.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    gate.set_defaults(run=run_gate)


def run_gate(chosen: argparse.Namespace) -> int:
    """0: it may begin, or is forced. 1: not now."""
    why = closed_for_changes(datetime.now(INDIA))
    passes = chosen.force or not why
    if chosen.json:
        print_json({"passes": passes, "why": why, "forced": bool(why) and chosen.force})
    else:
        print(why + (": forced" if chosen.force else "") if why else "nothing is traded now: go on")
    return 0 if passes else 1
