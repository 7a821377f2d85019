"""What a basket binds and may lose, what it leaves to the next, and what of it is counted against which limit."""

from dataclasses import replace

from common.trading.orders import Purpose, Status
from common.trading.strategy import EnterBasket, Leg
from tests.unit.basket_case import (
    CHAIN,
    CONDOR,
    LIMITS,
    LOT,
    PUT_HEDGE,
    PUT_SHORT,
    SPREAD,
    UNITS,
    basket_desk,
    basket_of,
    begun,
    leg,
    mark,
    only,
    opened,
    option,
    signal,
    trade,
)
from tests.unit.wire_case import Wire, fill


def test_what_a_basket_binds_is_for_all_its_units() -> None:
    """Capital of its dearest prefix and loss at expiry, a unit each, times 300; the verdict says the same."""
    made = begun(Wire())
    basket, hedge = basket_of(made), only(made, PUT_HEDGE, Purpose.ENTRY)
    assert basket.quantity == UNITS
    numbers = made.ledger.verdicts[hedge.tag].numbers
    assert (made.account.reserved, made.account.at_risk) == ({"spread": basket.need}, {"spread": basket.risk})
    assert (basket.need, basket.risk) == (numbers["need"], numbers["risk"])
    one = basket_of(begun(Wire(), limits=replace(LIMITS, max_lots=1)))
    assert (basket.need, basket.risk) == (one.need * UNITS // one.quantity, one.risk * UNITS // one.quantity)
    assert one.quantity == LOT


def test_what_others_bind_is_not_there_for_a_basket() -> None:
    """Four fifths of the capital less what is reserved: a lot fewer than alone."""
    alone = basket_of(begun(Wire(), limits=replace(LIMITS, risk_per_trade=10**9, daily_loss=10**10))).quantity
    made = basket_desk(Wire(), limits=replace(LIMITS, risk_per_trade=10**9, daily_loss=10**10))
    made.account.reserve("other", 1_500_000_00, 0)
    signal(made, SPREAD)
    assert 0 < basket_of(made).quantity < alone
    need = basket_of(made).need + 1_500_000_00
    assert need <= LIMITS.capital * LIMITS.basket_margin_percent // 100


def test_the_last_paisa_of_the_days_loss_is_not_for_a_basket() -> None:
    """What is left would be used up whole by so many units: one lot fewer."""
    made = basket_desk(Wire())
    signal(made, SPREAD)
    risk = basket_of(made).risk
    tight = begun(Wire(), limits=replace(LIMITS, daily_loss=risk))
    assert basket_of(tight).quantity < UNITS
    roomy = begun(Wire(), limits=replace(LIMITS, daily_loss=risk + 1))
    assert basket_of(roomy).quantity == UNITS


def test_a_condor_needs_room_for_its_two_hedges_alone() -> None:
    """The shorts go out when the hedges are held: two orders now, not four."""
    assert basket_of(begun(Wire(), CONDOR, limits=replace(LIMITS, orders_per_second=1.0))).quantity
    denied = begun(Wire(), CONDOR, limits=replace(LIMITS, orders_per_second=0.5))
    assert denied.session.book.denied == {"order_rate": 1}


def test_two_shorts_of_one_hedge_are_uncovered() -> None:
    """One bought put covers one sold put."""
    chain = [*CHAIN, option(24_500)]
    twice = [*SPREAD.legs, Leg("N24500PE", -1, 0, 50_00)]
    made = begun(Wire(), EnterBasket("twice", twice), instruments=chain)
    assert made.session.book.denied == {"uncovered": 1}
    assert not made.ledger.orders


def test_a_basket_at_exactly_its_limit_is_left() -> None:
    """Loss and profit a unit count at the limit itself; a short's mark is its price against us."""
    for prices, reason in (({"N24400PE": 130_00, "N24300PE": 60_00}, "loss limit"),
                           ({"N24400PE": 70_00, "N24300PE": 60_00}, "profit target")):
        what = EnterBasket("spread", SPREAD.legs, 30_00, 30_00)
        near, at = opened(Wire(), what), opened(Wire(), what)
        mark(near, **{**prices, "N24400PE": prices["N24400PE"] + (-5 if reason == "loss limit" else 5)})
        mark(at, **prices)
        assert (basket_of(near).leaving, basket_of(at).leaving) == ("", reason)


def test_a_basket_that_is_not_whole_has_no_profit_to_take() -> None:
    """Its hedges alone are marked far up: it goes on being opened."""
    wire = Wire()
    made = begun(wire, EnterBasket("spread", SPREAD.legs, 0, 1_00))
    trade(made, wire, only(made, PUT_HEDGE, Purpose.ENTRY))
    mark(made, N24300PE=90_00)
    assert basket_of(made).leaving == ""


def test_a_blocked_leg_ends_the_basket() -> None:
    """A person trades in it: the whole is closed, the short first, and the reason names the leg."""
    made = opened(Wire())
    leg(made, PUT_HEDGE).blocked = "the person holds or trades it"
    made.wait(1)
    assert basket_of(made).leaving == "N24300PE: the person holds or trades it"
    assert {leg(made, one).leaving for one in (PUT_HEDGE, PUT_SHORT)} == {basket_of(made).leaving}


def test_a_flat_leg_of_a_closing_basket_has_nothing_working() -> None:
    """The short is bought back by its own exit: what else worked there is taken back before the basket is over."""
    wire = Wire()
    made = opened(wire)
    stop = only(made, PUT_SHORT, Purpose.EXIT)
    trade(made, wire, stop)
    made.wait(1)
    hedge = only(made, PUT_HEDGE, Purpose.EXIT)
    assert leg(made, PUT_SHORT).quantity == 0
    assert made.session.book.baskets
    trade(made, wire, hedge)
    made.wait(2)
    assert (made.session.book.baskets, made.account.reserved, made.account.at_risk) == ({}, {}, {})
    assert not any(slot.busy or slot.basket for slot in made.session.slots.values())


def test_a_short_that_a_person_buys_back_leaves_no_stop_behind() -> None:
    """It would buy once more, and what nobody ordered would be long: it is cancelled, and only then the basket ends."""
    wire = Wire()
    made = opened(wire)
    stop = only(made, PUT_SHORT, Purpose.EXIT)
    wire.foreign(1, fill(stop, stop.quantity, 110_00, id="hand", ts=made.session.now), symbol=PUT_SHORT.symbol)
    made.wait(2)
    assert leg(made, PUT_SHORT).quantity == 0
    assert ("cancel", stop.tag) in wire.asked("cancel")
    trade(made, wire, only(made, PUT_HEDGE, Purpose.EXIT))
    made.wait(2)
    assert list(made.session.book.baskets) == [SPREAD.name], "its stop may still fill"
    wire.say(stop, Status.CANCELLED)
    made.wait(5)
    assert (made.session.book.baskets, [alarm.severity for alarm in made.alarms()]) == ({}, ["CRITICAL"])
