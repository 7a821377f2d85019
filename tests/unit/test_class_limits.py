"""Order rates, baskets and quotes in a class's limits: from the mandate, split statically, never loosened."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.calendar import session_times
from common.market.instrument import AssetClass
from common.planning.document import InvalidDocument
from common.planning.limits import ClassLimits, exit_share, full_limits, looser, scaled
from common.planning.rule_planner import plan_by_rules
from common.planning.session_facts import clock_moment, session_facts
from common.planning.validation import validate_plan
from tests.unit import planning_case as case

FACTS = session_facts(case.DAY)
ORDER = "min_touch_ratio = 5\nmax_quote_age_seconds = 1.5\nbasket_margin_percent = 70\n[order_rate]\n"
RATES = "workload_per_second = 1.25\nexits_per_second = 2.4\n"


def limits(text: str = "", asset_class: AssetClass = AssetClass.OPTIONS) -> ClassLimits:
    """Of the default mandate with `text` over it."""
    return full_limits(case.mandate(text), FACTS.times_of(asset_class))


def test_the_trading_room_gets_every_number() -> None:
    """The person's rates, touch, age and margin reach the session as they were written; exits as a third each."""
    given = limits(ORDER + RATES).for_trading()
    assert (given.orders_per_second, given.exits_per_second) == (1.25, 0.8)
    assert (given.basket_margin_percent, given.min_touch_ratio, given.max_quote_age_seconds) == (70, 5, 1.5)


def test_the_defaults_are_those_of_practice() -> None:
    """1.5 orders and 1 exit a second, 80 % for baskets, three times our size, two seconds."""
    given = limits().for_trading()
    assert (given.orders_per_second, given.exits_per_second) == (1.5, 1.0)
    assert (given.basket_margin_percent, given.min_touch_ratio, given.max_quote_age_seconds) == (80, 3, 2)


@given(exits=st.floats(0.003, 4), off=st.sets(st.sampled_from(["stock", "futures", "options"]), max_size=2))
def test_exits_are_split_evenly_and_never_add_to_more(exits: float, off: set[str]) -> None:
    """Whatever is reserved and however many classes are on, their equal parts fit into it and none is without."""
    text = f"[order_rate]\nexits_per_second = {exits:.6f}\n" + "".join(f"[{name}]\nenabled = false\n" for name in off)
    mandate = case.mandate(text)
    share = Decimal(str(exit_share(mandate)))
    whole = Decimal(str(mandate.order_rate.exits_per_second))
    assert share > 0
    assert share * len(mandate.enabled) <= whole < share * len(mandate.enabled) + Decimal("0.003")


@pytest.mark.parametrize(("name", "value", "tighter"), [
    ("exit_rate_per_second", 1.1, 0.9), ("basket_margin_percent", 81, 79), ("min_touch_ratio", 2.9, 3.1),
    ("max_quote_age_seconds", 2.1, 1.9),
])
def test_a_plan_may_tighten_and_not_loosen(name: str, value: float, tighter: float) -> None:
    """Each of the new limits has its direction, and the direction is the safe one."""
    bound = limits()
    assert looser(bound.model_copy(update={name: tighter}), bound) == []
    (text,) = looser(bound.model_copy(update={name: value}), bound)
    assert text.startswith(f"{name} {value}")


def test_a_plan_that_gives_exits_twice_is_refused() -> None:
    """Each class's rate may fit the mandate's, and all together must."""
    mandate, evidence = case.mandate(), case.evidence()
    plan = plan_by_rules(evidence, mandate)
    assert validate_plan(plan, mandate, evidence) == []
    greedy = tuple(
        one.model_copy(update={"limits": one.limits.model_copy(update={"exit_rate_per_second": 1.5})})
        for one in plan.classes if one.limits is not None
    )
    problems = validate_plan(plan.model_copy(update={"classes": greedy}), mandate, evidence)
    assert any("exits a second add to 4.5" in problem for problem in problems)


def test_half_size_keeps_rates() -> None:
    """Fewer rupees, not fewer orders a second: a small position must be left as fast as a large one."""
    whole = limits()
    half = scaled(whole, AssetClass.OPTIONS, 0.5)
    assert half.for_trading().exits_per_second == whole.for_trading().exits_per_second
    assert half.basket_margin_percent == whole.basket_margin_percent


@pytest.mark.parametrize("line", [
    "min_touch_ratio = -1", "max_quote_age_seconds = 0", "max_quote_age_seconds = 61", "basket_margin_percent = 0",
    "basket_margin_percent = 101", "[order_rate]\nexits_per_second = 0", "[order_rate]\nexits_per_second = 0.001",
])
def test_nonsense_in_the_mandate_is_refused(line: str) -> None:
    """Each has its bounds; what is kept for exits must be enough for every class."""
    with pytest.raises(InvalidDocument):
        case.mandate(line)


def test_a_plan_without_the_new_limits_has_the_safe_ones() -> None:
    """A plan that was stored before they existed is read with the values of practice."""
    fields = limits().to_fields()
    for name in ("exit_rate_per_second", "basket_margin_percent", "min_touch_ratio", "max_quote_age_seconds"):
        del fields[name]
    assert ClassLimits.from_fields(fields) == limits()


def test_the_cut_off_for_shorts_is_never_later_than_for_all() -> None:
    """A person who ends entries at noon ends short options too; otherwise the table's 13:00 stands."""
    times = session_times(case.DAY, AssetClass.OPTIONS)
    assert limits().tighten(times).expiry_short_cutoff == times.expiry_short_cutoff
    early = limits("[options]\nentry_cutoff = '12:00'").tighten(times)
    assert early.expiry_short_cutoff == early.entry_cutoff == clock_moment(case.DAY, "12:00")
    assert dataclasses.replace(early, expiry_short_cutoff=0, entry_cutoff=0) == dataclasses.replace(
        times, expiry_short_cutoff=0, entry_cutoff=0,
    )
