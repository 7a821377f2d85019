"""plan_day: once, in time, and not while something is carried; the documents that it leaves."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.memory import MemoryStore
from common.bootstrap import Application
from common.day.carried import REPORTS, carried, lock
from common.day.control import ALL, read_control, resume, set_halt
from common.day.control import Halt as ControlHalt
from common.day.control import Source as ControlSource
from common.day.errors import TooEarly
from common.day.plan import PLANS, plan_day, too_late
from common.day.prepare import EVIDENCE
from common.market.calendar import Session, session_times, sessions_between
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Create, DocumentStore
from common.settings import Settings
from common.trading.halts import HaltLevel
from tests.unit import planning_case as case

DAY = case.DAY
LEFT: list[Mapping[str, Any]] = [{"asset_class": "options", "symbol": "NIFTY26AUG25000PE", "quantity": -75}]


def clock(hour: int = 8, minute: int = 45, second: int = 0, day: date = DAY) -> VirtualClock:
    """At that time of the day."""
    return VirtualClock(datetime.combine(day, time(hour, minute, second), INDIA))


def prepared() -> MemoryStore:
    """A store with the evidence of an ordinary day."""
    store = MemoryStore()
    store.commit([Create(EVIDENCE, DAY.isoformat(), case.evidence().to_fields())])
    return store


def planned(store: DocumentStore, now: VirtualClock) -> Plan:
    """What plan_day answers, which is what it stored."""
    fields = plan_day(DAY, store, case.mandate(), now)
    stored = store.get(PLANS, DAY.isoformat())
    assert stored is not None
    assert stored.fields == fields
    return Plan.from_fields(fields)


def test_in_time_it_is_ready() -> None:
    """At its hour the plan trades."""
    made = planned(prepared(), clock())
    assert (made.status, made.refusal) == ("READY", "")
    assert made.enabled


def test_doubled_it_is_the_same() -> None:
    """However often and late it is asked for again, the first plan stands, to the byte."""
    store = prepared()
    first = planned(store, clock())
    for again in (clock(8, 46), clock(11, 0), clock(23, 59)):
        assert planned(store, again) == first


class Doubled(MemoryStore):
    """Two calls at once: the other's plan is stored while ours is being made."""

    def __init__(self, other: Mapping[str, Any]) -> None:
        super().__init__()
        self.other: Mapping[str, Any] | None = other

    def commit(self, writes: Any) -> list[str]:
        if self.other is not None and any(write.collection == PLANS for write in writes):
            other, self.other = self.other, None
            super().commit([Create(PLANS, DAY.isoformat(), other)])
        return super().commit(writes)


def test_two_calls_at_once_make_one_plan() -> None:
    """Who comes second gets the first one's plan, also where its own would have been refused as late."""
    first = planned(prepared(), clock()).to_fields()
    store = Doubled(first)
    store.commit([Create(EVIDENCE, DAY.isoformat(), case.evidence().to_fields())])
    assert plan_day(DAY, store, case.mandate(), clock(12, 0)) == first


@pytest.mark.parametrize(("now", "status"), [
    (clock(9, 30), "READY"), (clock(10, 15), "READY"), (clock(10, 15, 1), "REJECTED"), (clock(15, 0), "REJECTED"),
    (clock(8, 45, day=DAY + timedelta(days=1)), "REJECTED"),
])
def test_a_late_plan_trades_nothing(now: VirtualClock, status: str) -> None:
    """After a late login (until 10:00) there is as long as between prepare_day and plan_day; then nothing is traded."""
    made = planned(prepared(), now)
    assert made.status == status
    if status == "REJECTED":
        assert made.enabled == ()
        assert not any(one.enabled for one in made.classes)
        assert any("late: planned at" in reason.text for reason in made.reasons)
        assert "REJECTED" in made.refusal


@pytest.mark.parametrize("session", [
    *(one for one in sessions_between(date(2016, 1, 1), date(2026, 12, 31), special=True) if one.kind != "normal"),
    *sessions_between(DAY, DAY),
], ids=lambda one: f"{one.date} {one.name or one.kind}")
def test_no_late_plan_can_trade(session: Session) -> None:
    """Also of evenings and drills: in time means before the last entry, and before the first one nothing is late."""
    day = session.date
    times = session_times(day, AssetClass.STOCK)
    for minute in range(24 * 60):
        now = datetime.combine(day, time(), INDIA) + timedelta(minutes=minute)
        if too_late(day, now):
            assert now > at(times.entry_from)
        else:
            assert now <= at(times.entry_cutoff)


def test_a_closed_day_is_not_late() -> None:
    """Nothing is late where nothing is traded: the plan says that the exchange is closed."""
    assert too_late(date(2026, 8, 16), datetime(2026, 8, 16, 23, 0, tzinfo=INDIA)) == ""


def test_before_prepare_it_is_too_early() -> None:
    """Without evidence there is no plan, and none is stored."""
    store = MemoryStore()
    with pytest.raises(TooEarly, match="prepare_day"):
        plan_day(DAY, store, case.mandate(), clock())
    assert store.get(PLANS, DAY.isoformat()) is None


