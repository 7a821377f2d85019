"""What a day's plan is held against: the rules, the fixed choice of the mandate, each of its strategies alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from common.market.instrument import AssetClass
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan
from common.planning.rule_planner import class_plan, plan_by_rules, refusal_of
from common.strategies import registry

RULES: Final = "rules"
FIXED: Final = "fixed choice"


@dataclass(frozen=True, slots=True)
class Alternative:
    """classes: what it trades, none for a day without trades. fault: why it cannot be made, else ''."""

    name: str
    classes: tuple[ClassPlan, ...] = ()
    fault: str = ""


def alternatives(evidence: Evidence, mandate: Mandate) -> Iterator[Alternative]:
    """The rules first, then the fixed choice, then each strategy of each enabled class alone, in the mandate's order.

    All trade what the rules pick, at the rules' size, on a day that may be traded at all. Raises ValueError when the
    evidence is of another mandate.
    """
    yield Alternative(RULES, plan_by_rules(evidence, mandate).enabled)
    if refusal_of(evidence, mandate):
        yield Alternative(FIXED)
        return
    fixed = [_alone(a, mandate.of(a).fixed_choice, evidence, mandate) for a in mandate.enabled]
    faults = "; ".join(one.fault for one in fixed if one.fault)
    yield Alternative(FIXED, () if faults else tuple(plan for one in fixed for plan in one.classes), faults)
    for asset_class in mandate.enabled:
        for name in mandate.of(asset_class).strategies:
            yield _alone(asset_class, name, evidence, mandate)


def _alone(asset_class: AssetClass, strategy: str, evidence: Evidence, mandate: Mandate) -> Alternative:
    name = f"{strategy} ({asset_class})"
    try:
        if asset_class not in registry.get(strategy).asset_classes:
            return Alternative(name, fault=f"{strategy} does not trade {asset_class}: change the mandate")
        plan = class_plan(asset_class, evidence, mandate, alone=strategy)
    except (registry.UnknownStrategy, ValueError) as error:
        return Alternative(name, fault=str(error))
    return Alternative(name, (plan,) if plan.enabled else ())
