"""Objects of one kind as a table: a list of them, a mapping of them, or many numbers with dotted names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.research import figures

MAX_CHIPS = 6
"""More numbers than this are easier to read as a table."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Text of a table; the first cell of a row names it. Every row is as long as `columns`."""

    columns: list[str]
    rows: list[list[str]]


def grid(value: Any) -> Grid | None:
    """Two or more flat objects, in a list or under names, as a table; None for anything else."""
    if isinstance(value, Mapping):
        named = {figures.label(name): one for name, one in value.items()}
        return _table(named) if len(named) > 1 and all(map(_flat, value.values())) else None
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < 2 or not all(map(_flat, value)):
        return None
    names = list(dict.fromkeys(name for one in value for name in one))
    words = [name for name in names if all(isinstance(one.get(name), str) for one in value)]
    names.sort(key=lambda name: (name != "symbol", name != next(iter(words), name)))
    rows = [[figures.scalar(one.get(name), str(name)) for name in names] for one in value]
    return Grid([figures.label(name) for name in names], rows)


def dotted(numbers: Mapping[str, Any]) -> Grid | None:
    """More than MAX_CHIPS numbers named 'symbols.TCS.range_percent' as rows TCS, columns range; else None."""
    rows: dict[str, dict[str, Any]] = {}
    for path, value in numbers.items():
        place, _, name = str(path).rpartition(".")
        rows.setdefault(place.partition(".")[2] or place, {})[name] = value
    return _table(rows) if len(numbers) > MAX_CHIPS and len(rows) > 1 else None


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Grid:
    names = list(dict.fromkeys(name for one in rows.values() for name in one))
    body = [[title, *(figures.scalar(one.get(name), str(name)) for name in names)] for title, one in rows.items()]
    return Grid(["", *(figures.label(name) for name in names)], body)


def _flat(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(isinstance(one, Mapping | list) for one in value.values())
