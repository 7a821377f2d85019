"""Orders that are not ours: the person's, the broker's, protected market orders, and the risk desk's square-off."""

import pytest

from common.exchange.checks import RMS_CANCELLED, Rules
from common.exchange.latency import Latency
from common.exchange.protection import AUTOMATIC
from common.exchange.resting import resting_fields, resting_from_fields
from common.exchange.simulated import Exchange
from common.market.bar import Bar
from common.market.instrument import Instrument
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Status
from tests.unit.exchange_case import (
    OPEN,
    SECOND,
    TAG,
    at,
    fills,
    future,
    opened,
    option,
    order,
    quote,
    share,
    statuses,
    told,
    trade,
)


def quoted(*instruments: Instrument, last: int = 100_00) -> Exchange:
    """A deep market around `last`."""
    book = opened(*instruments)
    for symbol in book.instruments:
        book.observe(quote(0, last, last - 10, last + 10, symbol=symbol))
    return book


def test_an_order_of_the_person_shows_everywhere_without_a_tag() -> None:
    """In the news, in the book and in the positions, with symbol and side; beside ours, which keep their tags."""
    book = quoted()
    book.place(order(price=99_00))
    book.drain()
    id = book.foreign_order("AAA", -1, 30, at(1))
    news = book.drain()
    assert {(u.tag, u.broker_id, u.symbol, u.side) for u in news} == {("", id, "AAA", -1)}
    assert [(u.status, u.filled) for u in news] == [(Status.OPEN, 0), (Status.COMPLETE, 30)]
    assert list(told(book)) == [TAG, id]
    assert book.positions() == {"AAA": -30}


def test_limits_and_stops_of_the_person() -> None:
    """They rest, are changed and cancelled by their id, and can be as wrong as anybody's."""
    book = quoted()
    limit = book.foreign_order("AAA", 1, 30, at(1), price=99_00)
    stop = book.foreign_order("AAA", -1, 30, at(1), price=98_00, trigger=98_50)
    assert statuses(book.drain()) == ["OPEN", "TRIGGER PENDING"]
    book.modify(limit, at(2), Kind.LIMIT, 20, 98_80, 0)
    book.cancel(stop, at(2))
    assert told(book)[limit].terms == (Kind.LIMIT, 20, 98_80, 0)
    assert told(book)[stop].status is Status.CANCELLED
    for symbol, quantity, price in (("ZZZ", 1, 0), ("AAA", 0, 0), ("AAA", 1, 99_01)):
        with pytest.raises(OrderRejected):
            book.foreign_order(symbol, 1, quantity, at(3), price)
    assert len(book.orders()) == 2


@pytest.mark.parametrize(("side", "protection", "limit"), [
    (1, 2.0, 102_10), (-1, 2.0, 97_95), (1, AUTOMATIC, 101_10), (-1, AUTOMATIC, 98_95), (1, 0.01, 100_10),
])
def test_a_protected_market_order_is_a_limit_through_the_touch(side: int, protection: float, limit: int) -> None:
    """On the tick, not further than the protection; 1% is the broker's own choice at 100 rupees."""
    assert quoted().market_price("AAA", side, protection) == limit


def test_the_rest_of_a_protected_market_order_stays_open() -> None:
    """Only 40 were offered, and then the market went away: it waits at its limit, nobody cancels it."""
    book = opened()
    book.observe(quote(0, sizes=(0, 40)))
    id = book.foreign_order("AAA", 1, 100, at(1), protection=1.0)
    assert fills(book.drain()) == [(100_10, 40)]
    assert trade(book, quote(2, last=102_00, bid=101_90, ask=102_10)) == []
    assert (told(book)[id].status, told(book)[id].terms) == (Status.OPEN, (Kind.LIMIT, 100, 101_10, 0))


def test_market_orders_that_are_refused() -> None:
    """Without protection, and where there is no price to protect."""
    book = opened(share(), share("BBB"))
    book.observe(quote(0))
    with pytest.raises(OrderRejected, match="without market protection"):
        book.foreign_order("AAA", 1, 1, at(1), protection=0)
    with pytest.raises(OrderRejected, match="no price"):
        book.foreign_order("BBB", 1, 1, at(1))


@pytest.mark.parametrize(("side", "limit"), [(1, 100_50), (-1, 99_50)])
def test_protection_ends_at_the_band_of_the_day(side: int, limit: int) -> None:
    """Near a circuit the limit is the circuit: outside it would be refused."""
    book = quoted()
    book.set_band("AAA", 99_50, 100_50)
    assert book.market_price("AAA", side, 5.0) == limit


@pytest.mark.parametrize(("instrument", "last", "percent"), [
    (share(), 99_00, 2.0), (share(), 100_00, 1.0), (share(), 600_00, 0.5), (future(), 600_00, 0.5),
    (option(24500), 9_00, 5.0), (option(24500), 50_00, 3.0), (option(24500), 200_00, 2.0), (option(24500), 600_00, 1.0),
])
def test_the_brokers_own_protection(instrument: Instrument, last: int, percent: float) -> None:
    """By price, wider for options; from the last price where nobody is at the touch."""
    book = opened(instrument)
    book.observe(quote(0, last, 0, 0, symbol=instrument.symbol))
    assert book.market_price(instrument.symbol, 1) == instrument.round_down(last * (1 + percent / 100))