def left_open(
    store: DocumentStore, day: date = DAY - timedelta(days=1), left: list[Mapping[str, Any]] = LEFT,
) -> VirtualClock:
    """A report that carries something, closed at 15:55, and its lock; the clock of the evening."""
    evening = clock(15, 55, day=day)
    fields = {"carries": True, "carried": left, "closed_at": evening.now().isoformat()}
    store.commit([Create(REPORTS, day.isoformat(), fields)])
    lock(store, day, left, evening)
    evening.sleep(60)
    return evening


def test_what_is_carried_locks_the_day() -> None:
    """Yesterday left a short: today's plan is REJECTED and says what and what to do; so is the day after."""
    store = prepared()
    left_open(store)
    made = planned(store, clock())
    assert made.status == "REJECTED"
    assert any("-75 NIFTY26AUG25000PE since 2026-08-18" in r.text and "resume" in r.text for r in made.reasons)
    assert carried(store, DAY + timedelta(days=30))


def test_its_own_day_is_not_locked_by_it() -> None:
    """The lock is for the days after: the day's own plan had been made long before."""
    store = prepared()
    left_open(store, DAY)
    assert carried(store, DAY) == ""


def test_entries_are_stopped_until_a_person_resumes() -> None:
    """Also what is planned somehow else starts halted; the resume that lifts the halt unlocks the plan."""
    store = prepared()
    evening = left_open(store)
    control = read_control(store)
    assert control is not None
    (halt,) = control.fields["halts"].values()
    assert (halt["level"], halt["date"]) == (HaltLevel.STOP_ENTRIES.name, None)
    resume(store, ALL, "closed by hand this morning", "me", evening)
    assert planned(store, clock()).status == "READY"
    report = store.get(REPORTS, "2026-08-18")
    assert report is not None
    assert (report.fields["carries"], report.fields["resumed"]) == (False, "closed by hand this morning")


def test_the_answer_outlives_the_memory_of_control() -> None:
    """Control keeps its latest fifty changes: once looked at, an answered lock stays open."""
    store = prepared()
    evening = left_open(store)
    resume(store, ALL, "taken over", "me", evening)
    assert carried(store, DAY) == ""
    for n in range(60):
        evening.sleep(1)
        halt = ControlHalt(ControlSource.SQUARE_OFF, ALL, HaltLevel.FLATTEN, f"day {n}", "scheduler", DAY)
        set_halt(store, halt, evening)
    assert carried(store, DAY + timedelta(days=70)) == ""


def test_what_was_resumed_before_says_nothing() -> None:
    """A resume from before the close did not know what would be left."""
    store = prepared()
    early = clock(9, 0, day=DAY - timedelta(days=1))
    set_halt(store, ControlHalt(ControlSource.PERSON, ALL, HaltLevel.STOP_ENTRIES, "news", "me"), early)
    resume(store, ALL, "over", "me", early)
    left_open(store)
    assert carried(store, DAY)


@pytest.mark.parametrize(("scope", "locked"), [("stock", True), ("options", False), (ALL, False)])
def test_a_resume_of_another_class_is_no_answer(scope: str, locked: bool) -> None:
    """Options were left: a resume of the stocks does not speak of them."""
    store = prepared()
    evening = left_open(store)
    halt = ControlHalt(ControlSource.PERSON, scope, HaltLevel.STOP_ENTRIES, "wait", "me")
    set_halt(store, halt, evening)
    resume(store, scope, "seen", "me", evening)
    assert bool(carried(store, DAY)) == locked


def test_a_spoilt_control_document_unlocks_nothing() -> None:
    """Whatever stands where changes should be, the lock holds."""
    store = MemoryStore()
    fields = {"carries": True, "carried": LEFT, "closed_at": clock().now().isoformat()}
    store.commit([Create(REPORTS, "2026-08-18", fields)])
    spoilt: list[Any] = [{}, "resume", {"did": "resume", "scope": ALL, "at": "soon"}, None, 7]
    store.commit([Create("control", "account", {"sequence": 1, "halts": {}, "history": spoilt})])
    assert carried(store, DAY)


def test_many_positions_are_named_shortly() -> None:
    """The first five by name, the others counted: the reason fits a plan."""
    store = prepared()
    left_open(store, left=[{"asset_class": "stock", "symbol": f"S{n}", "quantity": 1} for n in range(9)])
    assert "1 S4 and 4 more" in carried(store, DAY)
    assert planned(store, clock()).status == "REJECTED"


def test_on_recorded_sessions_it_is_the_steps_own_time(tmp_path: Path) -> None:
    """A replay of any date plans at its 08:45; on a live market, and where no table has the date, now is now."""
    recorded = Application(Settings(home=tmp_path, sessions=(tmp_path / "session.parquet",)))
    assert recorded.step_clock(DAY, "plan_day").now() == clock().now()
    assert too_late(DAY, recorded.step_clock(DAY, "plan_day").now()) == ""
    live = Application(Settings(home=tmp_path))
    assert live.step_clock(DAY, "plan_day") is live.clock
    assert recorded.step_clock(date(2026, 8, 16), "plan_day") is recorded.clock
