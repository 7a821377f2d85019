"""Stops of the simulated exchange on quotes, and the recorded bid and ask of options on bars."""

import pytest

from common.market.bar import Bar
from tests.unit.exchange_case import OPEN, TAG, at, fills, opened, option, order, quote, statuses, told, trade


@pytest.mark.parametrize(("side", "trigger", "limit", "last", "touch"), [
    (-1, 99_00, 98_00, 98_90, 98_85), (-1, 99_00, 98_00, 99_00, 98_95), (1, 101_00, 102_00, 101_10, 101_15),
])
def test_a_stop_triggers_on_the_last_price_and_takes_the_touch(
    side: int, trigger: int, limit: int, last: int, touch: int,
) -> None:
    """As deep as it is; the rest goes on as a limit."""
    book = opened()
    book.observe(quote(0, sizes=(70, 70)))
    book.place(order(side, limit, trigger))
    assert statuses(book.drain()) == ["TRIGGER PENDING"]
    bid, ask = (touch - 10, touch) if side > 0 else (touch, touch + 10)
    book.observe(quote(1, last=last, bid=bid, ask=ask, sizes=(70, 70)))
    updates = book.drain()
    assert (statuses(updates), fills(updates)) == (["OPEN", "OPEN"], [(touch, 70)])
    assert {update.ts for update in updates} == {at(1)}


@pytest.mark.parametrize("last", [99_05, 100_00])
def test_a_stop_that_is_not_met_rests_whatever_the_touch(last: int) -> None:
    """Bids do not trigger, trades do."""
    book = opened()
    book.observe(quote(0))
    book.place(order(-1, 98_00, 99_00))
    assert statuses(book.drain()) == ["TRIGGER PENDING"]
    assert not book.observe(quote(1, last=last, bid=98_00))
    assert trade(book) == []


def test_a_stop_that_is_jumped_stays_open_below_its_limit() -> None:
    """The market is beyond the limit: triggered, unfilled, and filled only when somebody bids that much again."""
    book = opened()
    book.observe(quote(0))
    book.place(order(-1, 98_00, 99_00))
    book.drain()
    book.observe(quote(1, last=95_00, bid=94_90, ask=95_00))
    assert statuses(book.drain()) == ["OPEN"]
    assert told(book)[TAG].filled == 0
    assert trade(book, quote(2, last=97_00, bid=97_90, ask=98_10)) == []
    assert trade(book, quote(3, last=97_00, bid=98_00, ask=98_10)) == [(98_00, 100)]


def test_an_option_pays_the_recorded_bid_and_ask() -> None:
    """On a bar that has them: half the recorded spread, and no better than the touch."""
    call = option(24500)
    for side, limit, price in ((1, 110_00, 102_00), (-1, 90_00, 100_00)):
        book = opened(call)
        book.place(order(side, limit, quantity=65, symbol=call.symbol))
        book.observe(Bar(OPEN, call.symbol, 101_00, 101_00, 101_00, 101_00, 10**6, 0, 100_00, 102_00))
        assert fills(book.drain()) == [(price, 65)]
