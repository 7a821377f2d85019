"""`tron notify test`: a trial message to everyone whom TRON_NOTIFY_URLS names."""

import argparse
import os
from typing import Any

from common.bootstrap import send_trial
from common.settings import notify_urls
from jobs.commands.output import UserError, print_json, tinted

TITLE = "Tron: a trial message"
TEXT = "Notices of the day come here: the login link, the plan, positions and stops, halts, alarms, the end of day."


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("notify", help="send a trial message to whom TRON_NOTIFY_URLS names")
    parser.add_argument("what", choices=["test"])
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: every receiver has taken it. 1: one has not. 2: none is named."""
    urls = notify_urls(os.environ)
    if not urls:
        raise UserError(
            "TRON_NOTIFY_URLS is not set: give URLs as apprise reads them, with spaces between, such as "
            "tgram://TOKEN/CHAT or mailto://USER:PASSWORD@example.org; they are secrets"
        )
    failures = send_trial(urls, TITLE, TEXT)
    if chosen.json:
        print_json({"receivers": len(urls), "failures": failures})
        return 1 if failures else 0
    for line in failures:
        print(tinted(line, "red"))
    print(f"{len(urls) - len(failures)} of {len(urls)} receivers have taken it")
    return 1 if failures else 0
