"""The margin account of the simulated exchange: what positions and orders need, and what is refused for want of it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.exchange.checks import Rules
from common.exchange.margin import Exposure, MarginRates, margin_of
from common.exchange.simulated import Exchange
from common.market.instrument import Instrument
from common.market.instrument import Kind as InstrumentKind
from common.trading.errors import OrderRejected
from common.trading.orders import Kind
from tests.unit.exchange_case import TAG, at, future, opened, option, order, quote, share

RATES = MarginRates()
PUT = InstrumentKind.PUT
LATER = date(2026, 9, 15)


def needed(*legs: tuple[Instrument, int], price: int = 100_00) -> int:
    """Rupees for these positions, each at `price`."""
    return margin_of([Exposure(one, units, units, price) for one, units in legs], RATES) // 100


def naked(strike: int, units: int = 65) -> int:
    """Rupees for a short option without a hedge."""
    return strike * units * 12 // 100


@pytest.mark.parametrize(("instrument", "units", "rupees"), [
    (share(), 100, 2_000), (share(), -100, 2_000), (future(), 65, 780), (future(), -65, 780),
    (option(24500), 65, 6_500), (option(24500), -65, naked(24500)), (option(24500, PUT), -65, naked(24500)),
])
def test_single_positions(instrument: Instrument, units: int, rupees: int) -> None:
    """A fifth of shares, 12% of futures and of the strike of what is short, the premium of what is long."""
    assert needed((instrument, units)) == rupees


@pytest.mark.parametrize(("short", "hedge", "loss"), [
    (option(24500), option(24600), 100), (option(24500), option(24400), 0),
    (option(24500, PUT), option(24400, PUT), 100), (option(24500, PUT), option(24600, PUT), 0),
])
def test_a_hedged_short_needs_what_the_pair_can_lose(short: Instrument, hedge: Instrument, loss: int) -> None:
    """The distance of the strikes on the losing side, and the hedge's premium."""
    assert needed((short, -65), (hedge, 65)) == loss * 65 + 6_500


@pytest.mark.parametrize("other", [
    option(24600, PUT), option(24600, expiry=LATER), option(30000), future(),
])
def test_what_does_not_hedge(other: Instrument) -> None:
    """Another kind, another expiry, a future; and a strike so far away that the pair could lose more than naked."""
    assert needed((option(24500), -65), (other, 65)) == naked(24500) + needed((other, 65))


def test_only_as_many_units_as_the_hedge_has() -> None:
    """Two lots short on one lot of hedge: one pair, one naked; a second short takes the hedge that saves more."""
    assert needed((option(24500), -130), (option(24600), 65)) == naked(24500) + 100 * 65 + 6_500
    shorts = [(option(24500), -65), (option(24550), -65)]
    assert needed(*shorts, (option(24600), 65)) == naked(24500) + 50 * 65 + 6_500


def test_orders_count_on_the_side_that_needs_more() -> None:
    """A position and the stop of its exit are one margin; two orders of one side add up."""
    assert margin_of([Exposure(share(), 0, 100, 100_00)], RATES) == 2_000_00
    assert margin_of([Exposure(share(), -150, 100, 100_00)], RATES) == 3_000_00


@given(
    st.lists(st.tuples(st.sampled_from([24300, 24400, 24500, 24600]), st.integers(-4, 4)), max_size=6),
    st.sampled_from([24300, 24400, 24500, 24600]),
)
def test_a_hedge_never_costs_more_than_its_premium(legs: list[tuple[int, int]], strike: int) -> None:
    """Whatever is held: one more long option adds at most what is paid for it, and nothing is ever below zero."""
    held: dict[int, int] = {}
    for where, lots in legs:
        held[where] = held.get(where, 0) + lots * 65
    before = [Exposure(option(where), units, units, 100_00) for where, units in held.items()]
    held[strike] = held.get(strike, 0) + 65
    after = [Exposure(option(where), units, units, 100_00) for where, units in held.items()]
    assert 0 <= margin_of(after, RATES) <= margin_of(before, RATES) + 65 * 100_00


LONG, SHORT = option(24600), option(24500)


def funded(rupees: int, *instruments: Instrument) -> Exchange:
    """An account with so much cash; everything stands at 100 rupees."""
    listed = instruments or (share(),)
    book = opened(*listed, rules=Rules(margin=RATES, cash=rupees * 100))
    for one in listed:
        book.observe(quote(0, 100_00, 100_00, 100_00, symbol=one.symbol))
    return book


def refusal(book: Exchange, n: int, side: int, quantity: int, symbol: str = "AAA", price: int = 100_00) -> str:
    """The words of the refusal, '' where the order is taken."""
    try:
        book.place(order(side, price, 0, quantity, n, symbol=symbol))
    except OrderRejected as words:
        return str(words)
    return ""


