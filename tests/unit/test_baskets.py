"""Baskets: hedges first in, shorts first out, whatever fails; never a short without its hedge, one position in all."""

import pytest

from common.trading.baskets import NOT_FILLED, basket_from_fields
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.halts import HaltLevel
from common.trading.margin import PricedLeg, worst_loss
from common.trading.orders import Kind, Order, Purpose, Status
from common.trading.prices import marketable
from common.trading.strategy import Enter
from tests.unit.basket_case import (
    CALL_HEDGE,
    CONDOR,
    PUT_HEDGE,
    PUT_SHORT,
    UNITS,
    basket_of,
    begun,
    leg,
    mark,
    only,
    opened,
    placed,
    trade,
    unwound,
    working,
)
from tests.unit.trading_case import Desk, minute
from tests.unit.wire_case import Wire

ENTRY, EXIT = Purpose.ENTRY, Purpose.EXIT


def hedged(wire: Wire) -> tuple[Desk, Order]:
    """The hedge is held in full, the short is on the wire."""
    made = begun(wire)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    return made, only(made, PUT_SHORT, ENTRY)


def test_no_short_before_its_hedge_is_held_in_full() -> None:
    """One unit of the hedge missing: no short. The last one: the short goes out, as many."""
    wire = Wire()
    made = begun(wire)
    hedge = only(made, PUT_HEDGE, ENTRY)
    assert placed(wire) == [(1, UNITS)]
    trade(made, wire, hedge, UNITS - 75)
    made.wait(2)
    assert placed(wire) == [(1, UNITS)]
    trade(made, wire, hedge)
    assert placed(wire) == [(1, UNITS), (-1, UNITS)]
    short = only(made, PUT_SHORT, ENTRY)
    assert (short.reason, short.numbers, short.stop_distance) == ("rising", {"credit": 40.0}, 50_00)
    assert made.ledger.verdicts[short.tag].code == "hedged"


@pytest.mark.parametrize(("later", "restarted"), [(70_00, False), (70_00, True), (130_00, False)])
def test_no_short_is_sold_for_less_than_it_was_sized_at(later: int, restarted: bool) -> None:
    """Its premium moves while the hedge fills: it waits at the price that bounds the loss, or takes a better one."""
    wire = Wire()
    made = begun(wire)
    basket = basket_of(made)
    sized = basket.legs[1].price
    if restarted:
        again = basket_from_fields(basket.fields(), made.session.slots, "script", "rising")
        assert [leg.price for leg in again.legs] == [leg.price for leg in basket.legs]
    mark(made, N24400PE=later)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    short = only(made, PUT_SHORT, ENTRY)
    now = marketable(made.session.slots["N24400PE"], -1, made.session.book.policy.entry_width)
    assert short.price == max(sized, now)
    assert (short.price > now) is (later < 100_00)
    worst = worst_loss([
        PricedLeg(PUT_HEDGE, 1, basket.legs[0].price), PricedLeg(PUT_SHORT, -1, short.price, 0, 50_00),
    ])
    assert worst * UNITS <= basket.risk


def test_of_a_condor_no_short_before_all_hedges() -> None:
    """Two hedges first; both shorts when both are held."""
    wire = Wire()
    made = begun(wire, CONDOR)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    assert not working(made, PUT_SHORT, ENTRY)
    trade(made, wire, only(made, CALL_HEDGE, ENTRY))
    assert [side for side, _ in placed(wire)] == [1, 1, -1, -1]


def test_each_part_of_a_short_has_its_stop_at_once() -> None:
    """At its own distance from its own price; the hedge has none, it rests with the short."""
    wire = Wire()
    made, short = hedged(wire)
    trade(made, wire, short, 75)
    stop = only(made, PUT_SHORT, EXIT)
    assert (stop.kind, stop.side, stop.quantity, stop.trigger) == (Kind.SL, 1, 75, 150_00)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.wait(1)
    trade(made, wire, short)
    made.wait(1)
    assert (stop.quantity, only(made, PUT_SHORT, EXIT)) == (UNITS, stop)
    assert not working(made, PUT_HEDGE, EXIT)
    assert basket_of(made).opened


def test_it_is_one_position() -> None:
    """Capital, count and the loss it may make are the basket's, once; so are its trades in the day's count."""
    wire = Wire()
    made = opened(wire, CONDOR)
    account = made.account
    assert (account.open_positions, account.trades) == (1, 1)
    assert list(account.reserved) == list(account.at_risk) == ["condor"]
    basket = basket_of(made)
    assert (account.reserved["condor"], account.at_risk["condor"]) == (basket.need, basket.risk)


@pytest.mark.parametrize("status", [Status.REJECTED, Status.CANCELLED])
def test_a_hedge_that_fails_ends_it_before_it_began(status: Status) -> None:
    """Nothing is held, nothing short is ever sent, its capital is free."""
    wire = Wire()
    made = begun(wire)
    wire.say(only(made, PUT_HEDGE, ENTRY), status)
    made.wait(3)
    assert placed(wire) == [(1, UNITS)]
    assert (made.session.book.baskets, made.account.reserved) == ({}, {})


def test_one_hedge_of_two_fails() -> None:
    """The other is sold again."""
    wire = Wire()
    made = begun(wire, CONDOR)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    wire.say(only(made, CALL_HEDGE, ENTRY), Status.REJECTED)
    made.driver.settle()
    assert placed(wire)[2:] == [(-1, 750)]
    unwound(made, wire, NOT_FILLED)


