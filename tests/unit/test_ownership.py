"""Mine and yours: what is not ours is never touched, and what of ours another has closed is not closed again."""

import pytest

from common.trading.accounting import BY_HAND
from common.trading.halts import HaltLevel
from common.trading.orders import Kind, Order, Status
from common.trading.ownership import YOURS
from common.trading.pace import LIVE
from tests.unit.trading_case import LONG, SHORT, desk, flat, minute
from tests.unit.wire_case import Wire, fill, hand, protected, read_twice


def test_what_the_person_holds_at_the_start_is_theirs() -> None:
    """Their symbols are not traded, the others are; it is said once, quietly, and nothing of theirs is touched."""
    wire = Wire()
    wire.held = {"AAA": 70, "ZZZ": 5}
    made = desk(wire, {0: LONG}, symbols="AAA BBB", pace=LIVE)
    read_twice(made)
    made.driver.run(flat("AAA", 1))
    assert (made.slot().foreign, made.slot().blocked) == (70, YOURS)
    assert made.session.book.denied == {"symbol_blocked": 1}
    assert made.slot("BBB").blocked == ""
    assert [record.severity for record in made.ledger.records if YOURS in record.message] == ["INFO"]
    made.control(HaltLevel.FLATTEN)
    made.wait(20)
    assert wire.asked("place", "modify", "cancel") == []


@pytest.mark.parametrize("status", [Status.OPEN, Status.TRIGGER_PENDING, Status.CANCELLED, Status.COMPLETE])
def test_the_persons_order_keeps_us_out(status: Status) -> None:
    """Whatever became of it: they trade this symbol today."""
    wire = Wire()
    wire.foreign(1, status=status)
    made = desk(wire, {0: LONG}, pace=LIVE)
    made.driver.run(flat("AAA", 1))
    assert made.session.book.denied == {"symbol_blocked": 1}
    assert made.ledger.records[0].severity == "WARNING"


def test_a_refused_order_of_theirs_is_nothing() -> None:
    """It never was in the market."""
    wire = Wire()
    wire.foreign(1, status=Status.REJECTED)
    made = desk(wire, {0: LONG}, pace=LIVE)
    made.driver.run(flat("AAA", 1))
    assert made.slot().blocked == ""
    assert len(wire.asked("place")) == 1


def test_a_part_closed_by_hand_shrinks_the_stop_first() -> None:
    """100 of 498 sold by the person: the stop is for 398 at once, the symbol is blocked, the rest stays protected."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, 100))
    made.driver.settle()
    left = entry.quantity - 100
    assert wire.asked("modify") == [("modify", stop.tag, Kind.SL, left, stop.price, stop.trigger)]
    assert (made.slot().quantity, made.slot().foreign, made.slot().blocked) == (left, 0, BY_HAND)
    assert [record.fields["kind"] for record in made.alarms()] == ["by hand"]
    wire.say(stop, Status.COMPLETE, fill(stop, left, 99_00))
    made.wait(5)
    (trade,) = made.ledger.trades
    assert (trade.quantity, trade.gross) == (entry.quantity, -100 * 50 - left * 100)
    assert not made.slot().busy


@pytest.mark.parametrize("signal", [LONG, SHORT])
def test_all_closed_by_hand_takes_the_stop_back(signal: object) -> None:
    """Nothing of ours is left: the stop could only open something; the trade says who closed it."""
    wire = Wire()
    made, entry, stop = protected(wire, SHORT if signal is SHORT else LONG, pace=LIVE)
    wire.foreign(-entry.side, hand(made, entry.quantity))
    made.driver.settle()
    assert wire.asked("cancel") == [("cancel", stop.tag)]
    assert (made.slot().quantity, made.slot().foreign) == (0, 0)
    assert [trade.exit_reason for trade in made.ledger.trades] == [BY_HAND]
    assert made.account.open_positions == 0
    wire.say(stop, Status.CANCELLED)
    made.wait(3)
    assert (made.slot().busy, made.account.reserved) == (False, {})
    made.driver.run(flat("AAA", 1, start=2))
    assert len(wire.asked("place")) == 2


def test_more_than_ours_sold_by_hand_is_theirs() -> None:
    """They sold 50 more than we held: ours is flat, their short is left alone."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, entry.quantity + 50))
    made.driver.settle()
    wire.say(stop, Status.CANCELLED)
    made.wait(10)
    read_twice(made)
    assert (made.slot().quantity, made.slot().foreign) == (0, -50)
    assert len(wire.asked("place", "modify")) == 2
    assert [record.fields["kind"] for record in made.alarms()] == ["by hand"]


