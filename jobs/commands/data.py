"""`tron data`: is a recorded session fit to be traded on? And the broker's candles as one."""

import argparse
from pathlib import Path
from typing import Any

from common.research.data_report import check
from jobs.commands import fetch
from jobs.commands.output import print_json


def register(commands: Any) -> None:
    """Add the command."""
    data = commands.add_parser("data", help="look at recorded data").add_subparsers(metavar="ACTION", required=True)
    fetch.register(data)
    parser = data.add_parser("check", help="errors and warnings of a session file")
    parser.add_argument("file", type=Path, metavar="FILE", help="Parquet or CSV")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: fit, perhaps with warnings. 1: not fit."""
    report = check(chosen.file)
    if chosen.json:
        print_json(report.to_json())
    else:
        print(report)
    return 0 if report.ok else 1
