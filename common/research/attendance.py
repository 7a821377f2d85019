"""Which bars and sessions are missing, and which stand outside of trading hours, by the dated session table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from common.market.calendar import REMEMBERED, Session, session_on, sessions_between
from common.market.indian_time import NANOSECONDS_A_DAY
from common.market.instrument import Instrument, Kind
from common.market.tables import OutsideTable
from common.research import columns
from common.research.faults import DataWarning
from common.research.runs import Runs

Segment: TypeAlias = Literal["stock", "index", "contract", "expiring"]


@dataclass(frozen=True, slots=True)
class Hours:
    """When bars of a segment are expected (open to close, without the pause) and until when they are allowed; ns."""

    open: int
    close: int
    last: int
    pause_from: int
    pause_until: int

    def slots(self, step: int) -> int:
        """How many bars of `step` nanoseconds the session has."""
        if self.pause_from == self.pause_until:
            return -(-(self.close - self.open) // step)
        return -(-(self.pause_from - self.open) // step) - (-(self.close - self.pause_until) // step)


_CLOSED: Final = Hours(0, 0, 0, 0, 0)


def attendance_warnings(runs: Runs, instruments: Mapping[str, Instrument], step: int) -> Iterator[DataWarning]:
    """Warnings about bars `step` nanoseconds apart; dates outside of the calendar are counted, not judged."""
    pairs = zip(runs.symbols, runs.days, strict=True)
    hours = [_hours(day, _segment(instruments[symbol], day)) for symbol, day in pairs]
    unknown = [number for number, one in enumerate(hours) if one is None]
    if unknown:
        days = {runs.days[number] for number in unknown}
        yield DataWarning("dates outside of the calendar", len(days), f"{min(days)}: gaps and hours are not checked")
    if step < NANOSECONDS_A_DAY:
        yield from _outside(runs, hours)
        yield from _gaps(runs, hours, step)
    yield from _missing_sessions(runs)


def _segment(instrument: Instrument, day: date) -> Segment:
    if instrument.kind is Kind.EQUITY:
        return "stock"
    if instrument.kind is Kind.INDEX:
        return "index"
    return "expiring" if instrument.expiry == day else "contract"


@lru_cache(maxsize=REMEMBERED)
def _hours(day: date, segment: Segment) -> Hours | None:
    """None where the calendar does not reach."""
    try:
        session = session_on(day)
    except OutsideTable:
        return None
    return _CLOSED if session is None else _hours_of(session, segment)


def _hours_of(session: Session, segment: Segment) -> Hours:
    close = {
        "stock": session.stock_close, "index": session.stock_close,
        "contract": session.derivatives_close, "expiring": session.expiring_index_close,
    }[segment]
    last = session.cash_close if segment == "stock" else max(session.derivatives_close, session.cash_close)
    windows = session.windows
    pause = (windows[0][1], windows[1][0]) if len(windows) > 1 else (0, 0)
    return Hours(session.open, close, last, *pause)


def _outside(runs: Runs, hours: list[Hours | None]) -> Iterator[DataWarning]:
    inside = _within(runs, hours, "last")
    known = pc.equal(runs.spread([int(one is not None) for one in hours]), 1)
    outside = pc.and_(known, pc.invert(inside))
    first = pc.index(outside, True).as_py()
    if first >= 0:
        yield DataWarning("bars outside of trading hours", pc.sum(outside).as_py(), runs.place(first))


def _gaps(runs: Runs, hours: list[Hours | None], step: int) -> Iterator[DataWarning]:
    present = runs.counts(_within(runs, hours, "close"))
    slots = [one.slots(step) if one is not None else 0 for one in hours]
    missing = [max(0, slot - count) for slot, count in zip(slots, present, strict=True)]
    run = next((number for number, count in enumerate(missing) if count), None)
    if run is not None:
        example = f"{runs.symbols[run]} {runs.days[run]}: {missing[run]:,} of {slots[run]:,}"
        yield DataWarning("bars missing inside of sessions", sum(missing), example)


def _missing_sessions(runs: Runs) -> Iterator[DataWarning]:
    """Sessions without a bar between the first and the last date of a symbol."""
    have: dict[str, list[date]] = {}
    for symbol, day in zip(runs.symbols, runs.days, strict=True):
        have.setdefault(symbol, []).append(day)
    count, example = 0, ""
    for symbol, days in have.items():
        absent = sorted(_session_days(days[0], days[-1]) - set(days))
        count += len(absent)
        if absent and not example:
            example = f"{symbol} {absent[0]}"
    if count:
        yield DataWarning("sessions missing between first and last date", count, example)


@lru_cache(maxsize=REMEMBERED)
def _session_days(first: date, last: date) -> frozenset[date]:
    """Empty where the calendar does not reach."""
    try:
        return frozenset(session.date for session in sessions_between(first, last))
    except OutsideTable:
        return frozenset()


def _within(runs: Runs, hours: list[Hours | None], until: Literal["close", "last"]) -> pa.ChunkedArray:
    ts = runs.rows["ts"]
    in_pause = pc.and_(
        pc.greater_equal(ts, _spread(runs, hours, "pause_from")), pc.less(ts, _spread(runs, hours, "pause_until"))
    )
    after_open = pc.greater_equal(ts, _spread(runs, hours, "open"))
    return columns.all_of([after_open, pc.less(ts, _spread(runs, hours, until)), pc.invert(in_pause)])


def _spread(runs: Runs, hours: list[Hours | None], name: str) -> pa.ChunkedArray:
    return runs.spread([getattr(one or _CLOSED, name) for one in hours])
