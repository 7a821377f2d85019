"""The simulated exchange on quotes: depth at the touch, the queue at a price, stops, and quotes that are no news."""

import pytest

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.exchange.standing import is_news
from common.market.bar import Bar, Quote
from common.trading.orders import Kind, OrderTag, Status
from tests.unit.exchange_case import (
    OPEN,
    TAG,
    at,
    fills,
    opened,
    option,
    order,
    quote,
    share,
    told,
    trade,
)


def waiting(side: int = 1, price: int = 99_90, sizes: tuple[int, int] = (500, 500)) -> Exchange:
    """An order of 100 that rests at the touch of a quote, by default behind all that is shown there."""
    book = opened()
    book.observe(quote(0, sizes=sizes, volume=1000))
    book.place(order(side, price))
    assert fills(book.drain()) == []
    return book


@pytest.mark.parametrize(("side", "limit", "price"), [(1, 100_30, 100_10), (-1, 99_70, 99_90)])
@pytest.mark.parametrize("standing", [True, False])
def test_an_arriving_order_takes_the_touch_as_deep_as_it_is(
    side: int, limit: int, price: int, *, standing: bool,
) -> None:
    """60 of 100 at the other side's price, whether the quote stands already or comes next; the rest rests."""
    book = opened()
    if standing:
        book.observe(quote(0, sizes=(60, 60)))
    book.place(order(side, limit))
    if not standing:
        book.observe(quote(1, sizes=(60, 60)))
    updates = book.drain()
    assert fills(updates) == [(price, 60)]
    assert (updates[-1].status, updates[-1].filled) == (Status.OPEN, 60)


def test_an_unknown_depth_is_deep_enough() -> None:
    """0 at the touch means that nobody said: all of it trades."""
    book = opened()
    book.place(order())
    assert trade(book, quote(0)) == [(100_10, 100)]


def test_the_rest_pays_its_own_price_later() -> None:
    """What rests is met by others: they get its price, not a better one that they would not have had to give."""
    book = opened()
    book.place(order(price=100_30))
    assert trade(book, quote(0, sizes=(9, 60))) == [(100_10, 60)]
    assert trade(book, quote(1, sizes=(9, 30))) == [(100_30, 30)]
    assert trade(book, quote(2, ask=100_35, sizes=(9, 30))) == []
    assert trade(book, quote(3, ask=100_30, sizes=(9, 30))) == [(100_30, 10)]


@pytest.mark.parametrize(("side", "price"), [(1, 100_10), (-1, 99_90)])
def test_orders_share_what_one_quote_shows(side: int, price: int) -> None:
    """The second order gets what the first left, and one that comes later, before the next quote, gets nothing."""
    book = opened()
    book.observe(quote(0, sizes=(150, 150)))
    for n in (1, 2, 3):
        book.place(order(side, price, n=n))
    assert fills(book.drain()) == [(price, 100), (price, 50)]
    assert trade(book, quote(1, sizes=(120, 120))) == [(price, 50), (price, 70)]


def test_each_order_meets_the_quote_that_stands_when_it_comes() -> None:
    """Not the one that an earlier order of the symbol met, when nobody was there in between."""
    book = opened()
    book.observe(quote(0, sizes=(0, 100)))
    book.place(order(n=1))
    book.observe(quote(1, ask=100_20, sizes=(0, 60)))
    book.place(order(price=100_30, n=2))
    assert fills(book.drain()) == [(100_10, 100), (100_20, 60)]


def test_orders_share_what_is_traded() -> None:
    """Two of ours behind one another, nobody ahead: 130 traded through are 100 and 30."""
    book = waiting()
    book.place(order(price=99_90, n=2))
    assert trade(book, quote(1, last=99_85, sizes=(500, 500), volume=1130)) == [(99_90, 100), (99_90, 30)]


def test_whole_lots_only() -> None:
    """100 shown of a contract with lots of 65 are 65; less than a lot is nothing."""
    call = option(24500)
    book = opened(call)
    book.place(order(quantity=195, symbol=call.symbol))
    assert trade(book, quote(0, sizes=(0, 100), symbol=call.symbol)) == [(100_10, 65)]
    assert trade(book, quote(1, sizes=(0, 64), symbol=call.symbol)) == []


@pytest.mark.parametrize("side", [1, -1])
def test_the_queue(side: int) -> None:
    """500 are ahead: 400 traded at the price change nothing for us, 150 more give us 50, and the rest as they come."""
    price = 99_90 if side > 0 else 100_10
    book = waiting(side, price)
    assert trade(book, quote(1, last=price, sizes=(500, 500), volume=1400)) == []
    assert trade(book, quote(2, last=price, sizes=(500, 500), volume=1550)) == [(price, 50)]
    assert trade(book, quote(3, last=price, sizes=(500, 500), volume=1580)) == [(price, 30)]
    assert trade(book, quote(4, last=price, sizes=(500, 500), volume=9999)) == [(price, 20)]
    assert told(book)[TAG].status is Status.COMPLETE


