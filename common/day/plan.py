"""plan_day: from the frozen evidence to one validated plan, written whole; a late one trades nothing."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from common.day.carried import carried
from common.day.errors import TooEarly
from common.day.live_days import live_days
from common.day.prepare import EVIDENCE
from common.market.calendar import session_on, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.approval import first_days
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from common.ports import Clock, Conflict, Create, DocumentStore

PLANS: Final = "gpt_runner_daily_plan"


def plan_day(day: date, store: DocumentStore, mandate: Mandate, clock: Clock) -> Mapping[str, Any]:
    """The plan of `day`: made and stored once, returned as stored ever after. Raises TooEarly.

    REJECTED when it comes too late, and while a position of an earlier day is carried.
    """
    stored = store.get(PLANS, day.isoformat())
    if stored is not None:
        return stored.fields
    document = store.get(EVIDENCE, day.isoformat())
    if document is None:
        raise TooEarly(f"there is no evidence for {day}: run prepare_day first")
    evidence = Evidence.from_fields(document.fields)
    refusal = too_late(day, clock.now()) or carried(store, day)
    plan = first_days(plan_by_rules(evidence, mandate, refusal=refusal), evidence, live_days(store, day))
    problems = validate_plan(plan, mandate, evidence)
    if problems:
        raise AssertionError(f"the rules made a plan that does not validate: {'; '.join(problems)}")
    fields = plan.to_fields()
    try:
        store.commit([Create(PLANS, day.isoformat(), fields)])
    except Conflict:
        return plan_day(day, store, mandate, clock)
    return fields


def too_late(day: date, now: datetime) -> str:
    """Why a plan made at `now` (aware) may not trade, '' while it may or where the exchange is closed anyway.

    A person may log in late, and preparing and planning then take as long as they have in the morning: until then a
    plan is in time, and until entries begin, but not after entries have ended.
    """
    if session_on(day) is None:
        return ""
    times = session_times(day, AssetClass.STOCK)
    after_login = times.steps["login_until"] + times.steps["plan_day"] - times.steps["prepare_day"]
    last = at(min(times.entry_cutoff, max(times.entry_from, after_login)))
    if now <= last:
        return ""
    return f"late: planned at {now.astimezone(last.tzinfo):%Y-%m-%d %H:%M:%S}, the last moment was {last:%H:%M:%S}"
