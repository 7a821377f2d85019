"""The sets of parameters of a sweep: a grid from `name=a,b,c` and `name=low:high:step`, in a fixed order."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from math import prod
from typing import Any, Final

from common.strategies.registry import InvalidParameters, build

MOST_SETS: Final = 100_000


class NoSets(ValueError):
    """The grid cannot be made, or no set of it is allowed; the text says what to change."""


def values_of(name: str, text: str) -> list[Any]:
    """Of `a,b,c` or `low:high:step` (both ends included), or of one value. Raises NoSets."""
    if ":" not in text:
        found = [_value(part.strip()) for part in text.split(",")]
        if len(set(map(str, found))) < len(found) or "" in found:
            raise NoSets(f"--param {name}={text}: give each value once, such as {name}=5,10,20")
        return found
    try:
        low, high, step = (Decimal(part) for part in text.split(":"))
    except (InvalidOperation, ValueError):
        raise NoSets(f"--param {name}={text}: give low:high:step in numbers, such as {name}=5:20:5") from None
    if not (low.is_finite() and high.is_finite() and step.is_finite()) or step <= 0 or high < low:
        raise NoSets(f"--param {name}={text}: the step must be above 0 and the end not below the start")
    count = int((high - low) / step) + 1
    if count > MOST_SETS:
        raise NoSets(f"--param {name}={text}: {count} values; at most {MOST_SETS} sets are tried")
    return [_number(low + step * number) for number in range(count)]


def grid(strategy: str, choices: Mapping[str, Sequence[Any]]) -> tuple[list[dict[str, Any]], int]:
    """Every set that the strategy allows, the last name changing quickest, and how many it refused.

    Raises NoSets, UnknownStrategy, and InvalidParameters where it refuses them all.
    """
    count = prod(len(values) for values in choices.values())
    if count > MOST_SETS:
        raise NoSets(f"{count} sets; at most {MOST_SETS} are tried: give fewer values")
    sets, refused, last = list[dict[str, Any]](), 0, None
    for values in product(*choices.values()):
        parameters = dict(zip(choices, values, strict=True))
        try:
            build(strategy, parameters)
        except InvalidParameters as error:
            refused, last = refused + 1, error
        else:
            sets.append(parameters)
    if last is not None and not sets:
        raise last
    return sets, refused


def _value(text: str) -> Any:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return {"true": True, "false": False}.get(text, text)
    return _number(found) if found.is_finite() else text


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
