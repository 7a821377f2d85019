"""When a scheduled step may act: late, doubled and mistaken calls are answered, and do nothing."""

from datetime import date, datetime

from common.market.calendar import MarketClosed, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass


def outside(day: date, first: str, last: str, now: datetime) -> str:
    """Why nothing is to be done for `day` at `now` (aware), '' from step `first` until step `last` of its table."""
    try:
        steps = session_times(day, AssetClass.STOCK).steps
    except MarketClosed as closed:
        return f"not a trading day: {closed}"
    begins, ends = at(steps[first]), at(steps[last])
    if now < begins:
        return f"too early: {first} is at {begins:%Y-%m-%d %H:%M}, and it is {now:%Y-%m-%d %H:%M:%S}"
    if now >= ends:
        return f"too late: {last} was at {ends:%Y-%m-%d %H:%M}, and it is {now:%Y-%m-%d %H:%M:%S}"
    return ""
