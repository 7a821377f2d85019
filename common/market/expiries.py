"""When index contracts expire: dated weekdays, moved to the previous trading day by holidays."""

import calendar
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from common.market.calendar import REMEMBERED, is_trading_day, previous_trading_day
from common.market.rules import Cycle, cycle_of
from common.market.tables import OutsideTable, Row, row_in_force, toml_table

HORIZON_DAYS: Final = 800
MAX_EXPIRIES: Final = 100

Choice: TypeAlias = Literal["nearest", "next", "weekly", "monthly"]
"""Which expiry to trade: the first, the second, the first of its cycle."""


@lru_cache(maxsize=REMEMBERED)
def expiries(underlying: str, on: date, count: int, cycle: Cycle | None = None) -> tuple[date, ...]:
    """The first `count` (1 to 100) expiry dates of `underlying` on or after `on`, in order; of one cycle, or of both.

    A month's last weekly expiry is its monthly one. Raises OutsideTable for an unknown underlying and where the
    calendar ends; further contracts are in the broker's dump.
    """
    if not 1 <= count <= MAX_EXPIRIES:
        raise ValueError(f"{count} expiries were asked for; ask for 1 to {MAX_EXPIRIES}")
    rules = _rules(underlying)
    found: list[date] = []
    for offset in range(HORIZON_DAYS):
        scheduled = on + timedelta(days=offset)
        if _is_scheduled(rules, scheduled, cycle):
            expiry = scheduled if is_trading_day(scheduled) else previous_trading_day(scheduled)
            if expiry >= on:
                found.append(expiry)
            if len(found) == count:
                return tuple(found)
    raise OutsideTable(f"{underlying} has only {len(found)} {cycle or ''} expiries within {HORIZON_DAYS} days of {on}")


def choose_expiry(
    underlying: str, listed: Iterable[date], on: date, choice: Choice = "nearest", min_days: int = 0,
) -> date | None:
    """The expiry to trade among those that are `listed`, not before `min_days` (calendar) from `on`; None if none.

    A month's last weekly expiry is its monthly one. Raises OutsideTable where a cycle is asked of an underlying whose
    rule is not known.
    """
    found = sorted({one for one in listed if (one - on).days >= max(0, min_days)})
    if choice in ("weekly", "monthly"):
        found = [one for one in found if cycle_of(underlying, one) == choice]
    place = 1 if choice == "next" else 0
    return found[place] if place < len(found) else None


def expiries_between(underlying: str, first: date, last: date, cycle: Cycle | None = None) -> Iterator[date]:
    """Every expiry of `underlying` from `first` to `last`, both included."""
    rules = _rules(underlying)
    for offset in range((last - first).days + 8):
        scheduled = first + timedelta(days=offset)
        if scheduled > last + timedelta(days=7) or not _is_scheduled(rules, scheduled, cycle):
            continue
        expiry = scheduled if is_trading_day(scheduled) else previous_trading_day(scheduled)
        if first <= expiry <= last:
            yield expiry


def _rules(underlying: str) -> Row:
    tables = toml_table("common.market", "contracts.toml")["expiries"]
    if underlying not in tables:
        raise OutsideTable(
            f"no expiry rule of {underlying!r} is in contracts.toml (there are {', '.join(tables)}): "
            "take expiries from the broker's dump of the day, or add a rule with its source"
        )
    rules: Row = tables[underlying]
    return rules


def _is_scheduled(rules: Row, day: date, cycle: Cycle | None) -> bool:
    is_monthly = "monthly" in rules and _falls_on(rules["monthly"], day) and _is_last_of_month(day)
    is_weekly = "weekly" in rules and _falls_on(rules["weekly"], day)
    if cycle == "monthly":
        return is_monthly
    if cycle == "weekly":
        return is_weekly and not _month_has_monthly_in_week(rules, day)
    return is_monthly or (is_weekly and not _month_has_monthly_in_week(rules, day))


def _falls_on(rows: list[Row], day: date) -> bool:
    return bool(day >= rows[0]["from"] and row_in_force(rows, day, "expiry weekday")["weekday"] == day.isoweekday())


def _is_last_of_month(day: date) -> bool:
    return day.day + 7 > calendar.monthrange(day.year, day.month)[1]


def _month_has_monthly_in_week(rules: Row, day: date) -> bool:
    """Whether the monthly contract expires in the week of `day`: then there is no weekly one beside it."""
    monday = day - timedelta(days=day.weekday())
    week = (monday + timedelta(days=offset) for offset in range(5))
    return any(_falls_on(rules["monthly"], other) and _is_last_of_month(other) for other in week)