def test_trades_elsewhere_do_not_shorten_the_queue() -> None:
    """At the ask, or with no growth of the day's volume: nothing."""
    book = waiting()
    assert trade(book, quote(1, last=100_10, sizes=(500, 500), volume=5000)) == []
    assert trade(book, quote(2, last=99_90, sizes=(500, 500), volume=5000)) == []
    assert trade(book, quote(3, last=99_90, sizes=(500, 500), volume=5500)) == []
    assert trade(book, quote(4, last=99_90, sizes=(500, 500), volume=5501)) == [(99_90, 1)]


def test_those_who_leave_the_queue_are_seen_when_less_is_shown() -> None:
    """Of 500 ahead 450 went without trading: only 50 are left to wait for."""
    book = waiting()
    trade(book, quote(1, sizes=(50, 500), volume=1000))
    assert trade(book, quote(2, last=99_90, sizes=(500, 500), volume=1060)) == [(99_90, 10)]


def test_the_share_of_the_queue_is_a_parameter() -> None:
    """Half of what is shown ahead: 250 have to trade first."""
    book = opened(model=FillModel(0.0, 0, queue_share=0.5))
    book.observe(quote(0, sizes=(500, 500), volume=1000))
    book.place(order(price=99_90))
    assert trade(book, quote(1, last=99_90, sizes=(500, 500), volume=1260)) == [(99_90, 10)]


def test_alone_inside_the_spread() -> None:
    """A price better than the touch has nobody ahead: the next sale is ours."""
    book = waiting(price=100_00)
    assert trade(book, quote(1, last=100_00, sizes=(500, 500), volume=1030)) == [(100_00, 30)]


def test_alone_on_an_empty_side() -> None:
    """Nobody else bids."""
    book = opened()
    book.observe(quote(0, bid=0, sizes=(0, 500), volume=1000))
    book.place(order(price=99_00))
    assert trade(book, quote(1, last=99_00, bid=0, sizes=(0, 500), volume=1010)) == [(99_00, 10)]


@pytest.mark.parametrize(("side", "price"), [(1, 99_50), (-1, 100_50)])
def test_behind_the_touch_the_queue_is_not_known_until_the_touch_is_there(side: int, price: int) -> None:
    """Trades at our price cannot be counted before; then all that is shown is ahead."""
    book = waiting(side, price)
    bid, ask = (price, price + 20) if side > 0 else (price - 20, price)
    assert trade(book, quote(1, last=price, sizes=(500, 500), volume=9000)) == []
    assert trade(book, quote(2, last=price, bid=bid, ask=ask, sizes=(200, 200), volume=9000)) == []
    assert trade(book, quote(3, last=price, bid=bid, ask=ask, sizes=(200, 200), volume=9240)) == [(price, 40)]


@pytest.mark.parametrize("side", [1, -1])
def test_without_a_touch_there_is_no_queue_to_know(side: int) -> None:
    """A feed of last prices that counts volume: what trades at our price need not be ours."""
    book = opened()
    book.observe(quote(0, bid=0, ask=0, volume=1000))
    book.place(order(side, 100_00 - 50 * side))
    assert trade(book, quote(1, last=100_00 - 50 * side, bid=0, ask=0, volume=9000)) == []
    assert trade(book, quote(2, last=100_00 - 50 * side, bid=0, ask=0, volume=9900)) == []


@pytest.mark.parametrize(("side", "price", "through"), [(1, 99_90, 99_85), (-1, 100_10, 100_15)])
def test_traded_through(side: int, price: int, through: int) -> None:
    """Who sells lower would have sold to us first: at our price, as much as was traded, whatever the queue was."""
    book = waiting(side, price)
    assert trade(book, quote(1, last=through, sizes=(500, 500), volume=1080)) == [(price, 80)]
    assert trade(book, quote(2, last=price, sizes=(500, 500), volume=1090)) == [(price, 10)]


def test_without_volume_only_a_new_price_is_a_trade() -> None:
    """A feed that counts nothing: at the price nothing is known; through it all of the order has traded, once said."""
    book = opened()
    book.observe(quote(0, last=99_80, sizes=(10, 10)))
    book.place(order(price=99_90))
    assert trade(book, quote(1, last=99_80, sizes=(10, 10))) == []
    assert trade(book, quote(2, last=99_90, sizes=(10, 10))) == []
    assert trade(book, quote(3, last=99_85, sizes=(10, 10))) == [(99_90, 100)]


def test_a_crossed_resting_order_trades_at_its_price_as_deep_as_is_offered() -> None:
    """The other side comes to us: 30 are offered, 30 trade, at our price although they ask less."""
    book = waiting()
    assert trade(book, quote(1, bid=99_70, ask=99_80, sizes=(500, 30), volume=1000)) == [(99_90, 30)]


