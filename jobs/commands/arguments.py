"""Arguments that several commands take."""

import argparse
from datetime import date


def day(text: str) -> date:
    """YYYY-MM-DD, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date: give YYYY-MM-DD") from None
