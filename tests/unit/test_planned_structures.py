"""The structure that a plan shows before anybody approves it: by rule, within the limits, and not to be doctored."""

from pathlib import Path
from typing import Any

import pytest

from common.market.instrument import AssetClass
from common.market.money import money
from common.planning.mandate import Mandate, parse_mandate
from common.planning.plan import ClassPlan, Plan
from common.planning.rule_planner import plan_by_rules
from common.planning.shown_plan import shown as shown_plan
from common.planning.structures import planned_structure
from common.planning.validation import validate_plan
from common.research.figures import rupees
from common.research.report import render_html
from dashboard import words
from dashboard.views.plan import structure_text
from jobs.commands import approve as approve_command
from jobs.commands import plan as plan_command
from tests.unit import planning_case

EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "spreads.toml").read_text(encoding="utf-8")

STEP = 10_000


def mandate(strategy: str = "credit_spread") -> Mandate:
    """The example's with twice its risk, as the chain of these tests has 100 points from strike to strike."""
    text = EXAMPLE.replace('["credit_spread"]', f'["{strategy}"]')
    text = text.replace("risk_per_trade_percent = 1.3", "risk_per_trade_percent = 3")
    return parse_mandate(text.replace("daily_loss_percent = 3", "daily_loss_percent = 8"))


def planned(own: Mandate) -> tuple[Plan, ClassPlan]:
    """By the rules."""
    plan = plan_by_rules(planning_case.evidence(own), own)
    (chosen,) = plan.enabled
    return plan, chosen


def test_a_spread_shows_what_it_may_lose() -> None:
    """Its width less the least credit, for as many lots as the risk per trade allows; margin is the width."""
    own = mandate()
    _, chosen = planned(own)
    shown, limits = chosen.structure, chosen.limits
    assert shown is not None
    assert limits is not None
    evidence = planning_case.evidence(own)
    (lot,) = {c.lot for c in evidence.chains if c.expiry == chosen.options.expiry} if chosen.options else {0}
    sold, bought = (next(leg.strike_paise for leg in shown.legs if leg.side == side) for side in (-1, 1))
    width = sold - bought
    assert width == 2 * STEP
    assert shown.lots >= 1
    assert shown.units == shown.lots * lot
    assert shown.credit_paise == shown.max_profit_paise == width * shown.units // 10
    assert shown.max_loss_paise == (width - width // 10) * shown.units <= limits.risk_per_trade_paise
    assert shown.max_loss_paise + (width - width // 10) * lot > limits.risk_per_trade_paise
    assert shown.margin_paise == width * shown.units
    assert shown.break_evens_paise == (sold - width // 10,)
    assert "least credit" in shown.basis
    assert shown.max_loss_paise <= shown.most_lost_paise == limits.risk_per_trade_paise
    assert shown.margin_paise <= shown.most_margin_paise <= limits.capital_paise


def test_a_fly_shows_four_legs_and_two_break_evens() -> None:
    """Around the last close; where not even one lot fits the limits, that is said, and the figures are one lot's."""
    _, chosen = planned(mandate("iron_fly"))
    shown = chosen.structure
    assert shown is not None
    assert [(leg.kind, leg.side) for leg in shown.legs] == [("PE", 1), ("CE", 1), ("PE", -1), ("CE", -1)]
    centre = shown.legs[2].strike_paise
    assert [abs(leg.strike_paise - centre) for leg in shown.legs] == [4 * STEP, 4 * STEP, 0, 0]
    low, high = shown.break_evens_paise
    assert (low + high) // 2 == centre
    assert shown.lots == 0
    assert shown.units > 0
    assert shown.max_loss_paise > 0


def test_what_sells_nothing_shows_nothing() -> None:
    """A bought option's loss is its premium; wings by delta are known when there are quotes."""
    assert planned(mandate("scalp"))[1].structure is None
    own = mandate("iron_fly")
    evidence, (_, chosen) = planning_case.evidence(own), planned(own)
    assert chosen.options is not None
    assert chosen.limits is not None
    for parameters in ({"wing_by": "delta"}, {"wing_by": "premium"}):
        wanted: dict[str, Any] = {**chosen.parameters, **parameters}
        assert planned_structure("iron_fly", wanted, chosen.options, chosen.limits, evidence) is None


@pytest.mark.parametrize("changed", [{"max_loss_paise": 100}, {"lots": 50}, {"margin_paise": 1}])
def test_a_doctored_structure_is_refused(changed: dict[str, int]) -> None:
    """Whoever made the plan: what a person approves is what the rules say of it."""
    own = mandate()
    plan, chosen = planned(own)
    assert chosen.structure is not None
    false = chosen.model_copy(update={"structure": chosen.structure.model_copy(update=changed)})
    classes = tuple(false if one.asset_class is AssetClass.OPTIONS else one for one in plan.classes)
    problems = validate_plan(plan.model_copy(update={"classes": classes}), own, planning_case.evidence(own))
    (problem,) = problems
    assert problem.startswith("options: structure is not what the strategy")


def test_it_survives_the_store_and_is_on_the_page() -> None:
    """As JSON and back; the report of the day opens with it."""
    plan, chosen = planned(mandate())
    again = Plan.from_fields(plan.to_fields())
    assert again == plan
    assert chosen.structure is not None
    page = render_html({"date": "2026-11-20", "plan": plan.to_fields()})
    assert "Structure: may lose" in page
    assert "not one lot fits" not in page
    too_large, _ = planned(mandate("iron_fly"))
    assert "not one lot fits" in render_html({"date": "2026-11-20", "plan": too_large.to_fields()})


def test_a_credit_that_lets_in_another_lot_can_lose_more_than_the_least(capsys: pytest.CaptureFixture[str]) -> None:
    """So wherever a person reads the one figure he reads the other: no place shows only what is too small."""
    plan, chosen = planned(mandate())
    shown, limits = chosen.structure, chosen.limits
    assert shown is not None
    assert limits is not None
    width, lot = 2 * STEP, shown.units // shown.lots
    lots = shown.lots + 1
    credit = width - limits.risk_per_trade_paise // (lots * lot)
    assert credit > width // 10, "more than the least"
    assert shown.max_loss_paise < (width - credit) * lots * lot <= shown.most_lost_paise
    most = shown.most_lost_paise
    assert f"At expiry one position may lose {words.rupees(most)} at most" in structure_text(shown.to_fields())
    plan_command._print_class(chosen)
    approve_command._print(shown_plan(plan))
    said = capsys.readouterr().out
    assert said.count(f"whatever its credit, one position may lose {money(most)} at most at expiry") == 2
    assert f"whatever its credit at most {rupees(most)}" in render_html({"date": "x", "plan": plan.to_fields()})
