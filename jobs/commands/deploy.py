"""`tron deploy`: whether a deployment may begin, and whether what it is made of agrees."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from common.day.readiness import is_red
from common.market.deployment_window import closed_for_changes
from common.market.indian_time import INDIA
from jobs.commands.findings import as_json, print_findings
from jobs.commands.output import UserError, print_json
from jobs.deployment.agreement import agreement, code_of
from jobs.deployment.declared import ENVIRONMENTS, UnreadableDeployment, read_declared
from jobs.local.functions import present_functions

ROOT: Final = Path(__file__).resolve().parents[2]


def register(commands: Any) -> None:
    """Add the command and its parts."""
    told = "whether a deployment may begin, and whether its parts agree"
    parts = commands.add_parser("deploy", help=told).add_subparsers(required=True)
    gate = parts.add_parser("gate", help="1 while a day is being traded, so that no pipeline changes it under way")
    gate.add_argument("--force", action="store_true", help="say so, and let it pass")
    gate.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    gate.set_defaults(run=run_gate)
    check = parts.add_parser("check", help="settings, variables, manifests, schedule and mandate against each other")
    check.add_argument("--environment", choices=ENVIRONMENTS, action="append",
                       help="may be given again (default: all)")
    check.add_argument("--root", type=Path, default=ROOT, metavar="DIR", help="of terraform/ and gke/ (default: here)")
    check.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    check.set_defaults(run=run_check)


def run_gate(chosen: argparse.Namespace) -> int:
    """0: it may begin, or is forced. 1: not now."""
    why = closed_for_changes(datetime.now(INDIA))
    passes = chosen.force or not why
    if chosen.json:
        print_json({"passes": passes, "why": why, "forced": bool(why) and chosen.force})
    else:
        print(why + (": forced" if chosen.force else "") if why else "nothing is traded now: go on")
    return 0 if passes else 1


def run_check(chosen: argparse.Namespace) -> int:
    """0: nothing is red. 1: something is, with what to do."""
    today, root = datetime.now(INDIA).date(), chosen.root.resolve()
    code, found = code_of(ROOT, present_functions()), {}
    try:
        for name in chosen.environment or ENVIRONMENTS:
            folder = root / "terraform/environments" / name
            found[name] = agreement(read_declared(root, name), code, today, folder)
    except UnreadableDeployment as error:
        raise UserError(str(error)) from None
    if chosen.json:
        print_json({name: as_json(one) for name, one in found.items()})
    else:
        for name, one in found.items():
            print(f"{name}: {'does not agree' if is_red(one) else 'agrees'}")
            print_findings(one)
    return 1 if any(map(is_red, found.values())) else 0
