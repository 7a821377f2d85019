"""Index delta: what a workload may hold of the market in all, from its share, whatever it is made of."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from common.trading import exposure
from common.trading.halts import HaltLevel
from common.trading.limits import Limits
from common.trading.messages import PriceBand
from common.trading.orders import Status
from common.trading.pace import LIVE
from common.trading.restore import restore
from common.trading.strategy import Enter
from tests.unit import planning_case as case
from tests.unit.basket_case import LIMITS as BASKET_LIMITS
from tests.unit.basket_case import LOT, SPREAD, UNITS, basket_desk, begun, mark, opened, option, signal
from tests.unit.trading_case import LIMITS, LONG, PATIENT, SHORT, Desk, desk, flat, minute
from tests.unit.wire_case import Wire, entered, fill, protected


def capped(limit: int, limits: Limits = LIMITS) -> Limits:
    return replace(limits, max_index_delta=limit)


def denied(made: Desk) -> list[str]:
    return list(made.session.book.denied)


def test_an_entry_is_cut_to_what_is_left_and_then_denied() -> None:
    """10,000 rupees of the market: a hundred shares at 100, and nothing more; the verdict has the numbers."""
    wire = Wire()
    made = desk(wire, {0: LONG}, symbols="AAA BBB", limits=capped(10_000_00), policy=PATIENT)
    made.session.slots["BBB"].strategy.signals = {1: LONG}  # type: ignore[union-attr]
    made.driver.run([*flat("AAA", 1), *flat("BBB", 2)])
    assert made.order(1).quantity == 100
    verdict = made.ledger.verdicts[made.order(1).tag]
    assert verdict.numbers["index_delta"] == 0
    assert verdict.numbers["index_delta_limit"] == 10_000_00
    assert denied(made) == ["index_delta"]
    told = next(record for record in made.ledger.records if "index_delta" in record.message)
    assert told.fields["index_delta"] == 10_000_00


def test_longs_and_shorts_are_not_set_off_against_each_other() -> None:
    """With the cap full of longs a short has the whole of its own side, because the longs may be gone first."""
    made = desk(Wire(), {0: LONG}, symbols="AAA BBB", limits=capped(10_000_00), policy=PATIENT)
    made.session.slots["BBB"].strategy.signals = {1: SHORT}  # type: ignore[union-attr]
    made.driver.run([*flat("AAA", 1), *flat("BBB", 2)])
    assert [made.order(n).quantity for n in (1, 2)] == [100, 100]
    assert exposure.held(made.session.book, made.session.slots) == (10_000_00, 10_000_00)


def test_what_is_filled_counts_like_what_is_on_its_way() -> None:
    """Before, between and after the fills of an entry the same part of the market is taken; flat, none."""
    wire = Wire()
    made, entry = entered(wire)
    whole = (entry.quantity * 100_00, 0)
    assert exposure.held(made.session.book, made.session.slots) == whole
    wire.say(entry, Status.OPEN, fill(entry, 100, 100_00))
    made.driver.settle()
    assert made.slot().quantity == 100
    assert exposure.held(made.session.book, made.session.slots) == whole
    wire.say(entry, Status.CANCELLED)
    made.driver.settle()
    assert exposure.held(made.session.book, made.session.slots) == (100 * 100_00, 0)


@pytest.mark.parametrize(("kind", "strike", "delta"), [
    (Kind.CALL, 24_500, 0.5), (Kind.PUT, 24_500, -0.5), (Kind.CALL, 24_600, 0.5), (Kind.CALL, 24_400, 1.0),
    (Kind.PUT, 24_600, -1.0), (Kind.PUT, 24_400, -0.5),
])
def test_an_option_counts_half_until_it_is_in_the_money(kind: Kind, strike: int, delta: float) -> None:
    """At the strike nearest to the driver and beyond it half, further in the whole; a put the other way."""
    made = basket_desk(Wire(), instruments=chain())
    made.session.slots["NIFTY"].universe.driver = "NIFTY"
    made.session.slots["NIFTY"].last = flat("NIFTY", 1, 24_510_00)[0]
    slot = made.session.slots[f"N{strike}{kind}"]
    slot.last = flat(slot.symbol, 1, 300_00)[0]
    assert exposure.unit_delta(slot) == delta * 24_510_00


def chain() -> list[Instrument]:
    return [option(strike, kind) for strike in (24_400, 24_500, 24_600) for kind in (Kind.CALL, Kind.PUT)]


def test_a_bought_option_counts_for_no_more_than_it_can_lose() -> None:
    """At a premium of 40 rupees 1 % of the market cannot cost more than 40: it counts a hundred times that."""
    made = basket_desk(Wire(), instruments=chain())
    made.session.slots["NIFTY"].last = flat("NIFTY", 1, 24_510_00)[0]
    call, put = (made.session.slots[f"N24500{kind}"] for kind in (Kind.CALL, Kind.PUT))
    for slot in (call, put):
        slot.last = flat(slot.symbol, 1, 40_00)[0]
    assert (exposure.unit_delta(call), exposure.unit_delta(put)) == (4_000_00, -4_000_00)


def test_a_basket_counts_by_its_shorts_and_no_more_than_it_can_lose() -> None:
    """A put spread is long only, with its hedge set off; the cap cuts it to lots, and denies it where none fits."""
    made = opened(Wire())
    basket = made.session.book.baskets["spread"]
    assert basket.quantity == UNITS
    unit = min(100 * basket.risk // UNITS, int(24_400_00 * 0.5))
    assert exposure.held(made.session.book, made.session.slots) == (unit * UNITS, 0)
    cut = opened(Wire(), limits=capped(2 * LOT * unit, BASKET_LIMITS))
    assert cut.session.book.baskets["spread"].quantity == 2 * LOT < UNITS
    none = basket_desk(Wire(), limits=capped(LOT * unit - 1, BASKET_LIMITS))
    mark(none)
    signal(none, SPREAD)
    assert denied(none) == ["index_delta"]


def test_a_basket_counts_the_same_while_it_opens_and_after_a_restart() -> None:
    """With only its hedge on the wire, whole, and read back from its orders."""
    made, whole = begun(Wire()), opened(Wire())
    expected = exposure.held(whole.session.book, whole.session.slots)
    assert expected[0] > 0
    assert exposure.held(made.session.book, made.session.slots) == expected
    again = basket_desk(Wire())
    mark(again)
    restore(again.session, whole.ledger.orders.values(), minute(3))
    assert exposure.held(again.session.book, again.session.slots) == expected


@pytest.mark.parametrize("premium", [20, 40, 69, 100, 122, 150, 250])
def test_the_default_cap_does_not_cut_what_an_ordinary_scalp_risks(premium: int) -> None:
    """A stop of a quarter of the premium and the default risk: the lots that it allows at the money fit the share."""
    mandate, spot, lot = case.mandate(), 25_000, 75
    by_risk = mandate.risk_per_trade_paise(AssetClass.OPTIONS) // (premium * 25 * lot)
    unit = min(premium * 100_00, spot * 50)
    assert by_risk * lot * unit <= mandate.class_index_delta_paise(AssetClass.OPTIONS)


@given(limit=st.integers(1_00, 60_000_00), stop=st.integers(50, 500), side=st.sampled_from([1, -1]))
def test_never_above_the_cap(limit: int, stop: int, side: int) -> None:
    """Whatever cap, stop and side, all that is committed stays within it."""
    made = desk(Wire(), {0: Enter(side, stop)}, symbols="AAA BBB CCC", limits=capped(limit), policy=PATIENT)
    for name in ("BBB", "CCC"):
        made.session.slots[name].strategy.signals = {0: Enter(side, stop)}  # type: ignore[union-attr]
    made.driver.run([*flat("AAA", 1), *flat("BBB", 1), *flat("CCC", 1)])
    assert max(exposure.held(made.session.book, made.session.slots)) <= limit
    assert all(order.quantity > 0 for order in made.ledger.orders.values())


def test_the_classes_shares_are_the_accounts() -> None:
    """The plan carries each class's share, they add to no more than the mandate's, and a plan may not loosen one."""
    limits, evidence = case.mandate(), case.evidence()
    plan = plan_by_rules(evidence, limits)
    shares = [one.limits.max_index_delta_paise for one in plan.classes if one.limits]
    assert sum(shares) == limits.index_delta_paise == 63_00_000_00
    wider: list[Any] = []
    for one in plan.classes:
        assert one.limits is not None
        more = {"max_index_delta_paise": one.limits.max_index_delta_paise + 1}
        wider.append(one.model_copy(update={"limits": one.limits.model_copy(update=more)}))
    problems = " ".join(validate_plan(plan.model_copy(update={"classes": tuple(wider)}), limits, evidence))
    assert "the asset classes' index delta in paise add to 630000003, the account's are 630000000" in problems
    assert "stock: max_index_delta_paise 94500001 > 94500000" in problems


def test_one_lot_of_the_future_fits_its_share() -> None:
    """The default mandate trades one lot of NIFTY at 26,000, and not two."""
    share = case.mandate().class_index_delta_paise(AssetClass.FUTURES)
    assert 26_000_00 * 65 <= share < 2 * 26_000_00 * 65


@pytest.mark.parametrize(("lower", "upper", "side"), [(0, 100_00, 1), (100_00, 0, 1), (100_00, 120_00, -1)])
def test_a_share_locked_at_its_circuit_is_not_entered(lower: int, upper: int, side: int) -> None:
    """On neither side: what can be bought there may not be sold again."""
    made = desk(Wire(), {0: Enter(side, 100)})
    made.driver.tell(PriceBand(minute(0), "AAA", lower, upper))
    made.driver.run(flat("AAA", 1))
    assert denied(made) == ["circuit_locked"]
    assert not made.ledger.orders


def test_an_exit_in_a_locked_share_is_tried_again_and_again_with_an_alarm() -> None:
    """At the lower circuit nobody buys: the exit stays in the market at the circuit, and says so."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    made.driver.tell(PriceBand(made.session.now, "AAA", 90_00, 110_00))
    made.quote(90_00, bid=0, ask=90_00)
    made.control(HaltLevel.FLATTEN)
    wire.say(stop, Status.OPEN)
    made.wait(30)
    assert any("still open after" in record.message for record in made.alarms())
    assert [order.price for order in made.ledger.orders.values() if order.working] == [90_00]
    assert stop.modifications > 0
    wire.say(stop, Status.COMPLETE, fill(stop, stop.quantity, 90_00))
    made.driver.settle()
    assert made.slot().quantity == 0
