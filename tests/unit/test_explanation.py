"""What the rules considered: everything that the mandate offers, named with why and numbers of the evidence."""

from hypothesis import given, settings

from common.planning.alternatives import FIXED, RULES, alternatives
from common.planning.evidence import Evidence
from common.planning.explanation import considered
from common.planning.mandate import Mandate
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from tests.unit.planning_case import cases, evidence, mandate


def test_each_strategy_of_the_mandate_is_considered() -> None:
    """What was taken comes first; the others say why not."""
    facts, limits = evidence(), mandate()
    plan = plan_by_rules(facts, limits)
    found = considered(plan, facts, limits)
    for one in plan.enabled:
        strategies = [each for each in found if (each.asset_class, each.kind) == (one.asset_class, "strategy")]
        assert sorted(each.name for each in strategies) == sorted(limits.of(one.asset_class).strategies)
        assert [each.name for each in strategies if each.chosen] == [one.strategy] == [strategies[0].name]
    symbols = {each.name for each in found if each.kind == "symbol" and each.chosen}
    assert symbols == {symbol for one in plan.enabled if one.options is None for symbol in one.universe}
    (expiry,) = [each for each in found if each.kind == "expiry" and each.chosen]
    assert expiry.numbers["chains.NIFTY.2026-08-25.days_to_expiry"] == 6
    assert [each.why for each in found if each.kind == "expiry" and not each.chosen] == ["is not the nearest one"]


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_any_plan_is_explained_by_the_evidence(case: tuple[Evidence, Mandate]) -> None:
    """Each number is the evidence's; each row says why; the alternatives keep to the mandate as the plan does."""
    facts, limits = case
    plan = plan_by_rules(facts, limits)
    for one in considered(plan, facts, limits):
        assert one.why
        assert all(facts.numbers[path] == value for path, value in one.numbers.items())
    found = list(alternatives(facts, limits))
    assert [one.name for one in found[:2]] == [RULES, FIXED]
    assert found[0].classes == plan.enabled
    for alternative in found:
        for own in alternative.classes:
            classes = tuple(own if each.asset_class is own.asset_class else each for each in plan.classes)
            held = plan.model_copy(update={"classes": classes, "status": "DRAFT" if plan.mode == "live" else "READY"})
            problems = [text for text in validate_plan(held, limits, facts) if "is not among the mandate's" not in text]
            assert not problems, "a fixed choice may be a strategy that the mandate does not list, and nothing more"
