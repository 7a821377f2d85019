"""Replay of the minutes on which something can happen: same session, same exchange, same orders as the full replay.

A minute is passed over while every symbol is either flat with nothing working and no signal due, or held behind its
resting stop with no signal due, the stop out of reach and the daily loss out of reach.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE
from common.market.calendar import SessionTimes
from common.research.schedules import schedule_of
from common.research.tape import Series, Tape
from common.strategies.scheduled import Schedule, Scheduled
from common.trading.driver import Driver
from common.trading.orders import Status
from common.trading.session import Session
from common.trading.slot import Slot
from common.trading.strategy import Parameters

_PENDING: Final = Status.TRIGGER_PENDING


class Watched:
    """One symbol: its slot, its bars, and when its strategy may speak; `scheduled` is what the slot asks."""

    __slots__ = ("schedule", "scheduled", "series", "slot")

    def __init__(self, slot: Slot, series: Series, schedule: Schedule) -> None:
        self.slot = slot
        self.series = series
        self.schedule = schedule
        self.scheduled = Scheduled(Parameters())


def schedule_all(session: Session, tape: Tape) -> list[Watched] | None:
    """Every strategy of the session onto its schedule; None, and nothing changed, where one has none."""
    found = []
    for symbol, slot in session.slots.items():
        series, strategy = tape.series.get(symbol), slot.strategy
        if series is None or strategy is None:
            return None
        schedule = schedule_of(strategy, series)
        if schedule is None:
            return None
        found.append(Watched(slot, series, schedule))
    for one in found:
        strategy = one.slot.strategy
        assert strategy is not None
        one.scheduled.follow(strategy, one.schedule)
        one.slot.strategy = one.scheduled
    return found


def trade_sparsely(
    driver: Driver, tape: Tape, watched: Sequence[Watched], first: int = 0, last: int | None = None,
    *, timed: bool = True,
) -> None:
    """The minutes from number `first` to before `last`. timed: the session's timer after each, as a workload has it."""
    session, starts = driver.session, tape.starts
    end = len(starts) if last is None else last
    due = _due(session.times, starts, first, end)
    number = first
    while number < end:
        found = _next(session, watched, number, end)
        if found > number:
            while due and due[0] < number:
                del due[0]
            found = min(found, due[0]) if due else found
            if found >= end:
                break
            if found > number and len(watched) > 1:
                _bring_up(driver, watched, found)
        for one in watched:
            one.scheduled.number = one.series.at(found)
        for at in range(tape.at(found), tape.at(found + 1)):
            driver.step(tape.bars[at])
        if timed:
            driver.pass_time(starts[found] + NANOSECONDS_A_MINUTE)
        number = found + 1
    _bring_up(driver, watched, end)


def _due(times: SessionTimes, starts: Sequence[int], first: int, end: int) -> list[int]:
    """Numbers of the minutes at whose end something is due by the clock, in order."""
    if first >= end:
        return []
    moments, last = sorted((times.square_off, times.flat_by, times.close)), starts[end - 1] + NANOSECONDS_A_MINUTE
    return [bisect_left(starts, at - NANOSECONDS_A_MINUTE, first, end) for at in moments if at <= last]


def _next(session: Session, watched: Sequence[Watched], number: int, end: int) -> int:
    """The first minute at or after `number` that must be replayed; `end` if none."""
    found, held = end, False
    for one in watched:
        slot, series = one.slot, one.series
        if slot.busy and (not slot.resting or slot.target_price or slot.trail):
            return number
        at = series.at(number)
        bar = one.schedule.next(at, slot.quantity)
        if slot.busy:
            held = True
            bar = min(bar, _stopped(one, at, bar))
        if bar < len(series.bars):
            found = min(found, series.minute(bar))
    if held and found > number and _may_lose(session, watched, number, found):
        return number
    return found


def _stopped(one: Watched, first: int, last: int) -> int:
    """The first bar from `first` to before `last` that reaches a resting stop."""
    slot, count = one.slot, len(one.series.bars)
    side = 1 if slot.quantity > 0 else -1
    reach, found = one.series.reach[side], min(last, count)
    for order in slot.exits:
        if order.status is not _PENDING:
            return first
        found = min(found, reach.first_below(order.trigger * side, first, found))
    return found


def _may_lose(session: Session, watched: Sequence[Watched], number: int, found: int) -> bool:
    """Whether the worst marks before minute `found` together could reach the daily loss."""
    account = session.book.account
    if account.warned_at:
        return True
    worst = account.open_pnl
    for one in watched:
        slot = one.slot
        first, last = one.series.at(number), one.series.at(found)
        if slot.quantity and first < last:
            side = 1 if slot.quantity > 0 else -1
            mark = min(one.series.value[side].floor(first, last), slot.mark * side)
            worst += abs(slot.quantity) * (mark - slot.mark * side)
    return worst <= account.floor


def _bring_up(driver: Driver, watched: Sequence[Watched], found: int) -> None:
    """What is held takes its last bar before minute `found`: its mark counts in the account's profit and loss."""
    for one in watched:
        if not one.slot.quantity:
            continue
        at, last = one.series.at(found), one.slot.last
        if at and (last is None or last.ts < one.series.bars[at - 1].ts):
            one.scheduled.number = at - 1
            driver.step(one.series.bars[at - 1])
