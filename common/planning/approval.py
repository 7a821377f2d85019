"""Whether a live plan may trade: what the person answers to what he was shown, and how little the first days may do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from common.market.money import Paise, money
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.plan import Approval, ClassPlan, Plan, Reason
from common.planning.shown_plan import approval_cutoff
from common.planning.structures import planned_structure
from common.planning.validation import validate_plan

LIVE_DAYS: Final = 10
"""Live days at one lot, before a plan may trade what its limits allow."""
MAX_BY: Final = 100


class ApprovalRefused(ValueError):
    """The plan is not approved, or not rejected, and why; what to do is in the text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The person's. plan_hash, max_loss_paise: of the plan as it was shown. by: who says so, for the record."""

    approve: bool
    plan_hash: str
    max_loss_paise: Paise
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What an answer is judged by. now: aware. claimed: a workload has begun. live_days: traded live before, closed."""

    now: datetime
    claimed: bool
    live_days: int


def answered(plan: Plan, answer: Answer, standing: Standing, mandate: Mandate, evidence: Evidence) -> Plan:
    """The plan as the answer leaves it: READY or REJECTED. Raises ApprovalRefused.

    An approval that was given already is given again without a change.
    """
    given = plan.approval
    if answer.approve and given is not None and given.plan_hash == answer.plan_hash:
        return plan
    if plan.status != "DRAFT":
        raise ApprovalRefused(f"the plan for {plan.date} is {plan.status}: only a DRAFT is approved or rejected")
    if (answer.plan_hash, answer.max_loss_paise) != (plan.hash, plan.max_loss_paise):
        raise ApprovalRefused(
            f"the plan for {plan.date} is not the one that you saw: it is {plan.hash[:12]} with a maximum loss of "
            f"{money(plan.max_loss_paise)}. Look at it again with `tron approve`"
        )
    if standing.claimed:
        raise ApprovalRefused(f"a workload has begun on the plan for {plan.date}: halt it instead, with `tron halt`")
    if not answer.approve:
        return rejected(plan, f"rejected by {answer.by}")
    cutoff = approval_cutoff(plan)
    if standing.now > cutoff:
        raise ApprovalRefused(f"it is after {cutoff:%H:%M}: the plan for {plan.date} can no longer be approved")
    problems = validate_plan(plan, mandate, evidence) + _too_large(plan, standing.live_days)
    if problems:
        raise ApprovalRefused(f"the plan for {plan.date} may not be traded as it is: {'; '.join(problems[:5])}")
    approval = Approval(
        by=answer.by[:MAX_BY], at=standing.now.isoformat(), plan_hash=plan.hash, max_loss_paise=plan.max_loss_paise,
    )
    return plan.model_copy(update={"status": "READY", "approval": approval})


def rejected(plan: Plan, why: str) -> Plan:
    """Not to be traded; what it would have been stays to be read."""
    return plan.model_copy(update={"status": "REJECTED", "reasons": (*plan.reasons, Reason(text=why))})


def first_days(plan: Plan, evidence: Evidence, live_days: int) -> Plan:
    """A live plan at one lot, while fewer than LIVE_DAYS days have been traded live."""
    if plan.mode != "live" or live_days >= LIVE_DAYS:
        return plan
    text = f"live day {live_days + 1} of the first {LIVE_DAYS}: one lot of each"
    classes = tuple(_one_lot(one, evidence) for one in plan.classes)
    return plan.model_copy(update={"classes": classes, "reasons": (*plan.reasons, Reason(text=text))})


def _one_lot(one: ClassPlan, evidence: Evidence) -> ClassPlan:
    if one.limits is None:
        return one
    limits = one.limits.model_copy(update={"max_lots": 1})
    structure = one.structure
    if one.options is not None:
        structure = planned_structure(one.strategy, dict(one.parameters), one.options, limits, evidence)
    return one.model_copy(update={"limits": limits, "structure": structure})


def _too_large(plan: Plan, live_days: int) -> list[str]:
    if live_days >= LIVE_DAYS:
        return []
    return [
        f"{one.asset_class.value}: more than one lot on one of the first {LIVE_DAYS} live days"
        for one in plan.enabled if one.limits is not None and one.limits.max_lots > 1
    ]
