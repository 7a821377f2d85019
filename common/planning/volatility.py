"""Implied volatility of an option's underlying against that of earlier days: its rank and its percentile."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final

from pydantic import Field

from common.market.option_chain import LEAST_DAYS, iv_percentile
from common.planning.document import Record

MOST_DAYS: Final = 250
"""About a year; what is older says little about what is dear now."""
Percent = Annotated[float, Field(ge=0)]


class Volatility(Record):
    """Of one underlying, at the money, yearly, late in the last session that was recorded.

    expiry, session: of which chain and when. iv_rank: where it is between the lowest and the highest of the earlier
    days, 0 to 100. iv_percentile: per cent of them below it. days: how many they are. None, and what is lacking, with
    fewer than a month of them.
    """

    underlying: str
    expiry: date
    session: date
    iv_percent: Percent
    days: Annotated[int, Field(ge=0)]
    iv_rank: Annotated[float, Field(ge=0, le=100)] | None = None
    iv_percentile: Annotated[float, Field(ge=0, le=100)] | None = None
    lacking: str = ""


class Measured(Record):
    """One day's: session, expiry of its chain, yearly per cent at the money."""

    session: date
    expiry: date
    iv_percent: Percent


def volatility_of(underlying: str, measured: Sequence[Measured]) -> Volatility | None:
    """From days in order; the last against those before it. None without any."""
    if not measured:
        return None
    last, earlier = measured[-1], [one.iv_percent for one in measured[:-1]]
    found = {"underlying": underlying, **last.to_fields(), "days": len(earlier)}
    percentile = iv_percentile(earlier, last.iv_percent)
    if percentile is None:
        lacking = f"{len(earlier)} earlier days of {LEAST_DAYS}: nobody can say whether its options are dear"
        return Volatility.parse({**found, "lacking": lacking}, "volatility")
    low, high = min(earlier), max(earlier)
    rank = 100 * (last.iv_percent - low) / (high - low) if high > low else 50.0
    return Volatility.parse(
        {**found, "iv_rank": round(min(100.0, max(0.0, rank)), 2), "iv_percentile": round(percentile, 2)}, "volatility",
    )


def added(before: Mapping[str, Sequence[Measured]], underlying: str, one: Measured) -> dict[str, list[Measured]]:
    """With `one` as the last of its underlying, each session once, at most MOST_DAYS of them."""
    kept = [other for other in before.get(underlying, ()) if other.session < one.session]
    return {**{name: list(days) for name, days in before.items()}, underlying: [*kept, one][-MOST_DAYS:]}


def to_text(measured: Mapping[str, Sequence[Measured]]) -> str:
    """JSON, by underlying."""
    return json.dumps({name: [one.to_fields() for one in days] for name, days in sorted(measured.items())})


def from_text(text: str) -> dict[str, list[Measured]]:
    """The inverse. Raises ValueError (InvalidDocument is one) for anything else."""
    found: Any = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("volatilities are an object by underlying")
    return {name: [Measured.parse(one, "volatility") for one in days] for name, days in found.items()}
