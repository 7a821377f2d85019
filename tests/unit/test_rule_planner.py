"""The rule planner: careful where little is known, explained, the same every time."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.evidence import Evidence, build_evidence
from common.planning.mandate import Mandate
from common.planning.notices import parse_notices
from common.planning.plan import ClassPlan, Plan
from common.planning.rule_planner import ADJUSTMENTS, PREFERENCES, plan_by_rules
from common.planning.session_facts import session_facts
from common.planning.validation import validate_plan
from common.research.workload import open_session
from common.strategies import registry
from tests.unit import planning_case as case


def part(plan: Plan, asset_class: AssetClass) -> ClassPlan:
    """One class of the plan."""
    found = plan.of(asset_class)
    assert found is not None
    return found


def texts(one: ClassPlan | Plan) -> str:
    """All reasons in one."""
    return "\n".join(reason.text for reason in one.reasons)


def plan_of(evidence: Evidence, mandate: Mandate | None = None) -> Plan:
    """By the default mandate."""
    return plan_by_rules(evidence, mandate or case.mandate())


def test_an_ordinary_day_trades_three_classes_at_full_size() -> None:
    """Stocks by VWAP in a range, the nearest future, the nearest chain."""
    plan = plan_of(case.evidence())
    assert (plan.status, plan.mode) == ("READY", "paper")
    stock, futures, options = (part(plan, a) for a in (AssetClass.STOCK, AssetClass.FUTURES, AssetClass.OPTIONS))
    assert (stock.strategy, stock.universe, stock.size) == ("vwap", case.STOCKS, 1.0)
    assert (futures.strategy, futures.universe, futures.size) == ("trend", (case.FUTURE,), 1.0)
    assert (options.strategy, options.universe, options.size) == ("scalp", (case.FUTURE,), 1.0)
    assert options.options is not None
    assert (options.options.underlying, options.options.expiry) == ("NIFTY", case.WEEKLY)
    assert options.parameters["underlying"] == "NIFTY"


@pytest.mark.parametrize(("changes", "strategy", "size"), [
    ({"efficiency": 0.5}, "opening_range_breakout", 1.0), ({"efficiency": 0.1}, "vwap", 1.0),
])
def test_the_regime_picks_the_strategy(changes: dict[str, float], strategy: str, size: float) -> None:
    """Breakouts where moves go through, VWAP where they come back."""
    stock = part(plan_of(case.evidence(past=case.history(**changes))), AssetClass.STOCK)
    assert (stock.strategy, stock.size) == (strategy, size)


def test_a_volatile_market_halves_every_size() -> None:
    """The last session at three times the usual volatility."""
    past = case.history()
    past["NIFTY 50"][-1] = past["NIFTY 50"][-1].model_copy(update={"volatility_percent": 3.0})
    plan, usual = plan_of(case.evidence(past=past)), plan_of(case.evidence())
    assert part(plan, AssetClass.STOCK).strategy == "opening_range_breakout"
    for one in plan.classes:
        full = part(usual, one.asset_class).limits
        assert one.limits is not None
        assert full is not None
        assert one.size == 0.5
        assert one.limits.risk_per_trade_paise * 2 == full.risk_per_trade_paise
        assert "half size: the market is volatile" in texts(one)


def test_without_any_history_the_plan_is_careful_but_there() -> None:
    """A first day: instruments alone give half size in all three classes, and say why."""
    plan = plan_of(case.evidence(past={}))
    assert plan.status == "READY"
    for one in plan.classes:
        assert (one.enabled, one.size) == (True, 0.5)
        assert "no history for" in texts(one)


def test_the_liveliest_stocks_are_taken() -> None:
    """Turnover times range decides; a share that costs more than an order may be worth is passed over."""
    past = case.history()
    past["TCS"] = case.sessions("TCS", turnover_paise=10**15)
    past["INFY"] = case.sessions("INFY", turnover_paise=10**14)
    dear = 2 * 10**7
    past["SBIN"] = case.sessions("SBIN", open=dear, high=dear, low=10**7, close=dear, turnover_paise=10**16)
    limits = case.mandate("[stock]\nmax_symbols = 2")
    stock = part(plan_of(case.evidence(limits, past), limits), AssetClass.STOCK)
    assert stock.universe == ("TCS", "INFY")
    assert stock.reasons[0].numbers["symbols.TCS.median_turnover_paise"] == 10**15


def test_only_the_allow_list_is_traded() -> None:
    """Names restrict stocks; an underlying that is not there switches the class off with a reason."""
    limits = case.mandate("[stock]\nuniverse = ['SBIN', 'ABSENT']\n[futures]\nuniverse = ['BANKNIFTY']")
    plan = plan_of(case.evidence(limits), limits)
    assert part(plan, AssetClass.STOCK).universe == ("SBIN",)
    assert not part(plan, AssetClass.FUTURES).enabled
    assert "no future of the mandate's universe" in texts(part(plan, AssetClass.FUTURES))


def test_stock_futures_are_not_traded_even_by_name() -> None:
    """They settle in shares, and the day's ban list is not known."""
    limits = case.mandate("[futures]\nuniverse = ['SBIN']")
    listed = [*case.instruments(), Instrument("SBIN26AUGFUT", "NFO", Kind.FUTURE, 5, 750, 0, "SBIN", case.WEEKLY)]
    futures = part(plan_of(case.evidence(limits, listed=listed), limits), AssetClass.FUTURES)
    assert not futures.enabled
    assert "settles in shares" in texts(futures)


