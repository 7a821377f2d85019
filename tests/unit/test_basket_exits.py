"""The ways out of a basket: limits, stops, halts, people; shorts first, hedges as they are bought back."""

from dataclasses import replace

import pytest

from common.trading.halts import HaltLevel
from common.trading.messages import Command, Timer
from common.trading.orders import Kind, Purpose, Status
from common.trading.strategy import Exit, ExitBasket
from tests.unit.basket_case import (
    CALL_HEDGE,
    CALL_SHORT,
    CHAIN,
    CONDOR,
    OUT,
    PUT_HEDGE,
    PUT_SHORT,
    SPREAD,
    UNITS,
    basket_of,
    begun,
    leg,
    mark,
    only,
    opened,
    placed,
    signal,
    trade,
    unwound,
    working,
)
from tests.unit.trading_case import SECOND, hours, minute
from tests.unit.wire_case import Wire

ENTRY, EXIT = Purpose.ENTRY, Purpose.EXIT


def test_the_way_out_begins_with_the_shorts() -> None:
    """The stop becomes the buy-back; the hedge is sold only as far as buy-backs have filled, to the last unit."""
    wire = Wire()
    made = opened(wire)
    stop = only(made, PUT_SHORT, EXIT)
    signal(made, OUT)
    assert wire.asked("modify")[-1][:4] == ("modify", stop.tag, Kind.LIMIT, UNITS)
    assert not working(made, PUT_HEDGE, EXIT), "the hedge is for sale while the short is open"
    made.wait(3)
    assert not working(made, PUT_HEDGE, EXIT)
    wire.say(stop, Status.OPEN)
    trade(made, wire, stop, 75)
    sale = only(made, PUT_HEDGE, EXIT)
    assert (sale.side, sale.quantity, sale.kind) == (-1, 75, Kind.LIMIT)
    wire.say(sale, Status.OPEN)
    made.wait(1)
    trade(made, wire, stop, 150)
    assert only(made, PUT_HEDGE, EXIT).quantity == 225
    trade(made, wire, stop)
    made.wait(1)
    assert only(made, PUT_HEDGE, EXIT).quantity == UNITS
    trade(made, wire, sale)
    made.wait(2)
    assert made.session.book.baskets == {}
    assert (made.account.reserved, made.account.at_risk, made.account.open_positions) == ({}, {}, 0)
    assert not any(slot.busy or slot.basket for slot in made.session.slots.values())
    assert [trade.exit_reason for trade in made.ledger.trades] == ["enough", "enough"]


def test_a_stop_that_triggers_takes_the_basket_out() -> None:
    """As soon as it fills in part; the other side of a condor leaves too, its short first."""
    wire = Wire()
    made = opened(wire, CONDOR)
    stop = only(made, PUT_SHORT, EXIT)
    wire.say(stop, Status.OPEN)
    trade(made, wire, stop, 75, 151_00)
    assert basket_of(made).leaving == "stop"
    assert only(made, CALL_SHORT, EXIT).kind is Kind.LIMIT
    assert only(made, PUT_HEDGE, EXIT).quantity == 75
    assert not working(made, CALL_HEDGE, EXIT)
    unwound(made, wire, "stop")


def test_a_stop_filled_whole_at_once() -> None:
    """Gone from one report to the next: the same."""
    wire = Wire()
    made = opened(wire)
    trade(made, wire, only(made, PUT_SHORT, EXIT), price=151_00)
    assert [order.quantity for order in working(made, PUT_HEDGE, EXIT)] == [UNITS]
    unwound(made, wire, "stop")


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.REJECTED])
def test_a_stop_that_ends_by_itself_takes_the_basket_out(status: Status) -> None:
    """A short without a stop is bought back."""
    wire = Wire()
    made = opened(wire)
    wire.say(only(made, PUT_SHORT, EXIT), status)
    made.wait(3)
    assert only(made, PUT_SHORT, EXIT).kind is Kind.LIMIT
    unwound(made, wire, f"stop {status.lower()}")


@pytest.mark.parametrize(("prices", "reason"), [
    ({"N24400PE": 141_00}, "loss limit"), ({"N24400PE": 139_00}, ""), ({"N24400PE": 69_00}, "profit target"),
    ({"N24400PE": 71_00}, ""), ({"N24400PE": 141_00, "N24300PE": 62_00}, ""),
])
def test_loss_limit_and_profit_target_are_of_the_whole(prices: dict[str, int], reason: str) -> None:
    """40 and 30 rupees a unit over all legs together, marked at what each would fetch."""
    wire = Wire()
    made = opened(wire)
    mark(made, **prices)
    assert basket_of(made).leaving == reason
    if reason:
        assert only(made, PUT_SHORT, EXIT).kind is Kind.LIMIT
        assert not working(made, PUT_HEDGE, EXIT)


def test_no_limits_no_limit() -> None:
    """0 means none, for either."""
    wire = Wire()
    made = opened(wire)
    basket_of(made).loss_limit = basket_of(made).profit_target = 0
    mark(made, N24400PE=149_00)
    mark(made, N24400PE=1_00)
    assert basket_of(made).leaving == ""


@pytest.mark.parametrize("level", [HaltLevel.STOP_ENTRIES, HaltLevel.CANCEL_ENTRIES])
def test_a_halt_between_hedge_and_short_sends_no_short(level: HaltLevel) -> None:
    """A short is an entry: stopped, so what is half open is unwound."""
    wire = Wire()
    made = begun(wire)
    hedge = only(made, PUT_HEDGE, ENTRY)
    wire.say(hedge, Status.OPEN)
    made.driver.settle()
    made.control(level)
    trade(made, wire, hedge)
    made.wait(2)
    assert [side for side, _ in placed(wire)] == [1, -1]
    assert not leg(made, PUT_SHORT).busy, "a short was sent during a halt"
    trade(made, wire, only(made, PUT_HEDGE, EXIT))
    made.wait(2)
    assert made.session.book.baskets == {}


