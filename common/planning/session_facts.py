"""What the dated session table says of one day, as a plan's evidence."""

from datetime import date, time
from typing import Literal

from common.market.calendar import is_trading_day, next_trading_day, previous_trading_day, session_on, session_times
from common.market.indian_time import at, moment
from common.market.instrument import AssetClass
from common.planning.document import Record
from common.planning.mandate import ClockTime


class ClassTimes(Record):
    """When one workload enters and leaves, as the session table says; Indian time."""

    asset_class: AssetClass
    entry_from: ClockTime
    entry_cutoff: ClockTime
    square_off: ClockTime


class SessionFacts(Record):
    """What the dated table says of the day. kind: normal, muhurat, special or closed; name: of what is special."""

    kind: Literal["normal", "muhurat", "special", "closed"]
    name: str = ""
    trades_by_default: bool
    previous_trading_day: date
    next_trading_day: date
    times: tuple[ClassTimes, ...] = ()

    def times_of(self, asset_class: AssetClass) -> ClassTimes:
        """Raises LookupError on a day without a session."""
        for times in self.times:
            if times.asset_class is asset_class:
                return times
        raise LookupError(f"the session has no times for {asset_class}: plan a trading day, with session_facts(day)")


def session_facts(day: date) -> SessionFacts:
    """From the shipped session table. Raises OutsideTable for a date that it does not cover."""
    session = session_on(day)
    times = tuple(class_times(day, one) for one in AssetClass) if session else ()
    return SessionFacts(
        kind=session.kind if session else "closed", name=session.name if session else "",
        trades_by_default=is_trading_day(day), previous_trading_day=previous_trading_day(day),
        next_trading_day=next_trading_day(day), times=times,
    )


def class_times(day: date, asset_class: AssetClass) -> ClassTimes:
    """Of one class, also on the calendar's first and last day. Raises MarketClosed, OutsideTable."""
    times = session_times(day, asset_class)
    return ClassTimes(
        asset_class=asset_class, entry_from=clock(times.entry_from), entry_cutoff=clock(times.entry_cutoff),
        square_off=clock(times.square_off),
    )


def clock(ts: int) -> ClockTime:
    """Nanoseconds since the epoch (UTC) as 'HH:MM' in India."""
    return at(ts).strftime("%H:%M")


def clock_moment(day: date, text: ClockTime) -> int:
    """'HH:MM' on `day` in India as nanoseconds since the epoch (UTC)."""
    return moment(day, time.fromisoformat(text))