def test_what_the_account_cannot_pay_is_refused_in_the_brokers_words() -> None:
    """200 shares of 100 need 4,000 rupees, 205 too much by 100; both figures are named."""
    assert refusal(funded(4000), 1, 1, 200) == ""
    book = funded(4000)
    assert refusal(book, 1, 1, 205) == (
        "Insufficient funds. Required margin is 4,100.00 but available margin is 4,000.00. "
        "Check the orderbook for open orders."
    )
    assert book.orders() == []


def test_waiting_orders_need_margin_too_and_free_it_when_cancelled() -> None:
    """Two orders of 2,000 each fill the account; while one is halted it still counts."""
    book = funded(4000)
    assert refusal(book, 1, 1, 100, price=90_00) == refusal(book, 2, 1, 100, price=90_00) == ""
    assert "Insufficient" in refusal(book, 3, 1, 5, price=90_00)
    book.cancel(TAG, at(1))
    assert refusal(book, 3, 1, 100, price=90_00) == ""


def test_a_halted_symbol_keeps_its_margin() -> None:
    """Orders that wait there can still fill."""
    book = funded(4000, share(), share("BBB"))
    assert refusal(book, 1, 1, 200, price=90_00) == ""
    book.halt("AAA")
    assert "Insufficient" in refusal(book, 2, 1, 5, "BBB", price=90_00)


def test_hedge_first_and_buy_back_first() -> None:
    """The short alone is refused, also while its hedge is only ordered; the hedge cannot be sold from under it."""
    cash = 6_500 + 100 * 65
    book = funded(cash, LONG, SHORT)
    assert "Insufficient" in refusal(book, 1, -1, 65, SHORT.symbol)
    assert refusal(book, 1, 1, 65, LONG.symbol, price=99_00) == ""
    assert "Insufficient" in refusal(book, 2, -1, 65, SHORT.symbol)
    book.modify(TAG, at(1), Kind.LIMIT, 65, 100_00, 0)
    assert refusal(book, 2, -1, 65, SHORT.symbol) == ""
    assert book.positions() == {LONG.symbol: 65, SHORT.symbol: -65}
    assert "Insufficient" in refusal(book, 3, -1, 65, LONG.symbol)
    assert refusal(book, 3, 1, 65, SHORT.symbol) == ""
    assert refusal(book, 4, -1, 65, LONG.symbol) == ""
    assert book.positions() == {}


def test_losses_shorten_the_cash_profits_do_not_lengthen_it() -> None:
    """100 shares down 10 rupees: of 4,000 rupees 3,000 are left; up 10 rupees they are 4,000."""
    for last, most in ((90_00, 3_000_00 * 100 // 90_00 // 20), (110_00, 4_000_00 * 100 // 110_00 // 20)):
        book = funded(4000)
        assert refusal(book, 1, 1, 100) == ""
        book.observe(quote(1, last, last, last))
        more = most - 100
        assert "Insufficient" in refusal(book, 2, 1, more + 1, price=last)
        assert refusal(book, 3, 1, more, price=last) == ""


def test_a_way_out_is_never_refused_for_want_of_funds() -> None:
    """Under water and without cash: the order that closes needs nothing more than there is."""
    book = funded(4000)
    assert refusal(book, 1, 1, 200) == ""
    book.observe(quote(1, 60_00, 60_00, 60_00))
    assert "Insufficient" in refusal(book, 2, 1, 10, price=60_00)
    assert refusal(book, 3, -1, 200, price=60_00) == ""
    assert book.positions() == {}


def test_a_larger_order_by_modification_needs_margin_too() -> None:
    """Else every limit could be modified away."""
    book = funded(4000)
    assert refusal(book, 1, 1, 100, price=90_00) == ""
    with pytest.raises(OrderRejected, match="Insufficient"):
        book.modify(TAG, at(1), Kind.LIMIT, 205, 90_00, 0)
    book.modify(TAG, at(1), Kind.LIMIT, 200, 90_00, 0)


def test_what_is_filled_and_what_is_left_count_once() -> None:
    """60 of 100 held: the order may grow to 200 in all with 4,000 rupees, not to 205."""
    book = opened(rules=Rules(margin=RATES, cash=4000_00))
    book.observe(quote(0, 100_00, 100_00, 100_00, (60, 60)))
    assert refusal(book, 1, 1, 100) == ""
    assert book.positions() == {"AAA": 60}
    with pytest.raises(OrderRejected, match="Insufficient"):
        book.modify(TAG, at(1), Kind.LIMIT, 205, 99_00, 0)
    book.modify(TAG, at(1), Kind.LIMIT, 200, 99_00, 0)


def test_without_a_price_the_orders_own_counts() -> None:
    """Before the first quote there is nothing else to go by."""
    book = opened(rules=Rules(margin=RATES, cash=4000_00))
    assert "Insufficient" in refusal(book, 1, 1, 205)
    assert refusal(book, 1, 1, 200) == ""
