"""Validation: the rules' plans pass, anything looser than the mandate is caught, the opening gate only reduces."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.market.instrument import AssetClass, Kind
from common.planning.evidence import Evidence
from common.planning.limits import LARGER_IS_LOOSER, SMALLER_IS_LOOSER, ClassLimits
from common.planning.mandate import Mandate
from common.planning.opening_gate import Indication, opening_gate
from common.planning.plan import ClassPlan, OpeningLimits, OptionSelection, Plan, Reason
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import reduction_problems, validate_plan
from tests.unit import planning_case as case

PROPERTY = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def ordinary() -> tuple[Plan, Mandate, Evidence]:
    """A plan that may be used, its mandate and its evidence."""
    evidence, mandate = case.evidence(), case.mandate()
    return plan_by_rules(evidence, mandate), mandate, evidence


def with_class(plan: Plan, asset_class: AssetClass, **changes: Any) -> Plan:
    """The plan with one class changed."""
    classes = [one.model_copy(update=changes) if one.asset_class is asset_class else one for one in plan.classes]
    return plan.model_copy(update={"classes": tuple(classes)})


def of(plan: Plan, asset_class: AssetClass) -> ClassPlan:
    """One class of the plan."""
    found = plan.of(asset_class)
    assert found is not None
    return found


def with_options(plan: Plan, **changes: Any) -> Plan:
    """The plan with another selection of options."""
    return with_class(plan, AssetClass.OPTIONS, options=SELECTION.model_copy(update=changes))


def citing(path: str, value: float) -> tuple[Reason, ...]:
    """One reason with one number."""
    return (Reason(text="x", numbers={path: value}),)


def limits_of(one: ClassPlan) -> ClassLimits:
    """Of an enabled class."""
    assert one.limits is not None
    return one.limits


@PROPERTY
@given(made=case.cases())
def test_the_rules_never_leave_the_mandate(made: tuple[Evidence, Mandate]) -> None:
    """For any evidence and mandate the rule planner's plan has no problem."""
    evidence, mandate = made
    assert validate_plan(plan_by_rules(evidence, mandate), mandate, evidence) == []


def _looser(limits: ClassLimits, name: str) -> ClassLimits:
    value = getattr(limits, name)
    if isinstance(value, str):
        return limits.model_copy(update={name: "23:59" if name in LARGER_IS_LOOSER else "00:00"})
    return limits.model_copy(update={name: value + 1 if name in LARGER_IS_LOOSER else value - 1})


def test_every_limit_has_a_direction() -> None:
    """A limit that is added later cannot be forgotten by validation."""
    assert set(LARGER_IS_LOOSER) | set(SMALLER_IS_LOOSER) == set(ClassLimits.model_fields)
    assert not set(LARGER_IS_LOOSER) & set(SMALLER_IS_LOOSER)


@pytest.mark.parametrize("asset_class", AssetClass)
@pytest.mark.parametrize("name", ClassLimits.model_fields)
def test_one_notch_looser_is_caught_and_tighter_is_not(asset_class: AssetClass, name: str) -> None:
    """One paisa, one trade, one minute more than the mandate is a problem that names class and limit."""
    plan, mandate, evidence = ordinary()
    limits = limits_of(of(plan, asset_class))
    if not (name == "margin_percent" and limits.margin_percent == 1):
        loosened = with_class(plan, asset_class, limits=_looser(limits, name))
        problems = validate_plan(loosened, mandate, evidence)
        assert any(p.startswith(f"{asset_class.value}: {name} ") for p in problems)
    tight = limits.model_copy(update={"risk_per_trade_paise": 1, "max_trades": 1, "entry_cutoff": "10:00"})
    assert validate_plan(with_class(plan, asset_class, limits=tight), mandate, evidence) == []


