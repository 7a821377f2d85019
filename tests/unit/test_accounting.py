"""Accounting: fills of ours and of others into positions, marks into open P&L, round trips into numbered trades."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar, Quote
from common.trading.accounting import BY_HAND, TRIPS_APART, mark
from common.trading.charges import round_trip
from common.trading.orders import Kind, Status
from common.trading.pace import LIVE
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, RATES, SECOND, SHORT, Desk, flat, minute
from tests.unit.wire_case import Wire, entered, fill, protected


def consistent(made: Desk) -> None:
    """The account's net is what the trades and the open trip give, less the charges to come."""
    account, slot = made.account, made.slot()
    closed = sum(trade.net for trade in made.session.book.trades)
    assert account.net == closed + slot.trip.pnl(slot.mark) - account.pending_charges
    assert slot.quantity == slot.trip.buys - slot.trip.sells


def test_what_can_be_closed_at_the_quote_is_the_value() -> None:
    """A long at the bid, a short at the ask, and at the last price where that side is empty."""
    for signal, touch, price in ((LONG, {"bid": 99_00}, 99_00), (SHORT, {"ask": 101_00}, 101_00), (LONG, {}, 100_50)):
        made, entry, _ = protected(Wire(), signal, pace=LIVE)
        made.quote(100_50, "AAA", **touch)
        assert made.slot().mark == price
        assert made.account.open_pnl == (price - 100_00) * made.slot().quantity
        assert entry.filled == abs(made.slot().quantity)
        consistent(made)


