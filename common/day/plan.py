"""plan_day: from the frozen evidence to one validated plan, written whole; a late one trades nothing."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from common.day.authority import authority_over
from common.day.carried import carried
from common.day.errors import TooEarly
from common.day.live_days import live_days
from common.day.model_plan import ModelPorts, plan_by_model
from common.day.prepare import EVIDENCE
from common.market.calendar import session_on, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.answered_plan import Frame
from common.planning.approval import first_days
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.plan import MAX_TEXT, Plan
from common.planning.prompt import prompt_hash
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from common.ports import Clock, Conflict, Create, DocumentStore

PLANS: Final = "gpt_runner_daily_plan"
SPARE_SECONDS: Final = 10.0
"""Kept of the time until a plan is late, for what comes after the answers."""


def plan_day(
    day: date, store: DocumentStore, mandate: Mandate, clock: Clock, model: ModelPorts | None = None,
) -> Mapping[str, Any]:
    """The plan of `day`: made and stored once, returned as stored ever after. Raises TooEarly.

    REJECTED when it comes too late, and while a position of an earlier day is carried. model: None for the rules alone.
    """
    stored = store.get(PLANS, day.isoformat())
    if stored is not None:
        return stored.fields
    document = store.get(EVIDENCE, day.isoformat())
    if document is None:
        raise TooEarly(f"there is no evidence for {day}: run prepare_day first")
    evidence = Evidence.from_fields(document.fields)
    refusal = too_late(day, clock.now()) or carried(store, day)
    plan = plan_by_rules(evidence, mandate, refusal=refusal)
    if model is not None and plan.enabled:
        plan = _asked(plan, evidence, mandate, clock, model)
    plan = first_days(plan, evidence, live_days(store, day))
    problems = validate_plan(plan, mandate, evidence)
    if problems:
        raise AssertionError(f"a plan was made that does not validate: {'; '.join(problems)}")
    fields = plan.to_fields()
    try:
        store.commit([Create(PLANS, day.isoformat(), fields)])
    except Conflict:
        return plan_day(day, store, mandate, clock, model)
    return fields


def _asked(rules: Plan, evidence: Evidence, mandate: Mandate, clock: Clock, model: ModelPorts) -> Plan:
    """The model's plan or the rules'; REJECTED where the answers took until it was too late."""
    seconds = (last_moment(evidence.date) - clock.now()).total_seconds() - SPARE_SECONDS
    plan = asked_plan(rules, evidence, mandate, model, seconds)
    refusal = too_late(evidence.date, clock.now())
    if not refusal:
        return plan
    # What it cost stays on record; what is not traded because it is late is no choice of the model's.
    record = plan.planner.model_copy(update={"kind": "rules", "fallback_reason": refusal[:MAX_TEXT]})
    return plan_by_rules(evidence, mandate, refusal=refusal).model_copy(update={"planner": record})


def asked_plan(rules: Plan, evidence: Evidence, mandate: Mandate, model: ModelPorts, seconds: float) -> Plan:
    """What the model makes of the rules' plan, as far as it may; the rules' with the reason where it makes nothing."""
    may = authority_over(rules.mode, model.store, model.model, prompt_hash())
    return plan_by_model(Frame(rules, evidence, mandate, may), model, seconds)


def last_moment(day: date) -> datetime:
    """Until when a plan of a trading day may be made."""
    times = session_times(day, AssetClass.STOCK)
    after_login = times.steps["login_until"] + times.steps["plan_day"] - times.steps["prepare_day"]
    return at(min(times.entry_cutoff, max(times.entry_from, after_login)))


def too_late(day: date, now: datetime) -> str:
    """Why a plan made at `now` (aware) may not trade, '' while it may or where the exchange is closed anyway.

    A person may log in late, and preparing and planning then take as long as they have in the morning: until then a
    plan is in time, and until entries begin, but not after entries have ended.
    """
    if session_on(day) is None:
        return ""
    last = last_moment(day)
    if now <= last:
        return ""
    return f"late: planned at {now.astimezone(last.tzinfo):%Y-%m-%d %H:%M:%S}, the last moment was {last:%H:%M:%S}"
