"""The person's answer to a live plan, taken once, in one commit with its record; a plan that nobody answers expires."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from common.day.control import record_action
from common.day.live_days import live_days
from common.day.plan import PLANS
from common.day.prepare import EVIDENCE
from common.day.workloads import WORKLOADS, workload_id
from common.market.money import money
from common.planning.approval import Answer, ApprovalRefused, Standing, answered, rejected
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.plan import Plan
from common.planning.shown_plan import approval_cutoff, shown
from common.ports import Clock, Conflict, Document, DocumentStore, Logs, Update

CATEGORY: Final = "approval"
EXAMPLE: Final = (
    '{"action": "approve", "date": "2026-11-20", "plan_hash": "...", "max_loss_paise": 1500000}, with the hash and the '
    'loss that GET shows for that date; "action": "reject" with the same'
)
ACTIONS: Final = ("approve", "reject")


def plan_shown(day: date, store: DocumentStore) -> Mapping[str, Any] | None:
    """What there is to approve or was approved on `day`; None without a plan."""
    document = store.get(PLANS, day.isoformat())
    return shown(Plan.from_fields(document.fields)) if document is not None else None


def parse_answer(body: Mapping[str, Any], by: str) -> Answer:
    """From a request's JSON. Raises ApprovalRefused with an example."""
    plan_hash, loss = body.get("plan_hash"), body.get("max_loss_paise")
    if body.get("action") not in ACTIONS or not isinstance(plan_hash, str) or type(loss) is not int:
        raise ApprovalRefused(f"send {EXAMPLE}")
    return Answer(body["action"] == "approve", plan_hash, loss, by)


@dataclass(frozen=True, slots=True)
class _Change:
    """before, after: the plan as it is stored, and as the answer leaves it."""

    before: Document
    after: Plan


def answer_plan(
    day: date, answer: Answer, store: DocumentStore, clock: Clock, mandate: Mandate,
) -> Mapping[str, Any]:
    """Approve or reject the DRAFT of `day`; what `shown` says of it then. Raises ApprovalRefused, StoreUnavailable.

    The plan, the action in control/account and its log record are one commit: there is no approval without a record.
    """
    made = _judged(day, answer, store, clock, mandate)
    if made.after.to_fields() == made.before.fields:
        return shown(made.after)
    did = f"{'approve' if answer.approve else 'reject'} the plan of {day}"
    reason = f"plan {answer.plan_hash}, maximum loss {money(answer.max_loss_paise)}"

    def writes() -> list[Update]:
        again = _judged(day, answer, store, clock, mandate)
        return [Update(PLANS, day.isoformat(), again.after.to_fields(), again.before.version)]

    record_action(store, clock, did, reason, answer.by, CATEGORY, writes)
    return shown(Plan.from_fields(_stored(day, store).fields))


def expire(day: date, now: datetime, store: DocumentStore, logs: Logs) -> None:
    """Reject a DRAFT of `day` that nobody has approved in time, once, and say so loudly. now: aware."""
    document = store.get(PLANS, day.isoformat())
    plan = Plan.from_fields(document.fields) if document is not None else None
    if document is None or plan is None or plan.status != "DRAFT" or now <= approval_cutoff(plan):
        return
    text = f"not approved by {approval_cutoff(plan):%H:%M}: nothing is traded today"
    try:
        store.commit([Update(PLANS, document.id, rejected(plan, text).to_fields(), document.version)])
    except Conflict:
        return  # answered at this moment, or expired by another
    logs.about(date=day.isoformat(), service=CATEGORY).write(
        "CRITICAL", f"the live plan of {day} was {text}", {"category": CATEGORY}, id=f"{day.isoformat()}-not-approved",
    )


def _judged(day: date, answer: Answer, store: DocumentStore, clock: Clock, mandate: Mandate) -> _Change:
    document, evidence = _stored(day, store), store.get(EVIDENCE, day.isoformat())
    if evidence is None:
        raise ApprovalRefused(f"there is no evidence for {day}: prepare and plan the day first")
    plan = Plan.from_fields(document.fields)
    claimed = any(store.get(WORKLOADS, workload_id(day, one.asset_class)) is not None for one in plan.enabled)
    standing = Standing(clock.now(), claimed, live_days(store, day))
    after = answered(plan, answer, standing, mandate, Evidence.from_fields(evidence.fields))
    return _Change(document, after)


def _stored(day: date, store: DocumentStore) -> Document:
    document = store.get(PLANS, day.isoformat())
    if document is None:
        raise ApprovalRefused(f"there is no plan for {day}: run plan_day first")
    return document
