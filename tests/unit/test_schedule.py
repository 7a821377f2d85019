"""The calls of the steps as the dated session table has them, and what differs from it."""

from datetime import date, datetime, timedelta
from typing import Final

import pytest

from common.day.schedule import STEPS, SUPERVISE, SYNC, drifts, due, wanted
from common.market.calendar import session_on, session_times
from common.market.indian_time import INDIA, at
from common.market.instrument import AssetClass
from common.schedule_ports import Call, FoundCall

BEFORE_THE_AUCTION: Final = date(2026, 7, 31)
AFTER_IT: Final = date(2026, 8, 3)
MUHURAT_SUNDAY: Final = date(2026, 11, 8)
BUDGET_SUNDAY: Final = date(2026, 2, 1)
HOLIDAY: Final = date(2026, 1, 26)


def test_an_ordinary_day() -> None:
    """The design's times, every day of the week: what is missed once goes on as the day before."""
    found = wanted(AFTER_IT)
    assert {step: call.cron for step, call in found.items()} == {
        "sync_schedule": "0 6 * * *", "remind_login": "0 8 * * *", "prepare_day": "30 8 * * *",
        "plan_day": "45 8 * * *", "supervise": "* 9-15 * * *", "square_off": "2 15 * * *", "close_day": "55 15 * * *",
    }
    assert not any(call.paused for call in found.values())


def test_the_closing_auction_moves_the_close() -> None:
    """From the day on which derivatives trade to 15:40, the books close later."""
    moved = {step for step, call in wanted(AFTER_IT).items() if wanted(BEFORE_THE_AUCTION)[step] != call}
    assert moved == {"close_day"}
    assert wanted(BEFORE_THE_AUCTION)["close_day"].cron == "45 15 * * *"


def test_special_sessions() -> None:
    """An evening's session is squared off in the evening; a Sunday on which the budget is traded is an ordinary day."""
    evening = wanted(MUHURAT_SUNDAY)
    assert (evening["square_off"].cron, evening["close_day"].cron) == ("47 18 * * *", "15 19 * * *")
    assert evening[SUPERVISE].cron == "* 17-19 * * *"
    assert not any(call.paused for call in wanted(BUDGET_SUNDAY).values())


def test_a_holiday_pauses_all_but_the_sync() -> None:
    """Which itself is called on every day of the year: else a session on a Sunday would never be noticed."""
    found = wanted(HOLIDAY)
    assert {step for step, call in found.items() if not call.paused} == {SYNC}
    assert {wanted(date(2026, 1, 1) + timedelta(days=n))[SYNC] for n in range(365)} == {Call("0 6 * * *")}


def test_every_step_falls_due_at_its_time() -> None:
    """On every date of the tables, to the minute: not a second before; the supervisor only within its hours."""
    minute = timedelta(minutes=1)
    for offset in range(365):
        day = date(2026, 1, 1) + timedelta(days=offset)
        midnight = datetime(day.year, day.month, day.day, tzinfo=INDIA)
        if session_on(day) is None:
            assert {step for step in (*STEPS, SUPERVISE) if due(step, midnight.replace(hour=23))} == {SYNC}
            continue
        times = session_times(day, AssetClass.STOCK).steps
        for step in STEPS:
            assert (due(step, at(times[step]) - minute), due(step, at(times[step]))) == (False, True)
            call = wanted(day)[step]
            assert call.cron == f"{at(times[step]).minute} {at(times[step]).hour} * * *"
        first, last = at(times["supervise_from"]), at(times["supervise_until"])
        asked = [due(SUPERVISE, moment) for moment in (first - minute, first, last - minute, last)]
        assert asked == [False, True, True, False]


def as_wanted(day: date, called_at: datetime | None = None) -> dict[str, FoundCall]:
    return {step: FoundCall(call, "Asia/Kolkata", called_at) for step, call in wanted(day).items()}


def moment(day: date, text: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=INDIA)


def test_no_drift() -> None:
    """As the table has it, all called; also on a holiday, whatever the time of a paused call is."""
    now = moment(AFTER_IT, "12:00:00")
    assert drifts(AFTER_IT, as_wanted(AFTER_IT, now - timedelta(minutes=1)), now) == []
    holiday = as_wanted(HOLIDAY, moment(HOLIDAY, "06:00:01"))
    holiday["plan_day"] = FoundCall(Call("1 1 1 1 1", paused=True), "Asia/Kolkata")
    assert drifts(HOLIDAY, holiday, moment(HOLIDAY, "12:00:00")) == []


@pytest.mark.parametrize(("step", "there", "told"), [
    ("plan_day", None, "nobody calls it"),
    ("plan_day", FoundCall(Call("45 9 * * *"), "Asia/Kolkata"), "is called at 45 9 \\* \\* \\*, should be called at"),
    ("plan_day", FoundCall(Call("45 8 * * *", paused=True), "Asia/Kolkata"), "is paused, should be called at"),
    ("plan_day", FoundCall(Call("45 8 * * *"), "UTC"), "its time is that of UTC"),
])
def test_each_difference_is_told(step: str, there: FoundCall | None, told: str) -> None:
    """With the step, and what is there instead of what should be."""
    now = moment(AFTER_IT, "05:00:00")
    found = as_wanted(AFTER_IT)
    if there is None:
        del found[step]
    else:
        found[step] = there
    (drift,) = drifts(AFTER_IT, found, now)
    assert drift.step == step
    assert drift.text.startswith(told.replace("\\", ""))


def test_what_was_not_called_is_told() -> None:
    """A step whose time is past, after some patience; not one of another date."""
    yesterday = moment(BEFORE_THE_AUCTION, "08:45:00")
    found = as_wanted(AFTER_IT, yesterday)
    assert drifts(AFTER_IT, found, moment(AFTER_IT, "06:05:00")) == []
    told = {one.step: one.text for one in drifts(AFTER_IT, found, moment(AFTER_IT, "08:56:00"))}
    assert set(told) == {"sync_schedule", "remind_login", "prepare_day", "plan_day"}
    assert set(told.values()) == {"is due and was not called today"}
    assert drifts(AFTER_IT, found, moment(BEFORE_THE_AUCTION, "12:00:00")) == []
