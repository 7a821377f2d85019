"""Query parameters: what each may be, read strictly, and as OpenAPI describes it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from common.day.api.problem import Problem
from common.log_record import SEVERITIES
from common.market.instrument import AssetClass

YEARS: Final = range(2000, 2100)
MAX_TEXT: Final = 500
Values: TypeAlias = Mapping[str, Any]
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameter:
    """read: the value from its text; raises ValueError with what to give. schema: JSON Schema of the text."""

    name: str
    about: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    default: Any = None
    required: bool = False


def parse(given: Sequence[tuple[str, str]], known: Iterable[Parameter]) -> dict[str, Any]:
    """Every known parameter's value. Raises Problem for what is unknown, twice there, missing or not readable."""
    by_name = {one.name: one for one in known}
    errors: list[tuple[str, str]] = []
    found: dict[str, Any] = {}
    for name, text in given:
        if name not in by_name:
            known_names = ", ".join(by_name) or "none"
            errors.append((name[:40], f"is not known here; known: {known_names}"))
        elif name in found:
            errors.append((name, "is given twice: give it once"))
        else:
            try:
                found[name] = by_name[name].read(text)
            except ValueError as error:
                found[name] = None
                errors.append((name, str(error)))
    for one in by_name.values():
        if one.name not in found:
            found[one.name] = one.default
            if one.required:
                errors.append((one.name, "is missing"))
    if errors:
        told = "; ".join(f"{name} {text}" for name, text in errors[:5])
        raise Problem("invalid-request", told, errors[:20])
    return found


def read_date(text: str) -> date:
    """YYYY-MM-DD of this century. Raises ValueError."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise ValueError(f"is not a date from {YEARS[0]} to {YEARS[-1]}: give YYYY-MM-DD")
    return day


def read_moment(text: str) -> datetime:
    """An aware moment. Raises ValueError."""
    try:
        # '+' in a query is a space once decoded, and people forget to write %2B.
        moment = datetime.fromisoformat(text.replace(" ", "+")) if len(text) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError("is not a moment with its zone: give one such as 2026-11-20T10:15:00+05:30")
    return moment


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"is none of {', '.join(names)}")
        return text

    return read


def _matching(pattern: str, told: str) -> Callable[[str], str]:
    wanted = re.compile(pattern, re.ASCII)

    def read(text: str) -> str:
        if not wanted.fullmatch(text):
            raise ValueError(f"is not {told}")
        return text

    return read


def _number(first: int, last: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not first <= int(text) <= last:
            raise ValueError(f"is not a whole number from {first} to {last}")
        return int(text)

    return read


def _text(name: str, about: str, pattern: str, told: str, *, required: bool = False) -> Parameter:
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return Parameter(name, about, _matching(pattern, told), schema, required=required)


def _choice(name: str, about: str, names: Sequence[str], default: str | None = None) -> Parameter:
    schema: dict[str, Any] = {"type": "string", "enum": list(names)}
    if default is not None:
        schema["default"] = default
    return Parameter(name, about, _one_of(names), schema, default)


def limit(most: int, default: int) -> Parameter:
    """How many at most."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", "At most so many.", _number(1, most), schema, default)


CLASSES: Final = tuple(one.value for one in AssetClass)
DATE: Final = Parameter(
    "date", "The trading date; today in India where it is left out.", read_date,
    {"type": "string", "format": "date", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"},
)
CLASS: Final = _choice("class", "Of this asset class alone.", CLASSES)
SINCE: Final = Parameter(
    "since", "Only what came later than this moment.", read_moment,
    {"type": "string", "format": "date-time", "pattern": "^20[0-9]{2}-"},
)
LEVEL: Final = _choice("level", "This severity and above.", SEVERITIES, SEVERITIES[0])
STRATEGY: Final = _text("strategy", "Of this strategy alone.", "[A-Za-z0-9_.-]{1,100}", "a strategy's name")
SYMBOL: Final = _text("symbol", "As the broker names it.", "[A-Za-z0-9&_. -]{1,60}", "a symbol", required=True)
ROOM: Final = _text("room", "Of this asset class or service alone.", "[a-z0-9_-]{1,60}", "an asset class or service")
TAG: Final = _text("tag", "Of orders whose tag begins so.", "[A-Za-z0-9_-]{1,60}", "a tag")
NAME: Final = _text(
    "name", "Of a result, as the list has it.", "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", "a result's name", required=True,
)
CURSOR: Final = _text("cursor", "`next` of the page before.", "[A-Za-z0-9_-]{1,400}", "a cursor of this API")
LEASES: Final = _choice("leases", "1: who holds each lease, too.", ("0", "1"), "0")
FULL: Final = _choice("full", "1: everything that the page of the report shows, too.", ("0", "1"), "0")
RUNNER: Final = _choice("runner", "What the month's estimate counts workloads on.", ("cloud_run", "gke"), "cloud_run")
