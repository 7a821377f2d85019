"""A restart works the day out again in the order in which it was learnt, whatever the clocks said."""

import json

from common.trading.errors import OrderRejected
from common.trading.orders import Fill, Kind, Order, OrderTag, Purpose, Status, order_fields
from common.trading.strategy import EnterBasket, Leg
from tests.unit.basket_case import SPREAD, UNITS, basket_of, mark, signal
from tests.unit.test_basket_restart import DeadlyBroker, Life, execute, finish, opened_life
from tests.unit.test_foreign_positions import reborn
from tests.unit.trading_case import SECOND
from tests.unit.wire_case import Wire, entered, fill, hand, protected

CALLS = EnterBasket("spread", [Leg("N24700CE", 1), Leg("N24600CE", -1, 0, 50_00)], 40_00, 30_00, "falling")
AGAIN = EnterBasket("spread", list(SPREAD.legs), 40_00, 30_00, "again")


def opened_again(life: Life, what: EnterBasket) -> None:
    """Another basket of the same life, whole and at rest."""
    mark(life.made)
    life.what = what
    signal(life.made, what)
    for side in (1, -1):
        execute(life, side, Purpose.ENTRY)
        life.tell()
    life.made.wait(1)
    assert basket_of(life.made).opened


def test_news_in_another_order_than_it_happened_makes_the_same_trades() -> None:
    """The stop's fill is told after a later one of the entry: one trade, and after a restart the same one."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.OPEN, fill(entry, 300, 100_00))
    made.driver.settle()
    stop = made.order(2)
    first, second = entry.created + 5 * SECOND, entry.created + 6 * SECOND
    wire.say(entry, Status.COMPLETE, Fill("late", second, 100_00, entry.quantity - 300))
    wire.say(stop, Status.OPEN, Fill("early", first, 99_00, 300))
    made.driver.settle()
    wire.say(stop, Status.COMPLETE, Fill("last", second + SECOND, 99_00, stop.quantity - 300))
    made.driver.settle()
    trades = [(trade.number, trade.quantity) for trade in made.session.book.trades]
    assert trades == [(1, entry.quantity)]
    again = reborn(made, wire)
    assert [(trade.number, trade.quantity) for trade in again.session.book.trades] == trades


def test_a_basket_of_a_name_that_was_used_comes_back_with_its_own_legs() -> None:
    """Strategies name baskets after their underlying: the second of a day has other strikes."""
    life = opened_life()
    finish(life)
    opened_again(life, CALLS)
    sent = life.broker.asked
    life.restart()
    assert [state.slot.symbol for state in basket_of(life.made).legs] == ["N24700CE", "N24600CE"]
    assert all(state.slot.basket is basket_of(life.made) for state in basket_of(life.made).legs)
    assert (basket_of(life.made).opened, life.broker.asked) == (True, sent)
    finish(life)


def test_a_clock_that_was_ahead_does_not_turn_the_order_of_baskets() -> None:
    """The earlier basket's orders say that they are later: the one that is open comes back, and nothing is sold."""
    life = opened_life()
    finish(life)
    ahead = 600 * SECOND
    for tag, text in life.documents.items():
        fields = json.loads(text)
        fields["created"] += ahead
        if fields["basket"]:
            fields["basket"]["created"] += ahead
        life.documents[tag] = json.dumps(fields)
    life.restart()
    opened_again(life, AGAIN)
    sent = life.broker.asked
    life.restart()
    basket = basket_of(life.made)
    assert (basket.reason, basket.opened, life.broker.asked) == ("again", True, sent)
    assert [state.slot.basket for state in basket.legs] == [basket, basket]
    finish(life)


def test_a_leg_that_was_traded_before_has_not_been_filled_again() -> None:
    """The short was never sent; that its symbol once filled as much is no reason to think that it was."""
    life = Life(SPREAD, DeadlyBroker())
    for sequence, side, purpose in ((1, 1, Purpose.ENTRY), (2, -1, Purpose.EXIT)):
        tag = OrderTag(f"T250829O{sequence:05d}{'E' if side > 0 else 'X'}")
        old = Order(tag, sequence, "N24400PE", side, UNITS, Kind.LIMIT, 100_00, 0, purpose, sequence)
        old.add_fill(Fill(f"old{sequence}", sequence, 100_00, UNITS))
        old.status, old.counted = Status.COMPLETE, [sequence]
        life.documents[tag] = json.dumps(order_fields(old))
    life.restart()
    mark(life.made)
    signal(life.made, SPREAD)
    life.broker.fatal = life.broker.asked + 1
    execute(life, 1, Purpose.ENTRY)
    life.step(Life.tell)
    assert life.made.slot("N24300PE").quantity == basket_of(life.made).quantity == UNITS
    assert not basket_of(life.made).opened


def test_what_others_closed_before_our_own_exit_is_not_held_after_a_restart() -> None:
    """A sale by hand crossed our stop, and what that sold too much was bought back: flat, and flat again."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.faults["modify"] = [OrderRejected("the order is COMPLETE")]
    wire.foreign(-1, hand(made, 100))
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00, ts=made.session.now + 1))
    made.driver.settle()
    back = made.order(3)
    assert (back.side, back.quantity) == (1, 100)
    wire.say(back, Status.COMPLETE, fill(back, 100, 99_00, ts=made.session.now + 2))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (0, 0)
    again = reborn(made, wire)
    again.driver.reconcile()
    again.wait(5)
    assert (again.slot().quantity, again.slot().foreign, len(wire.asked("place"))) == (0, 0, 3)


def test_of_two_fills_at_one_moment_ours_was_first() -> None:
    """The exchange's seconds do not say whose it was: what is the person's is left to the person."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.faults["modify"] = [OrderRejected("the order is COMPLETE")]
    moment = made.session.now
    wire.foreign(-1, hand(made, 100, ts=moment))
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00, ts=moment))
    made.driver.settle()
    made.wait(3)
    assert (made.slot().quantity, made.slot().foreign, len(wire.asked("place"))) == (0, -100, 2)