@pytest.mark.parametrize(("banned", "expiry", "why"), [
    ("symbol\n", case.MONTHLY, ""), ("symbol\nSBIN\n", case.MONTHLY, "SBIN is on today's ban list"),
    ("symbol\n", case.WEEKLY, "settles in shares on 2026-08-25: no entries after"),
])
def test_a_stock_future_is_traded_with_a_ban_list_that_lacks_it(banned: str, expiry: date, why: str) -> None:
    """Far enough from its expiry; the plan carries the list to its workload, and validation agrees."""
    limits = case.mandate("[futures]\nuniverse = ['SBIN']")
    listed = [*case.instruments(), Instrument("SBINFUT", "NFO", Kind.FUTURE, 5, 750, 0, "SBIN", expiry, 0, 7500)]
    evidence = build_evidence(
        case.DAY, session_facts(case.DAY), case.history(), listed, limits, notices=parse_notices({"ban": banned}),
    )
    plan = plan_of(evidence, limits)
    futures = part(plan, AssetClass.FUTURES)
    assert futures.enabled is not bool(why)
    assert why in texts(futures)
    assert validate_plan(plan, limits, evidence) == []
    if not why:
        assert (futures.universe, futures.banned) == (("SBINFUT",), ())
        assert open_session(case.DAY, futures, listed).slots["SBINFUT"].blocked == ""


def test_a_future_whose_lot_is_too_large_is_not_planned() -> None:
    """Rather a class switched off with the numbers than a workload that never can trade."""
    limits = case.mandate("[futures]\nmax_order_value_rupees = 2_00_000")
    futures = part(plan_of(case.evidence(limits), limits), AssetClass.FUTURES)
    assert not futures.enabled
    assert futures.reasons[0].numbers == {
        f"futures.{case.FUTURE}.lot": 65, f"symbols.{case.FUTURE}.previous_close_paise": 2_500_000,
    }


def test_expiry_day_goes_to_the_next_contract() -> None:
    """On the last day the next future and the next chain are taken; with no later chain, the last one."""
    plan = plan_of(case.evidence(past={}, day=case.WEEKLY))
    options = part(plan, AssetClass.OPTIONS).options
    assert part(plan, AssetClass.FUTURES).universe == ("NIFTY26SEPFUT",)
    assert options is not None
    assert options.expiry == case.MONTHLY
    only = [one for one in case.instruments() if one.expiry != case.MONTHLY]
    options = part(plan_of(case.evidence(past={}, listed=only, day=case.WEEKLY)), AssetClass.OPTIONS).options
    assert options is not None
    assert options.expiry == case.WEEKLY