def test_nobody_on_the_other_side() -> None:
    """A one-sided quote, as at a locked circuit, sells nothing, whatever the last price was."""
    book = opened()
    book.place(order(price=101_00))
    for second in range(3):
        locked = quote(second, last=101_00, bid=101_00, ask=0, sizes=(900, 0), volume=10)
        assert trade(book, locked) == []


def test_without_any_touch_the_model_prices_by_the_last() -> None:
    """A feed of last prices alone: half a spread worse, and no better."""
    book = opened(model=FillModel(half_spread_bps=10.0, slippage_ticks=0))
    book.place(order(price=101_00))
    assert trade(book, quote(0, bid=0, ask=0)) == [(100_10, 100)]


@pytest.mark.parametrize("again", [quote(5, volume=1500), quote(3, last=99_85, volume=9000)])
def test_quotes_that_are_no_news(again: Quote) -> None:
    """The same again, or one that is older than what stands: nothing trades on it, and nothing is forgotten."""
    book = waiting()
    trade(book, quote(5, volume=1500))
    assert trade(book, again) == []
    assert trade(book, quote(6, last=99_90, sizes=(500, 500), volume=1700)) == []


def test_what_makes_a_quote_news() -> None:
    """A later moment, or anything else that differs at the same one; never an earlier one."""
    stood = quote(5, 100_00, 99_90, 100_10, (7, 8), 1000)
    assert not is_news(quote(5, 100_00, 99_90, 100_10, (7, 8), 1000), stood)
    assert is_news(quote(6, 100_00, 99_90, 100_10, (7, 8), 1000), stood)
    assert not is_news(quote(4, 101_00, 99_95, 100_15, (9, 9), 9000), stood)
    for other in (
        quote(5, 100_05, 99_90, 100_10, (7, 8), 1000), quote(5, 100_00, 99_95, 100_10, (7, 8), 1000),
        quote(5, 100_00, 99_90, 100_15, (7, 8), 1000), quote(5, 100_00, 99_90, 100_10, (6, 8), 1000),
        quote(5, 100_00, 99_90, 100_10, (7, 9), 1000), quote(5, 100_00, 99_90, 100_10, (7, 8), 1001),
    ):
        assert is_news(other, stood), other


def test_two_quotes_of_one_moment_are_two() -> None:
    """Stamps of a feed may be coarse: what differs is news."""
    book = waiting(sizes=(10, 500))
    same_time = [quote(1, last=99_90, volume=1020), quote(1, last=99_90, volume=1050)]
    assert trade(book, *same_time) == [(99_90, 10), (99_90, 30)]


def test_fewer_units_keep_the_place_more_or_another_price_lose_it() -> None:
    """The exchange's rule of time priority."""
    kept = [(99_90, 10)]
    for quantity, price, traded in ((80, 99_90, kept), (100, 99_90, kept), (120, 99_90, []), (100, 99_80, [])):
        book = waiting()
        trade(book, quote(1, last=99_90, sizes=(500, 500), volume=1400))
        book.modify(TAG, at(1), Kind.LIMIT, quantity, price, 0)
        book.observe(quote(2, bid=price, sizes=(500, 500), volume=1400))
        assert trade(book, quote(3, last=price, bid=price, sizes=(500, 500), volume=1510)) == traded, (quantity, price)


def test_new_terms_meet_the_quote_that_stands() -> None:
    """Repriced through the touch it trades at once, at the touch, when the change took effect."""
    book = waiting(sizes=(500, 70))
    book.modify(TAG, at(0.5), Kind.LIMIT, 100, 100_20, 0)
    updates = book.drain()
    assert fills(updates) == [(100_10, 70)]
    assert [fill.ts for update in updates for fill in update.fills] == [at(0.5)]


def test_bars_of_a_quoted_symbol_tell_nothing_new() -> None:
    """A live feed hands over both: what the quotes have said already does not trade again."""
    book = waiting(price=99_90)
    book.observe(Bar(OPEN, "AAA", 100_00, 101_00, 99_00, 100_00, 10**6))
    assert fills(book.drain()) == []
    assert trade(book, quote(61, last=99_90, sizes=(500, 500), volume=1510)) == [(99_90, 10)]


def test_what_an_update_says() -> None:
    """Units filled in all, symbol and side, in news and in the book; the book has the terms too."""
    book = opened(share(), share("BBB"))
    book.place(order(-1, 99_00))
    book.observe(quote(0, sizes=(60, 60)))
    news = book.drain()
    assert [(one.filled, one.symbol, one.side, one.tag) for one in news] == [
        (0, "AAA", -1, TAG), (60, "AAA", -1, TAG),
    ]
    (row,) = book.orders()
    assert (row.filled, row.symbol, row.side, row.terms) == (60, "AAA", -1, (Kind.LIMIT, 100, 99_00, 0))
    assert fills([row]) == [(99_90, 60)]
    assert book.positions() == {"AAA": -60}
    book.place(order(1, 101_00, quantity=60, n=2))
    book.drain()
    assert book.positions() == {}
    assert OrderTag(TAG) in book.book
