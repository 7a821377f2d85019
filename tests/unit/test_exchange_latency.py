"""Requests on their way: what is told when, races that follow from it, and restarts in between."""

from typing import Any, Final

import pytest

from common.exchange.latency import Latency
from common.exchange.simulated import Exchange
from common.market.bar import Bar
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Status
from tests.unit.exchange_case import (
    OPEN,
    SECOND,
    TAG,
    at,
    fills,
    opened,
    order,
    quote,
    share,
    statuses,
    told,
    trade,
)

HALF: Final = Latency(SECOND // 2, SECOND // 2)


def slow(**more: Any) -> Exchange:
    """Every request takes half a second; the market is 99.90 to 100.10."""
    book = opened(latency=HALF, **more)
    book.observe(quote(0))
    return book


def resting(side: int = 1, price: int = 99_00, trigger: int = 0) -> Exchange:
    """An order that has arrived and rests."""
    book = slow()
    book.place(order(side, price, trigger))
    book.pass_time(at(1))
    book.drain()
    return book


def test_an_order_is_sent_then_open() -> None:
    """Its id at once, SENT at once, nothing traded before it is there; then it meets the quote that stands."""
    book = slow()
    assert book.place(order()) == told(book)[TAG].broker_id
    assert statuses(book.drain()) == ["SENT"]
    assert not book.pass_time(at(0.49))
    assert told(book)[TAG].status is Status.SENT
    assert book.pass_time(at(0.5))
    updates = book.drain()
    assert (statuses(updates), fills(updates)) == (["OPEN", "COMPLETE"], [(100_10, 100)])
    assert {update.ts for update in updates} == {at(0.5)}


def test_news_of_any_symbol_moves_the_time() -> None:
    """No call of `pass_time` is needed where something is quoted; what arrives first meets the market before it."""
    book = opened(share(), share("BBB"), latency=HALF)
    book.observe(quote(0))
    book.place(order())
    book.drain()
    assert trade(book, quote(0.5, symbol="BBB")) == [(100_10, 100)]
    book.place(order(n=2, seconds=1))
    assert trade(book, quote(2, bid=104_00, ask=104_10)) == [(100_10, 100)]


def test_a_stop_is_sent_then_pending() -> None:
    """And it is met only by what trades after it arrived."""
    book = slow()
    book.place(order(-1, 98_00, 99_00))
    assert trade(book, quote(0.4, last=98_50, bid=98_40), quote(0.45)) == []
    book.pass_time(at(1))
    assert statuses(book.drain()) == ["TRIGGER PENDING"]
    assert trade(book, quote(2, last=98_50, bid=98_40)) == [(98_40, 100)]


def test_what_the_broker_sees_at_once_is_refused_at_once() -> None:
    """Lots, ticks, a trigger through the last price, a limit that should become a stop: nothing is under way."""
    book = slow()
    for wrong in (order(quantity=0), order(price=100_01), order(-1, 99_00, 100_05)):
        with pytest.raises(OrderRejected):
            book.place(wrong)
    assert (book.orders(), book.drain()) == ([], [])
    book = resting()
    for kind, price, trigger in ((Kind.SL, 101_00, 100_50), (Kind.LIMIT, 99_01, 0)):
        with pytest.raises(OrderRejected):
            book.modify(TAG, at(1), kind, 100, price, trigger)
    book.cancel(TAG, at(1))


def test_what_only_the_exchange_sees_is_refused_on_arrival() -> None:
    """The trigger was passed on the way: REJECTED with the reason, told and kept, and nothing works."""
    book = slow()
    book.place(order(-1, 98_00, 99_00))
    book.observe(quote(0.4, last=98_95, bid=98_90))
    book.pass_time(at(1))
    sent, rejected = book.drain()
    assert (sent.status, rejected.status, rejected.ts) == (Status.SENT, Status.REJECTED, at(0.5))
    assert "lower than the last traded price" in rejected.reason
    assert told(book)[TAG].reason == rejected.reason
    assert trade(book, quote(2, last=95_00, bid=95_00)) == []


@pytest.mark.parametrize(("ask", "expected"), [(100_10, Status.CANCELLED), (99_00, Status.COMPLETE)])
def test_a_cancel_may_lose_against_a_fill(ask: int, expected: Status) -> None:
    """Until it is there the order works; a fill on the way wins, and the cancel is told to have failed."""
    book = resting()
    book.cancel(TAG, at(1))
    assert told(book)[TAG].status is Status.OPEN
    book.observe(quote(1.4, bid=98_90, ask=ask))
    book.pass_time(at(2))
    updates = book.drain()
    assert told(book)[TAG].status is expected
    assert fills(updates) == ([(99_00, 100)] if expected is Status.COMPLETE else [])
    assert (updates[-1].status, updates[-1].reason) == (
        expected, "the order is COMPLETE" if expected is Status.COMPLETE else "",
    )


def test_a_cancel_of_a_part_filled_order() -> None:
    """What filled on the way stays filled, and the end is CANCELLED."""
    book = resting()
    book.cancel(TAG, at(1))
    book.observe(quote(1.4, bid=98_90, ask=99_00, sizes=(10, 40)))
    book.pass_time(at(2))
    assert [(u.status, u.filled) for u in book.drain()] == [(Status.OPEN, 40), (Status.CANCELLED, 40)]
    assert told(book)[TAG].ts == at(1.5)


def test_a_modification_takes_effect_later() -> None:
    """The old terms trade until then; the update that tells of it has the new ones."""
    book = resting()
    book.modify(TAG, at(1), Kind.LIMIT, 80, 98_00, 0)
    assert told(book)[TAG].terms == (Kind.LIMIT, 100, 99_00, 0)
    assert trade(book, quote(1.4, bid=98_90, ask=99_00, sizes=(10, 40))) == [(99_00, 40)]
    book.pass_time(at(2))
    (update,) = book.drain()
    assert (update.ts, update.terms, update.filled, update.reason) == (at(1.5), (Kind.LIMIT, 80, 98_00, 0), 40, "")
    assert told(book)[TAG].terms == update.terms


@pytest.mark.parametrize(("kind", "quantity", "price", "trigger", "reason"), [
    (Kind.LIMIT, 30, 99_00, 0, "40 of the order are filled"),
    (Kind.SL, 100, 98_00, 98_95, "a limit order cannot become a stop"),
])
def test_a_modification_that_fails_on_the_way(
    kind: Kind, quantity: int, price: int, trigger: int, reason: str,
) -> None:
    """What was possible when it was sent is not when it is there: told with the reason and the terms as they are."""
    stop = kind is Kind.SL
    book = resting(-1, 98_00, 99_00) if stop else resting()
    book.modify(TAG, at(1), kind, quantity, price, trigger)
    book.observe(
        quote(1.4, last=98_90, bid=97_00, ask=98_95) if stop else quote(1.4, bid=98_90, ask=99_00, sizes=(10, 40)),
    )
    book.drain()
    book.pass_time(at(2))
    (update,) = book.drain()
    assert (update.status, update.reason) == (Status.OPEN, reason)
    assert update.terms == told(book)[TAG].terms != (kind, quantity, price, trigger)
    book.cancel(TAG, at(2))


def test_one_request_of_an_order_at_a_time() -> None:
    """The broker refuses to change what is being processed, the new order included."""
    book = slow()
    book.place(order())
    with pytest.raises(OrderRejected, match="being processed"):
        book.cancel(TAG, at(0.1))
    with pytest.raises(OrderRejected, match="being processed"):
        book.modify(TAG, at(0.1), Kind.LIMIT, 90, 99_00, 0)
    book = resting()
    book.cancel(TAG, at(1))
    with pytest.raises(OrderRejected, match="being processed"):
        book.modify(TAG, at(1.1), Kind.LIMIT, 90, 99_00, 0)


def test_on_bars_an_order_misses_the_opening_that_it_comes_after() -> None:
    """Half a second late for the minute: not the open, but its own price once the market went through it."""
    book = opened(latency=HALF)
    book.place(order(price=100_00))
    assert statuses(book.drain()) == ["SENT"]
    book.observe(Bar(OPEN, "AAA", 99_50, 100_20, 99_40, 100_10, 10**6))
    updates = book.drain()
    assert (statuses(updates), fills(updates)) == (["OPEN", "COMPLETE"], [(100_00, 100)])


def test_on_bars_an_order_rests_and_the_end_of_a_bar_is_not_in_it() -> None:
    """There when the second minute begins, it meets that and the third."""
    minute = 60 * SECOND
    book = opened(latency=Latency(minute, minute))
    book.place(order(price=99_00))
    book.observe(Bar(OPEN, "AAA", 98_00, 98_00, 98_00, 98_00, 10**6))
    assert statuses(book.drain()) == ["SENT"]
    book.observe(Bar(OPEN + minute, "AAA", 100_00, 100_00, 99_00, 100_00, 10**6))
    assert statuses(book.drain()) == ["OPEN"]
    book.observe(Bar(OPEN + 2 * minute, "AAA", 100_00, 100_00, 98_95, 100_00, 10**6))
    assert fills(book.drain()) == [(99_00, 100)]


def test_its_own_clock_counts_once_it_has_one() -> None:
    """A sender whose clock is an hour ahead, or behind, is served like any other."""
    for wrong in (3600.0, -3600.0):
        book = opened(latency=HALF)
        book.pass_time(at(10))
        book.observe(quote(10.2))
        book.place(order(seconds=wrong))
        book.pass_time(at(10.7))
        updates = book.drain()
        assert [(u.status, u.ts) for u in updates] == [
            (Status.SENT, at(10.2)), (Status.OPEN, at(10.7)), (Status.COMPLETE, at(10.7)),
        ]
        assert trade(book, quote(11)) == []
        book.place(order(n=2, price=99_00))
        book.pass_time(at(20))
        book.cancel("T260901S00002E", at(wrong))
        book.pass_time(at(21))
        assert [u.ts for u in book.drain()][1:] == [at(11.5), at(20.5)]
        book.place(order(n=3, price=99_00))
        book.broker_square_off(at(wrong))
        assert told(book)["T260901S00003E"].ts == at(21)


def test_a_tag_on_its_way_is_taken() -> None:
    """Exactly once also before the first has arrived."""
    book = slow()
    book.place(order())
    with pytest.raises(OrderRejected, match="exists"):
        book.place(order())
    assert len(book.orders()) == 1