@PROPERTY
@given(made=case.cases(), data=st.data())
def test_loosening_any_limit_of_any_plan_is_caught(made: tuple[Evidence, Mandate], data: st.DataObject) -> None:
    """Whatever the day, whichever class and limit."""
    evidence, mandate = made
    plan = plan_by_rules(evidence, mandate)
    if not plan.enabled:
        return
    one = data.draw(st.sampled_from(plan.enabled))
    name = data.draw(st.sampled_from([n for n in LARGER_IS_LOOSER if n not in ("entry_cutoff", "square_off")]))
    loosened = with_class(plan, one.asset_class, limits=_looser(limits_of(one), name))
    assert any(name in problem for problem in validate_plan(loosened, mandate, evidence))


STOCK, FUTURES, OPTIONS = AssetClass.STOCK, AssetClass.FUTURES, AssetClass.OPTIONS
SELECTION = OptionSelection(underlying="NIFTY", signal_symbol=case.FUTURE, expiry=case.WEEKLY, strikes_each_side=5)
DEFECTS: list[tuple[Callable[[Plan], Plan], str]] = [
    (lambda p: p.model_copy(update={"date": date(2026, 8, 20)}), "is not the evidence's"),
    (lambda p: p.model_copy(update={"mandate_hash": "0" * 64}), "mandate_hash"),
    (lambda p: p.model_copy(update={"evidence_hash": "0" * 64}), "evidence_hash"),
    (lambda p: p.model_copy(update={"mode": "live"}), "the mandate says paper"),
    (lambda p: p.model_copy(update={"status": "REJECTED"}), "status is REJECTED with 3"),
    (lambda p: p.model_copy(update={"classes": ()}), "status is READY with 0"),
    (lambda p: p.model_copy(update={"classes": (*p.classes, p.classes[0])}), "planned twice"),
    (lambda p: p.model_copy(update={"opening": OpeningLimits(
        max_symbol_gap_percent=5, halve_at_index_gap_percent=1)}), "opening.max_symbol_gap_percent 5.0 > 4.0"),
    (lambda p: p.model_copy(update={"opening": OpeningLimits(
        max_symbol_gap_percent=4, halve_at_index_gap_percent=1, index_symbol="DAX")}), "index_symbol DAX"),
    (lambda p: with_class(p, STOCK, strategy="ema_cross", parameters={}), "is not among the mandate's"),
    (lambda p: with_class(p, STOCK, strategy="nonsense", parameters={}), "no strategy 'nonsense'"),
    (lambda p: with_class(p, STOCK, strategy="scalp", parameters={}), "does not trade this asset class"),
    (lambda p: with_class(p, STOCK, parameters={"stop_atr": 5000}), "stop_atr"),
    (lambda p: with_class(p, STOCK, parameters={"bribe": 1}), "bribe"),
    (lambda p: with_class(p, STOCK, universe=("SBIN", "ENRON")), "ENRON is not among today's instruments"),
    (lambda p: with_class(p, STOCK, universe=("SBIN", "SBIN")), "universe"),
    (lambda p: with_class(p, FUTURES, universe=("SBIN",)), "SBIN is not among"),
    (lambda p: with_class(p, FUTURES, universe=(case.FUTURE, "NIFTY26SEPFUT")), "more than 1"),
    (lambda p: with_class(p, OPTIONS, universe=("NIFTY 50",)), "NIFTY 50 is not among"),
    (lambda p: with_options(p, underlying="SBIN"), "is not one that the mandate admits"),
    (lambda p: with_options(p, underlying="SBIN"), "settles in shares"),
    (lambda p: with_class(p, FUTURES, banned=("SBIN",)), "banned is not the evidence's list"),
    (lambda p: with_options(p, expiry=date(2026, 9, 1)), "no NIFTY chain"),
    (lambda p: with_options(p, strikes_each_side=6), "strikes_each_side"),
    (lambda p: with_class(p, OPTIONS, parameters={"underlying": "BANKNIFTY"}), "parameter underlying"),
    (lambda p: with_class(p, STOCK, reasons=citing("regime.mood", 1.0)), "not in the evidence"),
    (lambda p: with_class(p, STOCK, reasons=citing("regime.efficiency", 0.21)), "evidence says 0.2"),
    (lambda p: p.model_copy(update={"reasons": citing("luck", 1.0)}), "plan: reason cites luck"),
]