def test_on_bars_a_market_order_stands_by_the_last_close() -> None:
    """And trades on the next bar."""
    book = opened()
    book.observe(Bar(OPEN, "AAA", 100_00, 100_00, 100_00, 100_00, 10**6))
    book.foreign_order("AAA", 1, 10, OPEN + 60 * SECOND)
    book.observe(Bar(OPEN + 60 * SECOND, "AAA", 100_50, 100_50, 100_50, 100_50, 10**6))
    assert fills(book.drain()) == [(100_50, 10)]


def test_the_risk_desk_cancels_and_exits_everything() -> None:
    """Ours and the person's, working and on the way; then untagged orders, sliced below the freeze quantity."""
    call = option(24500)
    book = quoted(share(freeze=30), share("BBB"), call)
    for n in range(1, 4):
        book.place(order(quantity=30, n=n))
    book.foreign_order("BBB", -1, 50, at(0))
    book.foreign_order("BBB", 1, 10, at(0), price=90_00)
    book.place(order(-1, 95_00, 99_00, 20, n=4))
    book.place(order(-1, 99_00, quantity=1755, n=5, symbol=call.symbol))
    book.place(order(-1, 99_00, quantity=65, n=6, symbol=call.symbol))
    book.drain()
    assert book.positions() == {"AAA": 90, "BBB": -50, call.symbol: -1820}
    ids = book.broker_square_off(at(5))
    news = book.drain()
    assert [(u.symbol, u.status, u.reason) for u in news[:2]] == [
        ("BBB", Status.CANCELLED, RMS_CANCELLED), ("AAA", Status.CANCELLED, RMS_CANCELLED),
    ]
    assert {u.tag for u in news[2:]} == {""}
    rows = told(book)
    assert [(rows[id].symbol, rows[id].side, rows[id].filled) for id in ids] == [
        ("AAA", -1, 30), ("AAA", -1, 30), ("AAA", -1, 30), ("BBB", 1, 50), (call.symbol, 1, 1755), (call.symbol, 1, 65),
    ]
    assert book.positions() == {}
    assert told(book)["T260901S00004E"].reason == RMS_CANCELLED
    assert book.broker_square_off(at(6)) == []


def test_the_risk_desk_leaves_what_it_cannot_reach() -> None:
    """A halted symbol stays as it is; others named are done, others not named are not."""
    book = quoted(share(), share("BBB"), share("CCC"))
    for n, symbol in enumerate(("AAA", "BBB", "CCC")):
        book.place(order(n=2 * n + 1, symbol=symbol))
        book.place(order(-1, 98_00, 99_00, n=2 * n + 2, symbol=symbol))
    book.halt("AAA")
    assert len(book.broker_square_off(at(1), ["AAA", "BBB"])) == 1
    assert book.positions() == {"AAA": 100, "CCC": 100}
    working = [row.symbol for row in book.orders() if not row.status.terminal]
    assert working == ["AAA", "CCC"]


def test_the_risk_desk_stops_what_is_on_its_way() -> None:
    """An order that has not arrived, a change that has not: neither comes after the desk has cancelled it."""
    book = opened(latency=Latency(SECOND, SECOND))
    book.observe(quote(0))
    book.place(order(price=99_00))
    book.pass_time(at(2))
    book.place(order(n=2))
    book.modify(TAG, at(2), Kind.LIMIT, 50, 99_50, 0)
    book.drain()
    assert book.broker_square_off(at(2)) == []
    assert statuses(book.drain()) == ["CANCELLED", "CANCELLED"]
    book.pass_time(at(9))
    assert trade(book, quote(9, bid=98_00, ask=98_10)) == []
    assert [row.status for row in book.orders()] == [Status.CANCELLED] * 2


def test_orders_without_a_tag_travel_and_survive_a_restart() -> None:
    """By their id, with what is on its way and what they hold; the cut-off that refuses ours is not theirs."""
    latency = Latency(SECOND, SECOND)
    book = opened(latency=latency, rules=Rules(rms_cutoff=0))
    book.observe(quote(0))
    first = book.foreign_order("AAA", 1, 10, at(0))
    book.pass_time(at(1))
    second = book.foreign_order("AAA", 1, 5, at(1), price=99_00)
    again = opened(latency=latency)
    again.restore([resting_from_fields(resting_fields(one)) for one in book.book.values()])
    assert list(again.book) == [first, second]
    assert again.positions() == {"AAA": 10}
    again.pass_time(at(2))
    assert statuses(again.drain()) == ["OPEN"]
    book.place(order(seconds=1.5, n=9))
    book.pass_time(at(9))
    assert told(book)["T260901S00009E"].status is Status.REJECTED
