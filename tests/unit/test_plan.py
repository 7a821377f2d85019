"""The plan as a document: whole, strict, the same bytes for the same plan."""

import json
from typing import Any

import pytest

from common.market.calendar import session_times
from common.market.instrument import AssetClass
from common.planning.document import InvalidDocument, canonical_json, document_hash
from common.planning.limits import full_limits, looser, scaled
from common.planning.plan import ClassPlan, Plan, Reason
from common.planning.rule_planner import plan_by_rules
from common.planning.session_facts import class_times, clock_moment, session_facts
from tests.unit import planning_case as case


def plan() -> Plan:
    """By the rules, of an ordinary day."""
    return plan_by_rules(case.evidence(), case.mandate())


def test_round_trip() -> None:
    """Through JSON text and back: equal, with equal types of parameters and an equal hash."""
    made = plan()
    again = Plan.from_fields(json.loads(json.dumps(made.to_fields())))
    assert again == made
    assert again.hash == made.hash
    for one, other in zip(made.classes, again.classes, strict=True):
        assert {k: type(v) for k, v in one.parameters.items()} == {k: type(v) for k, v in other.parameters.items()}


def test_canonical_json_is_one_spelling() -> None:
    """Order of keys and spaces do not matter to a hash; values do; NaN has no spelling."""
    assert canonical_json({"b": 1, "a": [1.5, "é"]}) == '{"a":[1.5,"é"],"b":1}'
    assert document_hash({"b": 1, "a": 2}) == document_hash({"a": 2, "b": 1}) != document_hash({"a": 2, "b": 2})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_a_changed_copy_has_its_own_hash() -> None:
    """A hash that was asked for before is not carried over to a copy."""
    made = plan()
    before = made.hash
    assert made.model_copy(update={"status": "DRAFT"}).hash != before


@pytest.mark.parametrize(("change", "fault"), [
    ({"schema_version": 2}, "plan the day again"),
    ({"status": "MAYBE"}, "status"),
    ({"mode": None}, "mode"),
    ({"surprise": 1}, "there is no such key"),
    ({"date": "19/08/2026"}, "date"),
    ({"classes": [{"asset_class": "bonds", "enabled": False}]}, "asset_class"),
    ({"classes": [{"asset_class": "stock", "enabled": True}]}, "an enabled class needs"),
    ({"reasons": [{"text": "x", "numbers": {"a": float("nan")}}]}, "finite"),
    ({"reasons": [{"text": ""}]}, "text"),
])
def test_a_document_that_is_no_plan_is_refused(change: dict[str, Any], fault: str) -> None:
    """Another version, unknown values and keys, half a class, numbers that are none."""
    with pytest.raises(InvalidDocument, match=fault):
        Plan.from_fields({**plan().to_fields(), **change})


def test_a_missing_key_is_named() -> None:
    """A cut document is not a plan."""
    fields = plan().to_fields()
    del fields["evidence_hash"]
    with pytest.raises(InvalidDocument, match="evidence_hash: is missing"):
        Plan.from_fields(fields)


def test_options_are_selected_for_options_only() -> None:
    """A stock class with an option selection is a mix-up."""
    options = plan().of(AssetClass.OPTIONS)
    assert options is not None
    with pytest.raises(ValueError, match="only for it"):
        options.model_copy(update={"asset_class": AssetClass.STOCK})
    with pytest.raises(ValueError, match="not enabled has no limits"):
        options.model_copy(update={"enabled": False})


def test_a_rejected_plan_trades_nothing() -> None:
    """`enabled` is what workloads are started from."""
    made = plan()
    assert len(made.enabled) == 3
    assert made.model_copy(update={"status": "REJECTED"}).enabled == ()
    assert made.of(AssetClass.STOCK) in made.classes


def test_limits_for_trading() -> None:
    """The trading room gets the same numbers, in paise."""
    limits = full_limits(case.mandate(), class_times(case.DAY, AssetClass.FUTURES))
    given = limits.for_trading()
    assert (given.capital, given.daily_loss, given.risk_per_trade) == (6_00_000_00, 10_500_00, 5_250_00)
    assert (given.max_order_value, given.margin_percent, given.max_trades) == (3_00_000_00, 14, 8)


def test_times_are_only_tightened() -> None:
    """The mandate's stricter times win, its looser ones lose, in the limits and in the workload's times."""
    facts, times = session_facts(case.DAY), session_times(case.DAY, AssetClass.STOCK)
    strict = case.mandate("[stock]\nentry_from='09:45'\nentry_cutoff='13:00'\nsquare_off='14:00'")
    tight = full_limits(strict, facts.times_of(AssetClass.STOCK)).tighten(times)
    assert (tight.entry_from, tight.entry_cutoff) == (clock_moment(case.DAY, "09:45"), clock_moment(case.DAY, "13:00"))
    assert tight.square_off == clock_moment(case.DAY, "14:00")
    loose = case.mandate("[stock]\nentry_from='09:00'\nentry_cutoff='15:28'\nsquare_off='15:29'")
    of_stock = facts.times_of(AssetClass.STOCK)
    assert full_limits(loose, of_stock) == full_limits(case.mandate(), of_stock)
    assert full_limits(loose, of_stock).tighten(times) == times


def test_half_size() -> None:
    """Stocks: money halves. Futures: the risk halves, the lot's margin still fits."""
    facts = session_facts(case.DAY)
    stock = full_limits(case.mandate(), facts.times_of(AssetClass.STOCK))
    half = scaled(stock, AssetClass.STOCK, 0.5)
    assert (half.capital_paise, half.max_order_value_paise) == (3_00_000_00, 75_000_00)
    assert (half.loss_paise, half.risk_per_trade_paise) == (3_750_00, 1_875_00)
    assert looser(half, stock) == []
    assert looser(stock, half)
    future = full_limits(case.mandate(), facts.times_of(AssetClass.FUTURES))
    assert scaled(future, AssetClass.FUTURES, 0.5).max_order_value_paise == future.max_order_value_paise
    assert scaled(future, AssetClass.FUTURES, 0.5).risk_per_trade_paise == 2_625_00
    for size in (0.0, -0.5, 1.01):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            scaled(stock, AssetClass.STOCK, size)


def test_reasons_are_bounded() -> None:
    """A model cannot fill the document."""
    with pytest.raises(ValueError, match="at most 500"):
        Reason(text="x" * 501)
    with pytest.raises(ValueError, match="at most 50"):
        Reason(text="x", numbers={str(i): 0.0 for i in range(51)})


def test_a_disabled_class_is_small() -> None:
    """Nothing but the reason why."""
    assert ClassPlan(asset_class=AssetClass.STOCK, enabled=False).limits is None
