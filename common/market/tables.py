"""Dated tables shipped with the package: read once, when first asked for, and the row in force on a date."""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

Row = Mapping[str, Any]


class OutsideTable(LookupError):
    """A date or a name that no shipped table knows: add a row, with its source, to the file named in the message."""


@cache
def toml_table(package: str, name: str) -> Row:
    """`data/{name}` beside `package` as parsed TOML."""
    return tomllib.loads(_text(package, name))


@cache
def csv_table(package: str, name: str) -> tuple[dict[str, str], ...]:
    """`data/{name}` beside `package` as rows by column name."""
    return tuple(csv.DictReader(_text(package, name).splitlines()))


def row_in_force(rows: Sequence[Row], on: date, what: str) -> Row:
    """The last row whose `from` is on or before `on`; rows are written in order of `from`.

    Raises OutsideTable, naming `what` and the first date known, when `on` is before all of them.
    """
    found: Row | None = None
    for row in rows:
        if row["from"] > on:
            break
        found = row
    if found is None:
        first = rows[0]["from"].isoformat() if rows else "no date at all"
        raise OutsideTable(f"{what} is not known on {on}: the table starts with {first}; add an earlier row")
    return found


def _text(package: str, name: str) -> str:
    return (files(package) / "data" / name).read_text(encoding="utf-8")