def test_a_trade_in_our_direction_is_theirs() -> None:
    """They bought 50 beside our long: ours stays as it is and protected, and the symbol is blocked."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(1, hand(made, 50))
    made.driver.settle()
    read_twice(made)
    assert (made.slot().quantity, made.slot().foreign, made.slot().blocked) == (entry.quantity, 50, YOURS)
    assert wire.asked("modify", "cancel") == []
    assert made.alarms() == []


def test_what_they_bought_beside_ours_they_may_sell() -> None:
    """In and out of their own 50: ours is not less for it."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(1, hand(made, 50, id="in"), id="F1")
    wire.foreign(-1, hand(made, 50, id="out"), id="F2")
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (entry.quantity, 0)
    assert wire.asked("modify", "cancel") == []


def test_beyond_their_own_they_close_ours() -> None:
    """50 bought, 80 sold: 30 of it were ours."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(1, hand(made, 50, id="in"), id="F1")
    wire.foreign(-1, hand(made, 80, id="out"), id="F2")
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (entry.quantity - 30, 0)
    assert made.exits() == [(2, Kind.SL, entry.quantity - 30)]


def test_fills_told_again_count_once() -> None:
    """By news and by every read: 100 sold by hand are 100."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, 60, id="a"), status=Status.OPEN)
    made.driver.settle()
    for _ in range(3):
        made.driver.reconcile()
    wire.foreign(-1, hand(made, 40, id="b"))
    made.driver.settle()
    made.driver.reconcile()
    assert (made.slot().quantity, made.slot().foreign) == (entry.quantity - 100, 0)


def test_fills_that_are_only_counted() -> None:
    """The broker says 100 filled and not at which price: at our mark, and not again when the fill is told."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(-1, filled=100, ts=made.session.now)
    made.driver.settle()
    assert made.slot().quantity == entry.quantity - 100
    wire.foreign(-1, hand(made, 100), filled=100)
    made.driver.settle()
    assert made.slot().quantity == entry.quantity - 100


def test_a_fill_from_before_our_entry_is_theirs() -> None:
    """They sold short in the morning, we bought later: nothing of ours was closed by it."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, 100, ts=minute(0)))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (entry.quantity, -100)


def test_the_brokers_square_off_is_not_chased() -> None:
    """It cancels our stop and sells: between the two nothing of ours is sent, and after them nothing is needed."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.CANCELLED, reason="RMS:Auto Square Off")
    made.driver.settle()
    wire.foreign(-1, hand(made, entry.quantity))
    made.wait(10)
    assert len(wire.asked("place")) == 2
    assert (made.slot().quantity, made.slot().busy, made.slot().blocked) == (0, False, BY_HAND)


def test_an_exit_of_ours_that_filled_before_their_sale() -> None:
    """Our stop filled, they sold too, and their sale was told first: theirs after all, and ours is flat, not short."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    now = made.session.now
    wire.foreign(-1, hand(made, entry.quantity, ts=now + 5))
    made.driver.settle()
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00, ts=now + 1))
    made.wait(3)
    assert (made.slot().quantity, made.slot().foreign) == (0, -entry.quantity)
    assert len(wire.asked("place")) == 2


def test_of_two_orders_each_counts_its_own() -> None:
    """Their orders are told apart by the broker's id."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    for number in range(3):
        wire.foreign(-1, hand(made, 10, id=f"h{number}"), id=f"F{number}")
    made.wait(2)
    assert made.slot().quantity == entry.quantity - 30
    stop: Order = made.order(2)
    assert stop.quantity == entry.quantity - 30


@pytest.mark.parametrize("after", [True, False])
def test_a_sale_by_hand_that_is_heard_before_the_fill_that_it_closed(after: bool) -> None:
    """Their news overtook ours: sold after our fill it closed ours, and the stop is for what is left; before, not."""
    wire = Wire()
    made = desk(wire, {0: LONG}, pace=LIVE)
    made.driver.run(flat("AAA", 1))
    (entry,) = made.session.book.orders.values()
    wire.say(entry, Status.OPEN)
    bought = fill(entry, entry.quantity, 100_00)
    wire.foreign(-1, hand(made, 100, ts=bought.ts + (1 if after else -1)))
    made.driver.settle()
    assert made.slot().foreign == -100
    wire.say(entry, Status.COMPLETE, bought)
    made.driver.settle()
    left, theirs, blocked = (entry.quantity - 100, 0, BY_HAND) if after else (entry.quantity, -100, YOURS)
    assert (made.slot().quantity, made.slot().foreign, made.slot().blocked) == (left, theirs, blocked)
    assert [one.quantity for one in made.slot().exits] == [left]
