"""What the simulated exchange refuses, and when: bands, gaps, halts, cut-off, modifications; and stops it cancels."""

import pytest

from common.exchange.checks import NOT_TRADING, OUTSIDE_CIRCUIT, OUTSIDE_PROTECTION, Rules
from common.exchange.latency import Latency
from common.exchange.simulated import Exchange
from common.market.bar import Bar
from common.market.instrument import Instrument
from common.market.instrument import Kind as InstrumentKind
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Status
from tests.unit.exchange_case import (
    DAY,
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

CALL = option(24500)
HALF = Latency(SECOND // 2, SECOND // 2)


def strict(instrument: Instrument, last: int = 100_00) -> Exchange:
    """With the dated rules on, and a market around `last`."""
    book = opened(instrument, rules=Rules(on=DAY))
    book.observe(quote(0, last, last - 10, last + 10, symbol=instrument.symbol))
    return book


def refuses(book: Exchange, instrument: Instrument, side: int, price: int, trigger: int = 0) -> str:
    """The words of the refusal, '' where the order is taken."""
    made = order(side, price, trigger, instrument.lot, n=len(book.orders()) + 1, symbol=instrument.symbol)
    try:
        book.place(made)
    except OrderRejected as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize(("side", "price", "trigger", "taken"), [
    (1, 110_00, 0, True), (1, 110_05, 0, False), (-1, 90_00, 0, True), (-1, 89_95, 0, False),
    (-1, 110_05, 0, False), (1, 109_50, 109_00, True), (1, 110_50, 110_00, False), (1, 110_50, 110_05, False),
    (-1, 90_00, 91_00, True), (-1, 89_95, 91_00, False),
])
def test_the_band_of_the_day(side: int, price: int, trigger: int, *, taken: bool) -> None:
    """Prices and triggers outside 90 to 110 are refused, on either side; the bounds themselves are inside."""
    book = opened()
    book.observe(quote(0))
    assert refuses(book, share(), side, 200_00) == ""
    book.set_band("AAA", 90_00, 110_00)
    assert refuses(book, share(), side, price, trigger) == ("" if taken else OUTSIDE_CIRCUIT)
    book.set_band("AAA", 0, 0)
    assert refuses(book, share(), side, price, trigger) == ""


def test_a_band_is_of_its_symbol_and_holds_for_changes() -> None:
    """A price that could not be ordered cannot be modified to."""
    book = opened(share(), share("BBB"))
    book.set_band("BBB", 90_00, 110_00)
    book.place(order(price=50_00))
    book.modify(TAG, at(1), Kind.LIMIT, 100, 51_00, 0)
    book.set_band("AAA", 90_00, 110_00)
    with pytest.raises(OrderRejected, match="circuit limits"):
        book.modify(TAG, at(1), Kind.LIMIT, 100, 52_00, 0)
    assert told(book)[TAG].terms == (Kind.LIMIT, 100, 51_00, 0)


@pytest.mark.parametrize(("instrument", "trigger", "gap"), [
    (share(), 110_00, 3_30), (future(), 110_00, 3_30), (share(), 50_00, 1_50), (CALL, 110_00, 22_00),
    (CALL, 50_00, 10_00),
])
@pytest.mark.parametrize("side", [1, -1])
def test_the_gap_of_a_stop_is_capped(instrument: Instrument, trigger: int, gap: int, side: int) -> None:
    """3% for shares and futures, 20% for options; 1.5 and 10 rupees at or below 50."""
    book = strict(instrument, trigger - side * 1_00)
    tick = instrument.tick
    assert refuses(book, instrument, side, trigger + side * gap, trigger) == ""
    assert "beyond permissible range" in refuses(book, instrument, side, trigger + side * (gap + tick), trigger)


@pytest.mark.parametrize(("last", "lowest", "highest"), [
    (100_00, 60_00, 140_00), (50_00, 30_00, 70_00), (30_00, 10_00, 50_00),
])
def test_the_dynamic_band_of_derivatives(last: int, lowest: int, highest: int) -> None:
    """Options 40% around the reference, 20 rupees at or below 50; futures 3%: only what pays too much is refused."""
    book = strict(CALL, last)
    assert refuses(book, CALL, 1, highest) == refuses(book, CALL, -1, lowest) == ""
    assert refuses(book, CALL, 1, highest + 5) == refuses(book, CALL, -1, lowest - 5) == OUTSIDE_CIRCUIT
    assert refuses(book, CALL, 1, lowest - 5) == refuses(book, CALL, -1, highest + 5) == ""
    assert refuses(strict(share()), share(), 1, 150_00) == ""
    coming = strict(future(), 24_000_00)
    assert refuses(coming, future(), 1, 24_720_00) == refuses(coming, future(), -1, 23_280_00) == ""
    assert refuses(coming, future(), 1, 24_721_00) == refuses(coming, future(), -1, 23_279_00) == OUTSIDE_CIRCUIT
    assert refuses(opened(CALL, rules=Rules(on=DAY)), CALL, 1, 999_00) == ""


def test_the_reference_is_the_average_of_half_a_minute() -> None:
    """One jump does not move the band at once; what is older than 30 seconds does not count."""
    book = strict(CALL, 100_00)
    for second in range(10, 31, 10):
        book.observe(quote(second, 200_00, 199_90, 200_10, symbol=CALL.symbol))
    taken = order(1, 280_00, quantity=65, symbol=CALL.symbol, seconds=29.9)
    with pytest.raises(OrderRejected, match="circuit limits"):
        book.place(taken)
    taken.created = at(30.0)
    book.place(taken)


@pytest.mark.parametrize("bars", [True, False])
def test_a_triggered_stop_outside_the_band_is_cancelled(*, bars: bool) -> None:
    """The day's band was narrowed after it was placed: looked at when it triggers, and then it is gone."""
    book = opened()
    if not bars:
        book.observe(quote(0))
    book.place(order(-1, 98_00, 99_00))
    book.drain()
    book.set_band("AAA", 98_50, 110_00)
    if bars:
        book.observe(Bar(OPEN, "AAA", 100_00, 100_00, 98_60, 98_70, 10**6))
    else:
        book.observe(quote(1, last=98_60, bid=98_60))
    (update,) = book.drain()
    assert (update.status, update.reason) == (Status.CANCELLED, OUTSIDE_PROTECTION)
    assert told(book)[TAG].reason == OUTSIDE_PROTECTION
    assert trade(book, quote(2, last=98_90, bid=98_90)) == []
    assert book.positions() == {}


def test_an_option_that_falls_too_fast_cancels_its_stop() -> None:
    """Half a minute around 150, then 99: the band ends at 88.7, and a limit of 80 is outside it."""
    book = strict(CALL, 150_00)
    book.place(order(-1, 80_00, 100_00, 65, symbol=CALL.symbol))
    for second in range(1, 31):
        book.observe(quote(second, 150_00, 149_90, 150_10, symbol=CALL.symbol))
    book.drain()
    book.observe(quote(31, 99_00, 98_90, 99_10, symbol=CALL.symbol))
    assert statuses(book.drain()) == ["CANCELLED"]


def test_an_option_that_falls_slowly_keeps_it() -> None:
    """The same stop, the same 99, after half a minute at 101."""
    book = strict(CALL, 150_00)
    book.place(order(-1, 80_00, 100_00, 65, symbol=CALL.symbol))
    for second in range(1, 41):
        book.observe(quote(second, 101_00, 100_90, 101_10, symbol=CALL.symbol))
    book.drain()
    assert trade(book, quote(41, 99_00, 98_90, 99_10, symbol=CALL.symbol)) == [(98_90, 65)]


def test_while_halted_nothing_trades_and_nothing_is_taken() -> None:
    """Orders, changes and cancels of that symbol are refused; afterwards everything is where it was."""
    book = opened(share(), share("BBB"))
    book.observe(quote(0))
    book.place(order(price=99_00))
    book.place(order(-1, 98_00, 99_00, n=2))
    book.drain()
    book.halt("AAA")
    book.halt("AAA")
    assert trade(book, quote(1, last=98_00, bid=97_90, ask=98_00), quote(2, last=98_10, bid=98_00, ask=98_10)) == []
    for refused in (
        lambda: book.place(order(n=3)), lambda: book.cancel(TAG, at(3)),
        lambda: book.modify(TAG, at(3), Kind.LIMIT, 90, 99_00, 0),
    ):
        with pytest.raises(OrderRejected, match="halted"):
            refused()
    book.place(order(n=4, symbol="BBB"))
    assert statuses(book.drain()) == ["OPEN"]
    book.resume("AAA")
    assert sorted(trade(book, quote(4, last=98_50, bid=98_50, ask=98_60))) == [(98_50, 100), (99_00, 100)]


def test_a_bar_while_halted() -> None:
    """Neither a bar, nor the rest of the bar that an order was sent in."""
    book = opened()
    book.observe(Bar(OPEN, "AAA", 100_00, 101_00, 98_00, 99_00, 10**6))
    book.place(order(price=100_00))
    book.halt("AAA")
    assert fills(book.drain()) == []
    assert not book.observe(Bar(OPEN + 60 * SECOND, "AAA", 99_00, 101_00, 98_00, 99_00, 10**6))
    book.resume("AAA")
    book.observe(Bar(OPEN + 120 * SECOND, "AAA", 99_00, 101_00, 98_00, 99_00, 10**6))
    assert fills(book.drain()) == [(99_00, 100)]


def test_what_arrives_while_halted_is_refused_and_what_was_sent_then_may_arrive_later() -> None:
    """The moment of arrival counts, for orders and for cancels."""
    book = opened(latency=HALF)
    book.observe(quote(0))
    book.place(order(price=99_00))
    book.pass_time(at(1))
    book.drain()
    book.place(order(n=2, price=99_00))
    book.cancel(TAG, at(1))
    book.halt("AAA")
    book.pass_time(at(2))
    assert [(u.tag, u.status, u.reason) for u in book.drain()] == [
        ("T260901S00002E", Status.SENT, ""), (TAG, Status.OPEN, NOT_TRADING),
        ("T260901S00002E", Status.REJECTED, NOT_TRADING),
    ]
    book.place(order(n=3, price=99_00, seconds=2))
    book.resume("AAA")
    book.pass_time(at(3))
    assert statuses(book.drain()) == ["SENT", "OPEN"]


def test_no_intraday_order_after_the_brokers_cut_off() -> None:
    """From that moment on; changes of what works, and orders that are not ours, are taken."""
    book = opened(rules=Rules(rms_cutoff=at(10)))
    book.observe(quote(0))
    book.place(order(price=99_00, seconds=9.9))
    with pytest.raises(OrderRejected, match="RMS:Auto Square Off Block"):
        book.place(order(n=2, seconds=10.0))
    book.modify(TAG, at(11), Kind.LIMIT, 100, 98_00, 0)
    book.cancel(TAG, at(12))
    assert book.foreign_order("AAA", 1, 10, at(13)) == "00000002"


def test_modifications_are_counted() -> None:
    """The 26th is refused, refused ones do not count, and a cancel is not one."""
    book = opened(rules=Rules(modifications=25))
    book.place(order(price=99_00))
    for number in range(25):
        with pytest.raises(OrderRejected):
            book.modify(TAG, at(number), Kind.LIMIT, 100, 99_01, 0)
        book.modify(TAG, at(number), Kind.LIMIT, 100, 98_00 + 5 * number, 0)
    with pytest.raises(OrderRejected, match="modifications exceeded"):
        book.modify(TAG, at(30), Kind.LIMIT, 100, 98_00, 0)
    book.cancel(TAG, at(31))


def test_lots() -> None:
    """More than one and not a multiple is as wrong as none."""
    book = opened(CALL)
    for quantity in (64, 66, 100, 0, -65):
        with pytest.raises(OrderRejected, match="lot size of 65"):
            book.place(order(quantity=quantity, symbol=CALL.symbol))
    book.place(order(quantity=130, symbol=CALL.symbol))


def test_the_band_of_the_day_needs_no_date() -> None:
    """An option in a band that somebody set, without the dated rules: only that band counts."""
    book = opened(CALL)
    book.set_band(CALL.symbol, 10_00, 200_00)
    book.observe(quote(0, symbol=CALL.symbol))
    book.place(order(-1, 20_00, 99_00, 65, symbol=CALL.symbol))
    assert trade(book, quote(1, last=98_00, bid=97_00, ask=97_10, symbol=CALL.symbol)) == [(97_00, 65)]


def test_an_index_is_not_traded() -> None:
    """It is quoted, and that is all."""
    book = opened(Instrument("NIFTY", "NSE", InstrumentKind.INDEX, 5))
    book.observe(quote(0, symbol="NIFTY"))
    with pytest.raises(OrderRejected, match="not traded"):
        book.place(order(symbol="NIFTY"))


def test_by_default_nothing_of_this_is_looked_at() -> None:
    """A replay of bars takes any price on the tick, at any time, changed any number of times."""
    book = opened(CALL)
    book.observe(quote(0, symbol=CALL.symbol))
    book.place(order(-1, 1_00, 99_00, 65, symbol=CALL.symbol, seconds=9**6))
    for number in range(60):
        book.modify(TAG, at(9**6), Kind.SL, 65, 1_00, 98_00 - 5 * number)
    assert told(book)[TAG].status is Status.TRIGGER_PENDING