@pytest.mark.parametrize(("defect", "problem"), DEFECTS, ids=[text for _, text in DEFECTS])
def test_a_defect_is_found(defect: Callable[[Plan], Plan], problem: str) -> None:
    """Each way of leaving mandate, allow-list, bounds or evidence has its message."""
    plan, mandate, evidence = ordinary()
    assert any(problem in text for text in validate_plan(defect(plan), mandate, evidence))


def test_a_class_that_the_person_switched_off_stays_off() -> None:
    """A plan of yesterday's mandate does not bring futures back."""
    plan, _, _ = ordinary()
    off = case.mandate("[futures]\nenabled = false")
    problems = validate_plan(plan, off, case.evidence(off))
    assert "futures: the mandate does not enable it" in problems


def test_shares_of_the_account_are_summed() -> None:
    """Three classes within their own limits at a rate that together exceeds the broker's, caught as a sum."""
    plan, mandate, evidence = ordinary()
    whole = mandate.capital_paise
    for one in plan.classes:
        plan = with_class(plan, one.asset_class, limits=limits_of(one).model_copy(update={
            "capital_paise": whole, "loss_paise": mandate.daily_loss_paise, "order_rate_per_second": 3.0,
        }))
    problems = "\n".join(validate_plan(plan, mandate, evidence))
    for name in ("capital_paise add to", "loss_paise add to", "orders a second add to"):
        assert name in problems


def test_a_later_chain_without_puts_is_no_alternative_to_the_last_one() -> None:
    """Found by the property above: the planner and the check must agree on which chains can be traded."""
    holed = [one for one in case.instruments() if not (one.expiry == case.MONTHLY and one.kind is Kind.PUT)]
    mandate, evidence = case.mandate(), case.evidence(listed=holed, past={}, day=case.WEEKLY)
    plan = plan_by_rules(evidence, mandate)
    assert validate_plan(plan, mandate, evidence) == []
    chosen = of(plan, OPTIONS).options
    assert chosen is not None
    assert chosen.expiry == case.WEEKLY
    incomplete = with_options(plan, expiry=case.MONTHLY, signal_symbol="NIFTY26SEPFUT")
    assert any("no NIFTY chain" in text for text in validate_plan(incomplete, mandate, evidence))


def test_full_size_on_a_careful_day_is_caught() -> None:
    """A planner that ignores what is missing is held to half size; limits must agree with the size."""
    mandate, evidence = case.mandate(), case.evidence(past={})
    plan = plan_by_rules(evidence, mandate)
    full = limits_of(of(ordinary()[0], STOCK))
    bold = validate_plan(with_class(plan, STOCK, size=1.0, limits=full), mandate, evidence)
    assert any("size 1.0 must be at most 0.5" in text for text in bold)
    sly = validate_plan(with_class(plan, STOCK, limits=full), mandate, evidence)
    assert any("at size 0.5" in text for text in sly)


def test_a_red_gate_allows_no_plan_but_rejected() -> None:
    """Classes enabled behind a red gate are caught whatever the status says."""
    plan, mandate, _ = ordinary()
    red = case.evidence(day=date(2026, 8, 15), past={})
    assert any("the day may not be traded" in text for text in validate_plan(plan, mandate, red))


def test_live_needs_live_green_and_approval() -> None:
    """READY and live at once is not for a planner to say."""
    limits = case.mandate("mode = 'live'")
    green, amber = case.evidence(limits), case.evidence(limits, past={})
    plan = plan_by_rules(green, limits)
    assert validate_plan(plan, limits, green) == []
    ready = plan.model_copy(update={"status": "READY"})
    assert any("until the person has approved" in text for text in validate_plan(ready, limits, green))
    eager = plan_by_rules(amber, limits).model_copy(update={"mode": "live"})
    assert any("the gate is amber" in text for text in validate_plan(eager, limits, amber))


def gaps(**percent: float) -> dict[str, Indication]:
    """Pre-open prices that gap by so many per cent; NIFTY stands for the index and the future."""
    found = {
        name: Indication(price_paise=round(100_000 * (1 + gap / 100)), previous_close_paise=100_000)
        for name, gap in percent.items()
    }
    if "NIFTY" in found:
        found |= {"NIFTY 50": found["NIFTY"], case.FUTURE: found["NIFTY"]}
    return found


