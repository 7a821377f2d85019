"""Exchange time: Asia/Kolkata, five and a half hours ahead of UTC without summer time since 1945."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from common.market.bar import NANOSECONDS_A_SECOND

INDIA: Final = ZoneInfo("Asia/Kolkata")
NANOSECONDS_A_DAY: Final = 24 * 60 * 60 * NANOSECONDS_A_SECOND
OFFSET_NANOSECONDS: Final = 330 * 60 * NANOSECONDS_A_SECOND
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


def moment(day: date, clock: time) -> int:
    """Nanoseconds since the epoch (UTC) when the clocks in India show `clock` on `day`."""
    seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
    midnight = (day.toordinal() - _EPOCH_ORDINAL) * NANOSECONDS_A_DAY - OFFSET_NANOSECONDS
    return midnight + seconds * NANOSECONDS_A_SECOND + clock.microsecond * 1000


def day_number(ts: int) -> int:
    """Days since 1970-01-01 on the Indian calendar at `ts`: cheap to compare, one number a day."""
    return (ts + OFFSET_NANOSECONDS) // NANOSECONDS_A_DAY


def day_of(ts: int) -> date:
    """The Indian date at `ts` (nanoseconds since the epoch, UTC)."""
    return date.fromordinal(_EPOCH_ORDINAL + day_number(ts))


def at(ts: int) -> datetime:
    """`ts` as an aware datetime in Asia/Kolkata, cut to the microsecond."""
    seconds, rest = divmod(ts, NANOSECONDS_A_SECOND)
    return datetime.fromtimestamp(seconds, INDIA) + timedelta(microseconds=rest // 1000)


def iso(ts: int) -> str:
    """`at(ts).isoformat()`, in a fifth of the time for whole seconds: a replay tells every minute."""
    seconds, rest = divmod(ts + OFFSET_NANOSECONDS, NANOSECONDS_A_SECOND)
    if rest:
        return at(ts).isoformat()
    days, seconds = divmod(seconds, 24 * 60 * 60)
    return _date_text(days) + _time_text(seconds)


@lru_cache(maxsize=16)
def _date_text(days: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + days).isoformat()


@lru_cache(maxsize=4096)
def _time_text(seconds: int) -> str:
    return f"T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}+05:30"