@pytest.mark.parametrize(("day", "reason"), [
    (date(2026, 8, 15), "closed"), (date(2024, 3, 2), "special session"),
])
def test_days_that_are_not_traded_are_rejected(day: date, reason: str) -> None:
    """A holiday, and a Saturday's drill that the mandate does not want."""
    plan = plan_of(case.evidence(past={}, day=day))
    assert (plan.status, plan.enabled) == ("REJECTED", ())
    assert reason in texts(plan)


def test_a_special_session_is_traded_at_half_size_when_wanted() -> None:
    """The person may want Saturdays; they are still unlike other days."""
    limits = case.mandate("trade_special_sessions = true")
    plan = plan_of(case.evidence(limits, past={}, day=date(2024, 3, 2)), limits)
    assert plan.status == "READY"
    assert {one.size for one in plan.enabled} == {0.5}


def test_nothing_to_trade_is_rejected() -> None:
    """An empty dump; and all classes switched off by the person."""
    assert plan_of(case.evidence(listed=[])).status == "REJECTED"
    off = case.mandate("\n".join(f"[{name}]\nenabled = false" for name in ("stock", "futures", "options")))
    assert plan_of(case.evidence(off), off).status == "REJECTED"


def test_a_mandate_that_leaves_no_time_switches_the_class_off() -> None:
    """Entries that end before they begin."""
    limits = case.mandate("[stock]\nentry_cutoff = '09:18'")
    stock = part(plan_of(case.evidence(limits), limits), AssetClass.STOCK)
    assert not stock.enabled
    assert "no time to enter" in texts(stock)


def test_an_unregistered_strategy_switches_the_class_off() -> None:
    """A plug-in that is not installed here, or a strategy of another class."""
    limits = case.mandate("[stock]\nstrategies = ['not_there', 'scalp']")
    stock = part(plan_of(case.evidence(limits), limits), AssetClass.STOCK)
    assert not stock.enabled
    assert "not_there, scalp" in texts(stock)


def test_live_is_a_draft_behind_a_green_gate_and_paper_otherwise() -> None:
    """Nothing goes live by itself."""
    limits = case.mandate("mode = 'live'")
    green = plan_of(case.evidence(limits), limits)
    assert (green.mode, green.status) == ("live", "DRAFT")
    amber = plan_of(case.evidence(limits, past={}), limits)
    assert (amber.mode, amber.status) == ("paper", "READY")
    assert "on paper today" in texts(amber)


def test_evidence_of_another_mandate_is_refused() -> None:
    """The person changed a limit after prepare_day: prepare again."""
    with pytest.raises(ValueError, match="prepare the day again"):
        plan_by_rules(case.evidence(), case.mandate("full_losses_a_day = 3"))


def test_the_record_says_who_planned_and_why() -> None:
    """Rules that stand in for a model keep the reason."""
    evidence = case.evidence()
    record = plan_by_rules(evidence, case.mandate(), "the model answered twice outside the schema").planner
    assert (record.kind, record.model, record.input_hash) == ("rules", "", evidence.hash)
    assert record.fallback_reason == "the model answered twice outside the schema"


def test_every_preference_and_adjustment_is_of_a_registered_strategy() -> None:
    """A renamed strategy or parameter, or a bound that moved, shows here and not in the morning."""
    known = registry.names()
    assert {name for names in PREFERENCES.values() for name in names} <= set(known)
    for (name, _), values in ADJUSTMENTS.items():
        registry.build(name, values)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(made=case.cases())
def test_the_same_evidence_gives_the_same_plan(made: tuple[Evidence, Mandate]) -> None:
    """Planned twice, and from the stored evidence and mandate: one hash."""
    evidence, mandate = made
    plan = plan_by_rules(evidence, mandate)
    again = plan_by_rules(Evidence.from_fields(evidence.to_fields()), Mandate.from_fields(mandate.to_fields()))
    assert plan.hash == again.hash == Plan.from_fields(plan.to_fields()).hash
    assert all(one.reasons for one in plan.classes)
    assert plan.status != "REJECTED" or not plan.enabled
