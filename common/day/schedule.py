"""The calls of the day's steps after the dated session table: a moved close, special sessions, holidays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from common.market.calendar import session_on, session_times
from common.market.indian_time import INDIA, at
from common.market.instrument import AssetClass
from common.schedule_ports import Call, FoundCall, Schedule

SYNC: Final = "sync_schedule"
SUPERVISE: Final = "supervise"
STEPS: Final = (SYNC, "remind_login", "prepare_day", "plan_day", "square_off", "close_day")
ZONE: Final = "Asia/Kolkata"
PATIENCE: Final = timedelta(minutes=10)
"""For a call that is tried again."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between the calls and the table. step: whose. text: for people."""

    step: str
    text: str


def wanted(day: date) -> dict[str, Call]:
    """By step. Times hold every day until the next sync, so that one that is missed loses no ordinary day.

    On a date without a session all is paused but the sync itself. Raises OutsideTable.
    """
    if session_on(day) is None:
        return {**{step: Call("", paused=True) for step in (*STEPS, SUPERVISE)}, SYNC: _sync_call()}
    steps = session_times(day, AssetClass.STOCK).steps
    found = {step: Call(_cron(at(steps[step]))) for step in STEPS if step != SYNC}
    first, last = at(steps["supervise_from"]), at(steps["supervise_until"]) - timedelta(minutes=1)
    hours = str(first.hour) if first.hour == last.hour else f"{first.hour}-{last.hour}"
    return {**found, SUPERVISE: Call(f"* {hours} * * *"), SYNC: _sync_call()}


def due(step: str, now: datetime) -> bool:
    """Whether the step's time has come on the date of `now` (aware). Raises OutsideTable."""
    day = now.astimezone(INDIA).date()
    if session_on(day) is None:
        return step == SYNC and now >= _sync_time(day)
    steps = session_times(day, AssetClass.STOCK).steps
    if step == SUPERVISE:
        return at(steps["supervise_from"]) <= now < at(steps["supervise_until"])
    return now >= at(steps[step])


def drifts(day: date, found: Mapping[str, FoundCall], now: datetime) -> list[Drift]:
    """What differs from the table of `day`, and what should have been called by now (aware) and was not."""
    told = []
    for step, call in wanted(day).items():
        there = found.get(step)
        if there is None:
            told.append(Drift(step, "nobody calls it"))
            continue
        if there.time_zone != ZONE:
            told.append(Drift(step, f"its time is that of {there.time_zone}"))
        if not same(there.call, call):
            told.append(Drift(step, f"is {_words(there.call)}, should be {_words(call)}"))
        if not call.paused and day == now.astimezone(INDIA).date() and _missed(step, there.called_at, now):
            told.append(Drift(step, "is due and was not called today"))
    return told


def sync(day: date, schedule: Schedule) -> dict[str, Any]:
    """Make the calls those of `day`: {"date", "said", "changed": [step], "missing": [step]}. Asked again, harmless."""
    found, changed, missing = schedule.calls(), list[str](), list[str]()
    for step, call in wanted(day).items():
        there = found.get(step)
        if there is None:
            missing.append(step)
        elif not same(there.call, call) or there.time_zone != ZONE:
            schedule.change(step, there, call)
            changed.append(step)
    said = f"{len(changed)} of {len(found)} calls changed"
    if missing:
        said += f"; nobody calls {', '.join(missing)}: apply terraform/"
    return {"date": day.isoformat(), "said": said, "changed": changed, "missing": missing}


def same(found: Call, call: Call) -> bool:
    """Whether nothing needs to be changed: the time of a call that is paused is nobody's business."""
    return found.paused == call.paused and (call.paused or found.cron == call.cron)


def _missed(step: str, called_at: datetime | None, now: datetime) -> bool:
    if not due(step, now) or not due(step, now - PATIENCE) or (now - PATIENCE).date() != now.date():
        return False
    latest = now - PATIENCE if step == SUPERVISE else _time(step, now.astimezone(INDIA).date())
    return called_at is None or called_at < latest


def _time(step: str, day: date) -> datetime:
    return _sync_time(day) if step == SYNC else at(session_times(day, AssetClass.STOCK).steps[step])


def _sync_time(day: date) -> datetime:
    """The same each day: on a holiday there is no table to read it from."""
    return datetime(day.year, day.month, day.day, 6, tzinfo=INDIA)


def _sync_call() -> Call:
    return Call("0 6 * * *")


def _cron(moment: datetime) -> str:
    return f"{moment.minute} {moment.hour} * * *"


def _words(call: Call) -> str:
    return "paused" if call.paused else f"called at {call.cron}"
