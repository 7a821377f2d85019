"""Arguments that several commands take."""

import argparse
import json
import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from jobs.commands.output import UserError


def day(text: str) -> date:
    """YYYY-MM-DD, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date: give YYYY-MM-DD") from None


def parameters(pairs: Sequence[str]) -> dict[str, Any]:
    """Of a strategy, from name=value: numbers and booleans where they are some, else text. Raises UserError."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UserError(f"--param {pair!r}: give name=value, such as --param threshold=0.002")
        found[name] = value(text)
    return found


def value(text: str) -> bool | int | float | str:
    """A number or boolean where it is one, finite, else the text itself."""
    try:
        found = json.loads(text, parse_constant=str)
    except json.JSONDecodeError:
        return text
    if isinstance(found, float) and not math.isfinite(found):
        return text
    return found if isinstance(found, bool | int | float | str) else text
