"""How commands speak: people on a terminal, one JSON object for programs."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

from common.market.money import money

CODES: Final = {"blue": "34", "orange": "33", "red": "1;31"}


class UserError(Exception):
    """The person can mend it; the text says how. Ends the command with status 2."""


def print_json(result: Mapping[str, Any]) -> None:
    """The last thing on standard output."""
    print(json.dumps(result, ensure_ascii=False), file=sys.stdout)


def tinted(text: str, colour: Literal["blue", "orange", "red"]) -> str:
    """Coloured on a terminal, plain in a file or where NO_COLOR is set; the text itself says the same without."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{CODES[colour]}m{text}\x1b[0m"


def profit(paise: int) -> str:
    """Money that was won or lost: blue or orange, which also the colour-blind tell apart."""
    return tinted(money(paise), "blue" if paise >= 0 else "orange")
