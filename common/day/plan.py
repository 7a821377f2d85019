"""plan_day: from the frozen evidence to one validated plan, written whole."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from common.day.errors import TooEarly
from common.day.prepare import EVIDENCE
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from common.ports import Conflict, Create, DocumentStore

PLANS: Final = "gpt_runner_daily_plan"



def plan_day(day: date, store: DocumentStore, mandate: Mandate) -> Mapping[str, Any]:
    """The plan of `day`: made and stored once, returned as stored ever after. Raises TooEarly."""
    stored = store.get(PLANS, day.isoformat())
    if stored is not None:
        return stored.fields
    document = store.get(EVIDENCE, day.isoformat())
    if document is None:
        raise TooEarly(f"there is no evidence for {day}: run prepare_day first")
    evidence = Evidence.from_fields(document.fields)
    plan = plan_by_rules(evidence, mandate)
    problems = validate_plan(plan, mandate, evidence)
    if problems:
        raise AssertionError(f"the rules made a plan that does not validate: {'; '.join(problems)}")
    fields = plan.to_fields()
    try:
        store.commit([Create(PLANS, day.isoformat(), fields)])
    except Conflict:
        return plan_day(day, store, mandate)
    return fields
