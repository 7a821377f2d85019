"""What is known to happen on or just after the day: expiries by the dated table, and what the person has listed."""

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import Field

from common.market.expiries import expiries
from common.market.tables import OutsideTable
from common.planning.contracts import CASH_SETTLED
from common.planning.document import Record
from common.planning.history import Count
from common.planning.notices import FOLDER, NoticeError
from common.planning.plain_text import plain

EVENTS: Final = "events"
"""The list's name: a CSV with the columns date and name."""
AHEAD_DAYS: Final = 7
MAX_EVENTS: Final = 30
MAX_ROWS: Final = 5_000
MAX_NAME: Final = 100


class Event(Record):
    """days_away: calendar days, 0 for today."""

    date: date
    days_away: Count
    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


def events_of(day: date, underlyings: Iterable[str], text: str | None) -> tuple[Event, ...]:
    """From `day` on for a week, by date: next expiries of index underlyings, and the list's. Raises NoticeError."""
    last = day + timedelta(days=AHEAD_DAYS)
    found = {(one, name) for one, name in _listed(text) if day <= one <= last}
    for underlying in set(underlyings) & CASH_SETTLED:
        try:
            found |= {(one, f"{underlying} expiry") for one in expiries(underlying, day, 2) if one <= last}
        except OutsideTable:
            continue
    return tuple(Event(date=one, days_away=(one - day).days, name=name) for one, name in sorted(found)[:MAX_EVENTS])


def _listed(text: str | None) -> list[tuple[date, str]]:
    if text is None:
        return []
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if not {"date", "name"} <= set(rows.fieldnames or ()):
        raise NoticeError(f"{FOLDER}/{EVENTS}.csv needs the columns date and name: mend it, or take it away")
    found = []
    for number, row in enumerate(rows, start=2):
        name = plain(row["name"] or "", MAX_NAME)
        try:
            found.append((date.fromisoformat((row["date"] or "").strip()), name))
            if not name or number > MAX_ROWS:
                raise ValueError("it has no name, or is one of too many")
        except ValueError as error:
            raise NoticeError(f"{FOLDER}/{EVENTS}.csv row {number}: {error}: mend it, or take it away") from None
    return found