@given(st.lists(st.tuples(st.integers(9_000, 11_000), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=20))
def test_marks_do_not_add_up_errors(marks: list[tuple[int, int, int]]) -> None:
    """Whatever the sequence of quotes, open P&L is that of the last."""
    made, _, _ = protected(Wire())
    slot = made.slot()
    for price, below, above in marks:
        bid, ask = price - below if below else 0, price + above if above else 0
        value = mark(made.session.book, slot, Bar(minute(1), "AAA", price, price, price, price, 0, 0, bid, ask))
        assert value == (bid or price) == slot.mark
    assert made.account.open_pnl == slot.quantity * (slot.mark - 100_00)
    consistent(made)


def test_an_entry_that_fills_again_after_its_end_is_another_trade() -> None:
    """Stopped out, then the cancelled rest fills after all: two round trips of one entry, with numbers of their own."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.COMPLETE, fill(stop, 40, 99_00))
    made.driver.settle()
    wire.say(entry, Status.CANCELLED, fill(entry, 60, 100_00, id="late"))
    made.wait(2)
    last = made.order(3)
    wire.say(last, Status.COMPLETE, fill(last, 60, 99_50))
    made.wait(2)
    assert [trade.number for trade in made.ledger.trades] == [entry.sequence, entry.sequence + TRIPS_APART]
    assert [trade.quantity for trade in made.ledger.trades] == [40, 60]
    consistent(made)


def test_closed_by_hand_in_parts_is_one_trade() -> None:
    """Some by the person, some by our stop: one round trip at the prices of both, each order charged."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    wire.foreign(-1, fill(entry, 98, 101_00, id="hand", ts=now))
    made.driver.settle()
    consistent(made)
    wire.say(stop, Status.COMPLETE, fill(stop, quantity - 98, 99_00, ts=now + SECOND))
    made.driver.settle()
    (trade,) = made.ledger.trades
    sold = 98 * 101_00 + (quantity - 98) * 99_00
    assert (trade.quantity, trade.exit_reason, trade.number) == (quantity, "stop", entry.sequence)
    assert trade.gross == sold - quantity * 100_00
    assert trade.charges == round_trip(RATES, quantity * 100_00, sold, 1, 2)
    consistent(made)


@pytest.mark.parametrize("signal", [LONG, SHORT], ids=["long", "short"])
def test_a_stop_that_had_filled_before_the_persons_trade(signal: Enter) -> None:
    """We took their 100 for ours and our stop had closed all 498 already: theirs are given back, ours is flat."""
    wire = Wire()
    made, entry, stop = protected(wire, signal, pace=LIVE)
    now, quantity, side = made.session.now, entry.quantity, entry.side
    wire.foreign(-side, fill(entry, 100, 100_00 - 200 * side, id="hand", ts=now + 5))
    made.driver.settle()
    assert made.slot().quantity == side * (quantity - 100)
    stop.quantity = quantity  # the change came too late
    wire.say(stop, Status.COMPLETE, fill(stop, quantity, 100_00 - 100 * side, ts=now + 1))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (0, -100 * side)
    (trade,) = made.ledger.trades
    assert (trade.quantity, trade.gross, trade.exit_reason) == (quantity, -100 * quantity, "stop")
    assert [record.severity for record in made.ledger.records if "not by hand" in record.message] == ["WARNING"]
    consistent(made)
    made.wait(3)
    assert not made.slot().busy


def test_what_was_taken_in_a_trade_that_is_over_is_given_back_as_a_position() -> None:
    """40 closed by hand end a trade, the rest of the entry opens another: a late fill undoes nothing of that one."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    now = made.session.now
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00, ts=now))
    made.driver.settle()
    stop = made.order(2)
    wire.foreign(-1, fill(entry, 40, 98_00, id="hand", ts=now + 5))
    made.driver.settle()
    assert [trade.exit_reason for trade in made.ledger.trades] == [BY_HAND]
    wire.say(entry, Status.CANCELLED, fill(entry, 60, 101_00, id="late", ts=now + 6))
    made.driver.settle()
    stop.quantity = 100
    wire.say(stop, Status.COMPLETE, fill(stop, 100, 99_00, ts=now + 1))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (0, -40)
    trade = made.ledger.trades[-1]
    assert (trade.quantity, trade.gross) == (100, 100 * 99_00 - 60 * 101_00 - 40 * 98_00)
    consistent(made)


def test_only_sales_after_our_fill_are_given_back() -> None:
    """They sold 100 before our stop filled: that part of ours is gone, and the stop has flipped what is left."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    wire.foreign(-1, fill(entry, 100, 98_00, id="hand", ts=now + 1))
    made.driver.settle()
    stop.quantity = quantity
    wire.say(stop, Status.COMPLETE, fill(stop, quantity, 99_00, ts=now + 5))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (-100, 0)
    assert made.exits() == [(3, Kind.LIMIT, 100)]
    assert made.order(3).side == 1


def test_what_is_given_back_after_all_was_settled() -> None:
    """Closed by hand, settled; then our cancelled stop turns out to have filled first: theirs was theirs."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    wire.foreign(-1, fill(entry, quantity, 98_00, id="hand", ts=now + 5))
    made.driver.settle()
    wire.say(stop, Status.CANCELLED)
    made.wait(3)
    assert (made.slot().busy, made.ledger.trades[0].exit_reason) == (False, BY_HAND)
    wire.say(stop, Status.COMPLETE, fill(stop, quantity, 99_00, ts=now + 1))
    made.wait(3)
    assert (made.slot().quantity, made.slot().foreign, made.slot().busy) == (0, -quantity, False)
    assert made.account.open_positions == 0
    assert made.account.reserved == {}


def test_a_position_that_nobody_entered_is_counted_by_its_fills() -> None:
    """An exit filled and its entry is unknown: capital is bound for what is there."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.wait(2)
    assert made.account.reserved == {}
    stop.quantity += 50
    wire.say(stop, Status.COMPLETE, fill(stop, 50, 99_00, id="more"))
    made.driver.settle()
    assert made.slot().quantity == -50
    assert made.account.reserved["AAA"] == made.account.need(99_00, 50)


def test_a_tick_of_another_time_is_no_mark() -> None:
    """Older than what is known: dropped."""
    made, _, _ = protected(Wire(), pace=LIVE)
    made.quote(99_50)
    before = made.slot().mark
    assert made.session.handle(Quote(made.session.now - SECOND, "AAA", 50_00)) == ()
    assert made.slot().mark == before == 99_50
    made.driver.run(flat("AAA", 1, 98_00, start=5))
    assert made.slot().mark == 98_00
