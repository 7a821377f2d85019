"""When the system may be changed: never while a day is being planned, traded or closed."""

from datetime import datetime, timedelta
from typing import Final

from common.market.calendar import session_on, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.tables import OutsideTable

BEFORE: Final = timedelta(minutes=30)
"""For a deployment to end, and to be undone, before the first step."""
FIRST: Final = ("remind_login", "supervise_from")
"""The step that begins a day; short sessions have the second alone."""


def closed_for_changes(now: datetime) -> str:
    """Why nothing may be deployed at `now` (aware), and until when; "" when it may. No table, no deployment."""
    day = now.date()
    try:
        if session_on(day) is None:
            return ""
        steps = session_times(day, AssetClass.STOCK).steps
    except OutsideTable as error:
        return f"nobody knows whether the market is open: {error}"
    first = at(next(steps[name] for name in FIRST if name in steps)) - BEFORE
    last = at(steps["close_day"]) + BEFORE
    if not first <= now < last:
        return ""
    return f"{day} is being traded: nothing is deployed from {first:%H:%M} to {last:%H:%M} IST"
