"""How commands speak: people on a terminal, one JSON object for programs."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from common.market.money import rupees_text


class UserError(Exception):
    """The person can mend it; the text says how. Ends the command with status 2."""


def print_json(result: Mapping[str, Any]) -> None:
    """The last thing on standard output."""
    print(json.dumps(result, ensure_ascii=False), file=sys.stdout)


def money(paise: int) -> str:
    """With the rupee sign and Indian grouping."""
    return f"₹{rupees_text(paise)}" if paise >= 0 else f"-₹{rupees_text(-paise)}"
