"""Fills of ours that are told after others' trades which they preceded: mine and yours as they came in time."""

import pytest

from common.trading.accounting import BY_HAND
from common.trading.orders import Kind, Status
from common.trading.ownership import YOURS
from common.trading.pace import LIVE
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, SHORT
from tests.unit.wire_case import Wire, entered, fill, protected


@pytest.mark.parametrize("signal", [LONG, SHORT], ids=["long", "short"])
def test_an_entry_that_had_filled_before_the_persons_trade(signal: Enter) -> None:
    """We know of 45, they trade 150 the other way, then 255 more are told that came first: 150 of ours are gone."""
    wire = Wire()
    made, entry = entered(wire, signal, pace=LIVE)
    now, side = made.session.now, entry.side
    wire.say(entry, Status.OPEN, fill(entry, 45, 100_00, ts=now + 2), filled=45)
    made.driver.settle()
    wire.foreign(-side, fill(entry, 150, 100_10, id="hand", ts=now + 5))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (0, -105 * side)
    wire.say(entry, Status.OPEN, fill(entry, 255, 100_00, id="late", ts=now + 1), filled=300)
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign, made.slot().blocked) == (150 * side, 0, BY_HAND)
    wire.say(made.order(2), Status.CANCELLED)
    wire.say(entry, Status.CANCELLED, filled=300)
    made.wait(5)
    assert made.exits() == [(3, Kind.SL, 150)]


def test_their_trade_is_heard_before_any_fill_of_ours() -> None:
    """They closed all of what we did not yet know that we held: no exit is sent, one trade, and a person is told."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    wire.foreign(-1, fill(entry, quantity, 99_50, id="hand", ts=now + 2))
    made.driver.settle()
    assert (made.slot().foreign, made.slot().blocked) == (-quantity, YOURS)
    wire.say(entry, Status.COMPLETE, fill(entry, quantity, 100_00, ts=now + 1))
    made.wait(3)
    assert (made.slot().quantity, made.slot().foreign, made.slot().busy) == (0, 0, False)
    assert [(trade.quantity, trade.exit_reason) for trade in made.ledger.trades] == [(quantity, BY_HAND)]
    assert [record.fields["once"] for record in made.alarms()] == ["AAA-by-hand"]
    assert len(wire.asked("place")) == 1


@pytest.mark.parametrize(("after", "side"), [(3, -1), (1, 1)], ids=["ours came later", "on the same side"])
def test_what_they_traded_for_themselves_stays_theirs(after: int, side: int) -> None:
    """Before our fill, or in its direction: it closed nothing of ours, and ours is protected whole."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    wire.foreign(side, fill(entry, 100, 99_50, id="hand", ts=now + 2))
    made.driver.settle()
    wire.say(entry, Status.COMPLETE, fill(entry, quantity, 100_00, ts=now + after))
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (quantity, 100 * side)
    assert made.exits() == [(2, Kind.SL, quantity)]


def test_several_trades_of_theirs_are_given_back_after_all_was_settled() -> None:
    """Closed by two sales of theirs; then our own stop turns out to have filled first: flat, both were theirs."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    parts = fill(entry, 400, 98_00, id="one", ts=now + 5), fill(entry, quantity - 400, 98_10, id="two", ts=now + 6)
    wire.foreign(-1, *parts)
    made.driver.settle()
    assert (made.slot().quantity, len(made.ledger.trades)) == (0, 1)
    stop.quantity = quantity  # the cancellation came too late
    wire.say(stop, Status.COMPLETE, fill(stop, quantity, 99_00, ts=now + 1))
    made.wait(3)
    assert (made.slot().quantity, made.slot().foreign, made.slot().busy) == (0, -quantity, False)
    assert made.account.open_positions == 0
    by_hand, given_back = made.ledger.trades
    assert by_hand.gross + given_back.gross == -100 * quantity
    assert (given_back.quantity, given_back.exit_price) == (quantity, 99_00)


def test_each_of_theirs_closes_once_and_no_more_than_it_traded() -> None:
    """Two sales of 60, then 100 and 50 bought before: 60, 40 and 20 are taken, 30 are left, and nothing is theirs."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    now = made.session.now
    for number in (1, 2):
        wire.foreign(-1, fill(entry, 60, 99_00 + number, id=f"hand {number}", ts=now + 4 + number), id=f"F{number}")
    made.driver.settle()
    for told, late, left in ((100, 100, (0, -20)), (150, 50, (30, 0))):
        wire.say(entry, Status.OPEN, fill(entry, late, 100_00, id=str(told), ts=now + 1), filled=told)
        made.driver.settle()
        assert (made.slot().quantity, made.slot().foreign) == left
    assert [(trade.quantity, trade.gross) for trade in made.ledger.trades] == [(100, -60 * 99 - 40 * 98)]


def test_only_what_was_closed_too_often_is_given_back() -> None:
    """They sold 60 and 60 after our stop, changed to the rest, had sold 30 more than that: 30 of theirs were theirs."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    now, quantity = made.session.now, entry.quantity
    for number in (1, 2):
        wire.foreign(-1, fill(entry, 60, 98_00, id=f"hand {number}", ts=now + 4 + number), id=f"F{number}")
    made.driver.settle()
    assert made.slot().quantity == quantity - 120
    stop.quantity = quantity  # the change came too late
    wire.say(stop, Status.OPEN, fill(stop, quantity - 90, 99_00, ts=now + 1), filled=quantity - 90)
    made.driver.settle()
    assert (made.slot().quantity, made.slot().foreign) == (0, -30)
    assert [trade.gross for trade in made.ledger.trades] == [-100 * (quantity - 90) - 200 * 90]
    assert made.account.open_pnl == 0
    made.slot().theirs.sort(key=lambda row: row[1].ts)
    assert [(side, theirs.quantity) for side, theirs in made.slot().theirs] == [(-1, 30)]