@pytest.mark.parametrize("why", ["the entry window has ended", "the account is halted"])
def test_a_hedge_that_fills_too_late_brings_no_short(why: str) -> None:
    """The same as a halt: no more entries, so that the hedge alone goes again."""
    wire = Wire()
    made = begun(wire, times=replace(hours(), entry_cutoff=minute(1) + 5 * SECOND))
    hedge = only(made, PUT_HEDGE, ENTRY)
    wire.say(hedge, Status.OPEN)
    made.driver.settle()
    if why == "the account is halted":
        made.account.halted = why
    else:
        made.session.now = minute(1) + 5 * SECOND
    trade(made, wire, hedge)
    made.wait(2)
    assert [side for side, _ in placed(wire)] == [1, -1]
    assert not leg(made, PUT_SHORT).busy


def test_stop_entries_leaves_a_whole_basket_alone() -> None:
    """It stays open, with its stop."""
    wire = Wire()
    made = opened(wire)
    made.control(HaltLevel.CANCEL_ENTRIES)
    made.wait(3)
    assert basket_of(made).leaving == ""
    assert wire.asked("cancel", "modify") == []


@pytest.mark.parametrize("how", ["flatten", "square-off", "daily loss", "leg exit", "by hand"])
def test_every_way_out_is_the_same_way(how: str) -> None:
    """Whoever wants it out: shorts first, hedges as they are bought back."""
    wire = Wire()
    made = opened(wire, CONDOR)
    if how == "flatten":
        made.control(HaltLevel.FLATTEN)
    elif how == "square-off":
        made.driver.take(Timer(minute(330)))
        mark(made)
    elif how == "daily loss":
        commands: list[Command] = []
        made.session._stop_for_loss(made.session.now, commands)
        made.driver.carry_out(commands)
    elif how == "leg exit":
        signal(made, ExitBasket("condor", "leg exit"))
    else:
        order = made.order(1)
        wire.foreign(-1, type(order.fills[0])("h", made.session.now, 59_00, 75), symbol=PUT_HEDGE.symbol)
    made.wait(1)
    assert basket_of(made).leaving
    assert not working(made, CALL_HEDGE, EXIT)
    assert [only(made, one, EXIT).kind for one in (PUT_SHORT, CALL_SHORT)] == [Kind.LIMIT, Kind.LIMIT]
    unwound(made, wire, basket_of(made).leaving)


def test_an_exit_of_a_leg_alone_takes_all_out() -> None:
    """A strategy cannot leave one leg: that would uncover another."""
    wire = Wire()
    made = opened(wire)
    made.session._act(leg(made, PUT_HEDGE), type(OUT)("nothing", ""), made.session.now)
    assert basket_of(made).leaving == ""
    made.driver.carry_out(made.session._act(made.session.slots["NIFTY"], Exit("out", PUT_HEDGE.symbol), 1))
    assert basket_of(made).leaving == "out"
    assert not working(made, PUT_HEDGE, EXIT)


def test_losses_of_legs_are_judged_as_one() -> None:
    """A losing leg beside a winning one: the basket's result counts, once."""
    wire = Wire()
    made = opened(wire)
    signal(made, OUT)
    trade(made, wire, only(made, PUT_SHORT, EXIT), price=50_00)
    trade(made, wire, only(made, PUT_HEDGE, EXIT), price=40_00)
    made.wait(2)
    assert (made.account.losses_in_a_row, dict(made.account.losses)) == (0, {})
    assert made.account.results == {}
    assert len(made.ledger.trades) == 2


def test_ticks_of_one_leg_move_its_own_orders_alone() -> None:
    """A leg's price is no price of another: its ladder waits for its own tick or the timer."""
    wire = Wire()
    made = opened(wire, CONDOR)
    signal(made, ExitBasket("condor", "out"))
    before = len(wire.asked("modify"))
    made.session.now += 2 * SECOND
    made.quote(101_00, "N24400PE")
    assert [call[1] for call in wire.asked("modify")[before:]] == [only(made, PUT_SHORT, EXIT).tag]


def test_nothing_is_left_behind() -> None:
    """After a basket its name and its legs may be used again."""
    wire = Wire()
    made = opened(wire)
    signal(made, OUT)
    unwound(made, wire, "enough")
    mark(made)
    signal(made, SPREAD)
    assert [order.symbol for order in made.ledger.orders.values()][-1] == PUT_HEDGE.symbol
    assert basket_of(made).created > minute(1)
    assert len(CHAIN) == 4


def test_a_stop_that_fills_while_the_short_is_still_being_entered() -> None:
    """150 short, half of it stopped out while the entry works on: the basket leaves, the entry is cancelled."""
    wire = Wire()
    made = begun(wire)
    trade(made, wire, only(made, PUT_HEDGE, ENTRY))
    short = only(made, PUT_SHORT, ENTRY)
    trade(made, wire, short, 150)
    stop = only(made, PUT_SHORT, EXIT)
    wire.say(stop, Status.OPEN)
    trade(made, wire, stop, 75, 151_00)
    assert basket_of(made).leaving == "stop"
    assert ("cancel", short.tag) in wire.asked("cancel")
    assert only(made, PUT_HEDGE, EXIT).quantity == 75, "what is, or may still be, short keeps its hedge"
