"""What a month costs, part by part: a counted day, times the trading days, at the prices of one data file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias

from common.market.money import Paise, paise_from_rupees
from common.market.tables import Row, toml_table

Runner: TypeAlias = Literal["cloud_run", "gke"]
RUNNERS: Final[tuple[Runner, ...]] = ("cloud_run", "gke")


@dataclass(frozen=True, slots=True)
class Line:
    """quantity, free: units a month; free: of them what costs nothing. estimate: the price is not of the region."""

    part: str
    name: str
    unit: str
    quantity: float
    free: float
    usd: float
    paise: Paise
    estimate: bool
    dated: date
    source: str


def measured_day() -> Mapping[str, float]:
    """The counted day that is shipped: units by name of the price."""
    return toml_table("common.day", "measured_day.toml")


def month(runner: Runner = "cloud_run", day: Mapping[str, float] | None = None) -> list[Line]:
    """In order of the file. day: units of a trading day by name, the shipped ones for None."""
    table = toml_table("common.day", "prices.toml")
    counted = measured_day() if day is None else day
    return list(_lines(table, counted, runner))


def summary(lines: list[Line], runner: Runner) -> dict[str, Any]:
    """As JSON: parts with their lines, sums in dollars and paise, region, rate and what is estimated."""
    table = toml_table("common.day", "prices.toml")
    parts: dict[str, list[Line]] = {}
    for line in lines:
        parts.setdefault(line.part, []).append(line)
    return {
        "region": table["region"], "runner": runner, "trading_days": table["trading_days"],
        "rupees_per_dollar": table["rupees_per_dollar"], "rate_date": table["rate_date"].isoformat(),
        "usd": round(sum(line.usd for line in lines), 2), "paise": sum(line.paise for line in lines),
        "parts": [
            {"part": part, "usd": round(sum(one.usd for one in held), 2), "paise": sum(one.paise for one in held),
             "lines": [_json(one) for one in held]}
            for part, held in parts.items()
        ],
    }


def _lines(table: Row, counted: Mapping[str, float], runner: Runner) -> Iterator[Line]:
    days, rate = table["trading_days"], table["rupees_per_dollar"]
    for price in table["price"]:
        if price.get("runner", runner) != runner:
            continue
        daily = counted.get(price["name"], price.get("a_day", 0))
        quantity = daily * days + price.get("a_month", 0)
        free = min(daily, price.get("free_a_day", 0)) * days
        free = min(quantity, free + price.get("free_a_month", 0))
        units = (quantity - free) / price["per"]
        usd = units * (price["usd"] if "usd" in price else price["rupees"] / rate)
        yield Line(
            price["part"], price["name"], price["unit"], quantity, free, usd, paise_from_rupees(usd * rate),
            price.get("estimate", False), price["date"], price["source"],
        )


def _json(line: Line) -> dict[str, Any]:
    return {
        "name": line.name, "unit": line.unit, "quantity": round(line.quantity, 2), "free": round(line.free, 2),
        "usd": round(line.usd, 4), "paise": line.paise, "estimate": line.estimate, "dated": line.dated.isoformat(),
        "source": line.source,
    }
