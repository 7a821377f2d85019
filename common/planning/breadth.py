"""How many shares went which way in the last session: whether a move was the market's or a few shares'."""

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import Final

from common.planning.document import Record
from common.planning.history import Count, DaySummary

FLAT_PERCENT: Final = 0.05
MIN_SHARES: Final = 3


class Breadth(Record):
    """Of the shares with two sessions in a row, against their closes before. Per cent."""

    session: date
    advanced: Count
    declined: Count
    unchanged: Count
    median_change_percent: float


def breadth_of(day: date, shares: Sequence[str], history: Mapping[str, Sequence[DaySummary]]) -> Breadth | None:
    """None where fewer than three shares traded in the last session that is known and in one before."""
    known = {
        symbol: sorted((one for one in history.get(symbol, ()) if one.date < day), key=lambda one: one.date)[-2:]
        for symbol in shares
    }
    pairs = [two for two in known.values() if len(two) == 2]
    if not pairs:
        return None
    last = max(two[1].date for two in pairs)
    changes = [(two[1].close / two[0].close - 1) * 100 for two in pairs if two[1].date == last and two[0].close]
    if len(changes) < MIN_SHARES:
        return None
    up, down = sum(one > FLAT_PERCENT for one in changes), sum(one < -FLAT_PERCENT for one in changes)
    return Breadth(
        session=last, advanced=up, declined=down, unchanged=len(changes) - up - down,
        median_change_percent=round(median(changes), 4),
    )
