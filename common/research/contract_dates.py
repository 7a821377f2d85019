"""When the generated market's contracts expire, also for days whose contracts outlive the calendar's tables."""

from datetime import date, timedelta
from typing import Final

from common.market.calendar import session_on
from common.market.expiries import expiries_between
from common.market.indian_time import NANOSECONDS_A_DAY
from common.market.rules import cycle_of
from common.market.tables import OutsideTable

_WEEK: Final = timedelta(days=7)
_LOOK_BACK: Final = timedelta(days=21)
_LOOK_AHEAD: Final = timedelta(days=100)


def option_expiries(underlying: str, day: date) -> tuple[date, date]:
    """The two nearest expiries on or after `day`."""
    first, second, *_ = _expiries(underlying, day)
    return first, second


def future_expiry(underlying: str, day: date) -> date:
    """The nearest monthly expiry on or after `day`."""
    return next(expiry for expiry in _expiries(underlying, day) if cycle_of(underlying, expiry) == "monthly")


def last_moment(expiry: date, day: date) -> int:
    """When trading of what expires on `expiry` ends (ns UTC); by the hours of `day` where the calendar has ended."""
    try:
        session = session_on(expiry)
    except OutsideTable:
        session = None
    if session is not None:
        return session.expiring_index_close
    today = session_on(day)
    if today is None:
        raise OutsideTable(f"neither {expiry} nor {day} is a trading day: check the tables in common/market/data")
    return today.expiring_index_close + (expiry - day).days * NANOSECONDS_A_DAY


def _expiries(underlying: str, day: date) -> list[date]:
    """Expiries from `day` for a good three months; beyond the calendar every week, as if there were no holidays."""
    found: list[date] = []
    try:
        for expiry in expiries_between(underlying, day - _LOOK_BACK, day + _LOOK_AHEAD):
            found.append(expiry)  # noqa: PERF402 (what was found before an error is kept)
    except OutsideTable:
        while found and found[-1] < day + _LOOK_AHEAD:
            found.append(found[-1] + _WEEK)
    upcoming = [expiry for expiry in found if expiry >= day]
    if not upcoming:
        raise OutsideTable(f"no expiry of {underlying} is known around {day}: check the tables in common/market/data")
    return upcoming