def test_a_hedge_filled_in_part_is_taken_back() -> None:
    """After ten seconds the rest is cancelled, what was bought is sold, no short was sent."""
    wire = Wire()
    made = begun(wire)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY), 75)
    made.wait(11)
    assert len(wire.asked("cancel")) == 1
    wire.say(only(made, PUT_HEDGE, ENTRY), Status.CANCELLED)
    made.wait(3)
    unwound(made, wire, NOT_FILLED)
    assert {side for side, _ in placed(wire)} == {1, -1}
    assert sum(quantity for side, quantity in placed(wire) if side < 0) == 75


def test_a_short_that_is_refused_unwinds() -> None:
    """At the door: the hedge is sold at once."""
    wire = Wire()
    made = begun(wire)
    wire.faults["place"] = [OrderRejected("margin")]
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    made.wait(1)
    assert working(made, PUT_HEDGE, EXIT)
    unwound(made, wire, NOT_FILLED)


def test_an_unknown_short_keeps_its_hedge() -> None:
    """It may be in the market for all we know: the hedge stays until it is given up, then it is sold."""
    wire = Wire()
    made = begun(wire)
    wire.faults["place"] = [OrderUnknown("timed out")]
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    made.wait(29)
    assert not working(made, PUT_HEDGE, EXIT)
    made.wait(5)
    assert [order.quantity for order in working(made, PUT_HEDGE, EXIT)] == [UNITS]
    unwound(made, wire, NOT_FILLED)


def test_an_unknown_short_that_filled_has_its_hedge() -> None:
    """It shows itself after twenty seconds, filled: protected, and the basket is whole."""
    wire = Wire()
    made = begun(wire)
    wire.faults["place"] = [OrderUnknown("timed out")]
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    made.wait(20)
    trade(made, wire, only(made, PUT_SHORT, ENTRY))
    made.wait(1)
    assert basket_of(made).opened
    assert only(made, PUT_SHORT, EXIT).quantity == UNITS
    assert not working(made, PUT_HEDGE, EXIT)


def test_a_leaving_basket_keeps_the_hedge_of_an_unknown_short() -> None:
    """Square-off while the short is unclear: what may still become short stays covered."""
    wire = Wire()
    made = begun(wire)
    wire.faults["place"] = [OrderUnknown("timed out")]
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    made.control(HaltLevel.FLATTEN)
    made.wait(20)
    assert not working(made, PUT_HEDGE, EXIT)
    made.wait(15)
    unwound(made, wire, "by hand")


def test_a_short_filled_in_part_is_bought_back_before_its_hedge_is_sold() -> None:
    """Cancelled after ten seconds with 75 of 300: 225 of the hedge are free, 75 wait for the buy-back."""
    wire = Wire()
    made, short = hedged(wire)
    trade(made, wire, short, 75)
    wire.say(only(made, PUT_SHORT, EXIT), Status.TRIGGER_PENDING)
    made.wait(11)
    assert not working(made, PUT_HEDGE, EXIT), "its rest may still fill"
    wire.say(short, Status.CANCELLED)
    made.wait(3)
    assert only(made, PUT_HEDGE, EXIT).quantity == 225
    assert only(made, PUT_SHORT, EXIT).kind is Kind.LIMIT
    unwound(made, wire, NOT_FILLED)


def test_a_late_fill_after_the_cancel_finds_its_hedge() -> None:
    """CANCELLED and, within the second in which we look again, filled after all: the hedge is still there."""
    wire = Wire()
    made, short = hedged(wire)
    made.wait(11)
    wire.say(short, Status.CANCELLED)
    made.driver.settle()
    assert not working(made, PUT_HEDGE, EXIT), "sold before the cancellation was confirmed"
    trade(made, wire, short)
    assert leg(made, PUT_SHORT).quantity == -UNITS
    assert leg(made, PUT_HEDGE).quantity == UNITS
    made.wait(1)
    assert working(made, PUT_SHORT, EXIT)


def test_a_basket_that_stays_half_open_is_given_up() -> None:
    """The shorts could not be sent for a minute: meant for another market, unwound."""
    wire = Wire()
    made = begun(wire)
    made.session.book.rate.throttle(made.session.now)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    made.wait(59)
    assert not working(made, PUT_SHORT, ENTRY)
    made.wait(3)
    assert basket_of(made).leaving == NOT_FILLED
    unwound(made, wire, NOT_FILLED)


def test_a_leg_that_waits_may_not_be_entered_alone() -> None:
    """The short's symbol is spoken for from the start."""
    wire = Wire()
    made = begun(wire)
    made.driver.carry_out(made.session._act(made.session.slots["NIFTY"], Enter(1, 100, symbol="N24400PE"), minute(1)))
    assert placed(wire) == [(1, UNITS)]


def test_a_short_that_fills_when_its_basket_is_over_is_bought_back() -> None:
    """Its cancellation was confirmed and its hedge sold: a naked short is not kept behind a stop, it is closed."""
    wire = Wire()
    made, short = hedged(wire)
    made.wait(11)
    wire.say(short, Status.CANCELLED)
    made.wait(3)
    unwound(made, wire, NOT_FILLED)
    trade(made, wire, short)
    made.wait(1)
    assert made.alarms()
    exits = working(made, PUT_SHORT, EXIT)
    assert [(order.side, order.quantity, order.kind) for order in exits] == [(1, UNITS, Kind.LIMIT)]
