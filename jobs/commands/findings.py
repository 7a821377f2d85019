"""Findings as a table: a line each, with the remedy beneath what is not green."""

from collections.abc import Iterable
from typing import Any, Final

from common.day.readiness import Check
from jobs.commands.output import tinted

COLOURS: Final = {"green": None, "amber": "orange", "red": "red"}


def print_findings(found: Iterable[Check]) -> None:
    """In their order."""
    for one in found:
        text = f"{one.verdict:6} {one.name:14} {one.text}" + (f"\n{'':21} -> {one.remedy}" if one.remedy else "")
        colour = COLOURS[one.verdict]
        print(text if colour is None else tinted(text, colour))  # type: ignore[arg-type]


def as_json(found: Iterable[Check]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [{"name": one.name, "verdict": one.verdict, "text": one.text, "remedy": one.remedy} for one in found]