QUIET = {"AXISBANK": 0.1, "INFY": 0.2, "SBIN": -0.3, "TCS": 0.0}


def test_a_quiet_opening_changes_nothing() -> None:
    """All gaps known and small: the plan as it was."""
    plan = ordinary()[0]
    assert opening_gate(plan, gaps(**QUIET, NIFTY=0.4)) == plan


def test_a_stock_that_gaps_is_dropped_and_the_index_halves() -> None:
    """News drops the stock; a market gap halves every class once."""
    plan = ordinary()[0]
    after = opening_gate(plan, gaps(**(QUIET | {"SBIN": -4.1}), NIFTY=0.4))
    assert of(after, STOCK).universe == ("AXISBANK", "INFY", "TCS")
    assert of(after, STOCK).reasons[-1].numbers == {"pre_open.SBIN.gap_percent": -4.1}
    assert of(after, FUTURES) == of(plan, FUTURES)
    halved = opening_gate(plan, gaps(**QUIET, NIFTY=-1.1))
    for one in halved.classes:
        assert one.size == 0.5
        assert limits_of(one).risk_per_trade_paise * 2 == limits_of(of(plan, one.asset_class)).risk_per_trade_paise


def test_unknown_gaps_mean_half_size_at_most() -> None:
    """No pre-open prices: half size; a plan that is at half size already is not halved again for it."""
    plan = ordinary()[0]
    assert {one.size for one in opening_gate(plan, {}).classes} == {0.5}
    careful = plan_by_rules(case.evidence(past={}), case.mandate())
    assert opening_gate(careful, {}) == careful
    assert {one.size for one in opening_gate(careful, gaps(**QUIET, NIFTY=2.0)).classes} == {0.25}


def test_a_class_whose_stocks_all_gap_is_switched_off() -> None:
    """And with it the plan, when it was the only one."""
    limits = case.mandate("[futures]\nenabled = false\n[options]\nenabled = false")
    plan = plan_by_rules(case.evidence(limits), limits)
    after = opening_gate(plan, gaps(**dict.fromkeys(QUIET, 9.0)))
    assert (after.status, after.enabled) == ("REJECTED", ())
    assert "dropped for their gaps" in of(after, STOCK).reasons[-1].text


@PROPERTY
@given(made=case.cases(), data=st.data())
def test_the_opening_gate_only_reduces(made: tuple[Evidence, Mandate], data: st.DataObject) -> None:
    """Whatever opens where, nothing grows, and what is left still fits the mandate."""
    evidence, mandate = made
    plan = plan_by_rules(evidence, mandate)
    names = sorted({s for one in plan.enabled for s in one.universe} | {"NIFTY 50"})
    prices = st.integers(0, 300_000)
    quotes = st.builds(Indication, price_paise=prices, previous_close_paise=prices)
    after = opening_gate(plan, data.draw(st.dictionaries(st.sampled_from(names), quotes)))
    assert reduction_problems(plan, after) == []
    assert [p for p in validate_plan(after, mandate, evidence) if "pre_open" not in p] == []


@pytest.mark.parametrize("change", [
    lambda p: p.model_copy(update={"mode": "live"}),
    lambda p: p.model_copy(update={"status": "DRAFT"}),
    lambda p: p.model_copy(update={"classes": p.classes[:1]}),
    lambda p: with_class(p, STOCK, universe=("SBIN", "NEW")),
    lambda p: with_class(p, STOCK, strategy="ema_cross"),
    lambda p: with_class(p, STOCK, parameters={}),
    lambda p: with_class(p, STOCK, limits=_looser(limits_of(of(p, STOCK)), "loss_paise")),
    lambda p: with_options(p, strikes_each_side=6),
], ids=["mode", "status", "classes", "universe", "strategy", "parameters", "limits", "options"])
def test_growth_is_not_a_reduction(change: Callable[[Plan], Plan]) -> None:
    """The check behind the property above can fail."""
    plan = ordinary()[0]
    assert reduction_problems(plan, change(plan))
