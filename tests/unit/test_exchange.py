"""The simulated exchange: when an order trades, at what price and how much, and what it refuses."""

from typing import Any

import pytest

from common.exchange.fills import FillModel
from common.exchange.resting import resting_fields, resting_from_fields
from common.exchange.simulated import Exchange
from common.market.bar import Bar, Quote
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Order, OrderTag, Purpose, Status
from tests.unit.trading_case import EXACT, MINUTE, bars, exchange, flat, minute, share, walk

TENTH = FillModel(half_spread_bps=0.0, slippage_ticks=0, participation=0.1)


def order(side: int = 1, price: int = 100_00, trigger: int = 0, at: int = 0, quantity: int = 100, n: int = 1) -> Order:
    """Sent at the start of minute `at`."""
    kind = Kind.SL if trigger else Kind.LIMIT
    tag = OrderTag(f"T250829S{n:05d}")
    return Order(tag, n, "AAA", side, quantity, kind, price, trigger, Purpose.ENTRY, minute(at))


def fills(book: Exchange, *market: Bar) -> list[tuple[int, int, float]]:
    """(price, quantity, minute of the session) of what trades on these bars."""
    for bar in market:
        book.observe(bar)
    return [(f.price, f.quantity, (f.ts - minute(0)) / MINUTE) for u in book.drain() for f in u.fills]


def placed(*orders: Order, model: FillModel = EXACT) -> Exchange:
    book = exchange(model=model)
    for one in orders:
        book.place(one)
    book.drain()
    return book


@pytest.mark.parametrize(("side", "limit", "row", "price"), [
    (1, 100_30, (100_00, 101_00, 99_00, 100_00), 100_00),  # marketable: the open
    (-1, 99_70, (100_00, 101_00, 99_00, 100_00), 100_00),
    (1, 99_50, (100_00, 101_00, 99_45, 100_00), 99_50),  # passive: its own price, once the market is through it
    (-1, 100_50, (100_00, 100_55, 99_00, 100_00), 100_50),
    (1, 99_50, (100_00, 101_00, 99_50, 100_00), 0),  # touched is not through
    (-1, 100_50, (100_00, 100_50, 99_00, 100_00), 0),
    (1, 99_50, (99_00, 99_60, 98_00, 98_00), 99_00),  # a better open is given to it
])
def test_limits(side: int, limit: int, row: tuple[int, ...], price: int) -> None:
    """A limit sent before the bar pays the open if that is within it, else its own price if the bar went through."""
    got = fills(placed(order(side, limit)), *bars("AAA", row))
    assert got == ([(price, 100, 0)] if price else [])


@pytest.mark.parametrize(("side", "trigger", "limit", "row", "price", "when"), [
    (-1, 99_00, 97_00, (100_00, 100_10, 98_90, 99_50), 99_00, 0.5),  # intrabar: the trigger
    (1, 101_00, 103_00, (100_00, 101_00, 99_00, 100_50), 101_00, 0.5),
    (-1, 99_00, 97_00, (98_00, 98_50, 97_50, 98_20), 98_00, 0.0),  # gap through it: the open
    (1, 101_00, 103_00, (102_00, 102_50, 101_50, 102_00), 102_00, 0.0),
])
def test_stops(side: int, trigger: int, limit: int, row: tuple[int, ...], price: int, when: float) -> None:
    """A stop trades where the market met it: at its trigger within a bar, at the open after a gap, never better."""
    assert fills(placed(order(side, limit, trigger)), *bars("AAA", row)) == [(price, 100, when)]


def test_a_stop_that_is_not_met_rests() -> None:
    """One tick short of the trigger: nothing happens, nothing is said."""
    book = placed(order(-1, 97_00, 99_00))
    assert not book.observe(bars("AAA", (100_00, 100_10, 99_05, 99_50))[0])
    assert book.book["T250829S00001"].status is Status.TRIGGER_PENDING


def test_a_gap_beyond_the_limit_leaves_a_resting_limit() -> None:
    """Triggered, its limit out of reach: it waits as a limit and trades when the market comes back."""
    book = placed(order(-1, 97_00, 99_00))
    assert fills(book, *bars("AAA", (95_00, 96_00, 94_00, 95_50))) == []
    assert book.book["T250829S00001"].status is Status.OPEN
    assert fills(book, *bars("AAA", (96_50, 97_10, 96_00, 97_00), start=1)) == [(97_00, 100, 1)]


def test_participation_fills_over_bars() -> None:
    """A tenth of each bar's volume, at least a lot, nothing of an empty one, and the rest later."""
    book = placed(order(), model=TENTH)
    volumes = (300, 0, 4, 650, 10_000)
    market = [bars("AAA", (100_00, 100_00, 100_00, 100_00, v), start=n)[0] for n, v in enumerate(volumes)]
    assert fills(book, *market) == [(100_00, 30, 0), (100_00, 1, 2), (100_00, 65, 3), (100_00, 4, 4)]
    assert book.book["T250829S00001"].status is Status.COMPLETE


def test_whole_lots_only() -> None:
    """Participation is cut to lots, and one lot is the least."""
    book = Exchange({"AAA": share(lot=75)}, TENTH)
    book.place(order(quantity=225))
    book.drain()
    market = [bars("AAA", (100_00, 100_00, 100_00, 100_00, v), start=n)[0] for n, v in enumerate((100, 1600))]
    assert [quantity for _, quantity, _ in fills(book, *market)] == [75, 150]


def test_without_volume_everything_fills() -> None:
    """Data that never has volumes fills by price alone."""
    book = Exchange({"AAA": share()}, TENTH, without_volume=["AAA"])
    book.place(order())
    book.drain()
    assert fills(book, *flat("AAA", 1, volume=0)) == [(100_00, 100, 0)]


@pytest.mark.parametrize(("side", "bid", "ask"), [(1, 100_00, 0), (-1, 0, 100_00)])
def test_a_bar_that_ends_with_nobody_on_the_other_side_has_no_touch(side: int, bid: int, ask: int) -> None:
    """What the market went through trades at its own limit, the worst it may get; what it only touched does not."""
    beyond, at_it = order(side, 100_00 + side * 1_00), order(side, 100_00, n=2)
    bar = Bar(minute(0), "AAA", 100_00, 100_00, 100_00, 100_00, 10_000, 0, bid, ask)
    assert fills(placed(beyond, at_it), bar) == [(beyond.price, 100, 0)]


@pytest.mark.parametrize("last", [99_90, 100_00, 100_10])
@pytest.mark.parametrize(("side", "limit", "price"), [(1, 101_00, 100_10), (-1, 99_00, 99_90)])
def test_a_quote_fills_whole_at_the_touch(side: int, limit: int, price: int, last: int) -> None:
    """Wherever the last trade was: a buyer pays the ask, a seller gets the bid."""
    book = placed(order(side, limit), model=TENTH)
    book.observe(Quote(minute(0) + 5, "AAA", last, bid=99_90, ask=100_10))
    assert [(f.price, f.quantity) for u in book.drain() for f in u.fills] == [(price, 100)]


def test_each_order_uses_a_bar_once() -> None:
    """The same bar seen again, as after a restart, fills nothing more."""
    book = placed(order(), model=TENTH)
    bar = flat("AAA", 1, volume=300)
    assert fills(book, *bar) == [(100_00, 30, 0)]
    assert fills(book, *bar) == []


def test_an_order_sent_at_the_end_of_a_bar_first_meets_the_next() -> None:
    """No look back: the minute that made the decision cannot fill it."""
    book = exchange()
    book.observe(bars("AAA", (99_00, 100_00, 99_00, 100_00))[0])
    book.place(order(at=1, price=100_30))
    assert fills(book) == []
    assert fills(book, *flat("AAA", 1, start=1)) == [(100_00, 100, 1)]


def test_a_limit_sent_within_a_bar_has_missed_its_open() -> None:
    """Marketable or not, it trades at its own price when the rest of the bar goes through it."""
    book = exchange()
    book.observe(bars("AAA", (100_00, 100_10, 98_00, 98_50))[0])
    late = order(1, 99_00)
    late.created += MINUTE // 2
    other = order(1, 100_30, n=2)
    other.created += MINUTE // 2
    book.place(late)
    book.place(other)
    assert [(price, when) for price, _, when in fills(book)] == [(99_00, 0), (100_30, 0)]


def test_what_was_taken_back_within_a_bar_does_not_meet_the_rest_of_it() -> None:
    """Sent and cancelled before anybody looked: gone is gone."""
    book = exchange()
    book.observe(bars("AAA", (100_00, 100_10, 98_00, 98_50))[0])
    late = order(1, 99_00)
    late.created += MINUTE // 2
    book.place(late)
    book.cancel(late.tag, late.created)
    assert fills(book) == []


def test_a_stop_sent_within_a_bar_meets_the_rest_of_it() -> None:
    """The stop of an entry that filled at the open is met by the same bar's low."""
    book = exchange()
    book.observe(bars("AAA", (100_00, 100_00, 98_00, 98_50))[0])
    book.place(order(-1, 97_00, 99_00))
    assert fills(book) == [(99_00, 100, 0.5)]


def test_a_modified_stop_becomes_a_limit_and_never_a_stop_again() -> None:
    """As at the broker; the new terms meet the next bar."""
    book = placed(order(-1, 97_00, 99_00))
    book.observe(flat("AAA", 1)[0])
    book.modify("T250829S00001", minute(1), Kind.LIMIT, 100, 99_75, 0)
    with pytest.raises(OrderRejected, match="cannot become a stop"):
        book.modify("T250829S00001", minute(1), Kind.SL, 100, 97_00, 99_00)
    assert fills(book, *flat("AAA", 1, start=1)) == [(100_00, 100, 1)]


def test_a_modification_below_what_is_filled_is_refused_and_at_it_completes() -> None:
    """Nothing is unsold: a smaller order ends, a smaller still is refused."""
    book = placed(order(), model=TENTH)
    fills(book, *flat("AAA", 1, volume=300))
    with pytest.raises(OrderRejected, match="30 of the order"):
        book.modify("T250829S00001", minute(1), Kind.LIMIT, 29, 100_00, 0)
    book.modify("T250829S00001", minute(1), Kind.LIMIT, 30, 100_00, 0)
    assert [(update.status, update.terms) for update in book.drain()] == [(Status.COMPLETE, None)]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"quantity": 0}, "lot size"), ({"price": 100_01}, "Tick size"), ({"price": 0}, "Tick size"),
    ({"price": -5}, "Tick size"), ({"side": -1, "price": 97_00, "trigger": 99_01}, "Tick size"),
    ({"quantity": 1001}, "maximum quantity of 1000"),
    ({"side": -1, "price": 97_00, "trigger": 100_00, "at": 1}, "sell orders should be lower than the last traded"),
    ({"side": 1, "price": 103_00, "trigger": 99_00, "at": 1}, "buy orders should be higher than the last traded"),
]


@pytest.mark.parametrize(("what", "why"), REFUSED)
def test_refusals(what: dict[str, Any], why: str) -> None:
    """Lots, ticks, freeze quantity and triggers through the market, each with its reason; nothing is left behind."""
    book = Exchange({"AAA": share(freeze=1000)}, EXACT)
    book.observe(flat("AAA", 1)[0])
    with pytest.raises(OrderRejected, match=why):
        book.place(order(**what))
    assert book.orders() == []
    assert book.drain() == []


def test_the_last_price_is_what_had_been_seen_when_the_order_was_sent() -> None:
    """Within a bar its opening, from its end on its close."""
    book = exchange()
    book.observe(bars("AAA", (100_00, 100_00, 98_00, 98_50))[0])
    book.place(order(-1, 97_00, 99_00))
    with pytest.raises(OrderRejected, match="last traded price"):
        book.place(order(-1, 97_00, 99_00, at=1, n=2))


def test_unknown_symbols_tags_and_ends_are_refused() -> None:
    """The same tag twice above all: it is what makes an order exactly once."""
    book = placed(order())
    with pytest.raises(OrderRejected, match="exists"):
        book.place(order())
    with pytest.raises(OrderRejected, match="no order"):
        book.cancel("T250829S00009", minute(0))
    with pytest.raises(OrderRejected, match="not traded"):
        Exchange({}, EXACT).place(order())
    book.cancel("T250829S00001", minute(0))
    with pytest.raises(OrderRejected, match="CANCELLED"):
        book.cancel("T250829S00001", minute(0))
    assert fills(book, *flat("AAA", 1)) == []


def run(book: Exchange, market: list[Bar], restart_at: int = -1) -> list[tuple[str, int, int]]:
    """Ten orders over a random market, the exchange perhaps taken down once on the way."""
    for number, bar in enumerate(market):
        if number == restart_at:
            again = Exchange(book.instruments, book.model)
            again.restore([resting_from_fields(resting_fields(one)) for one in book.book.values()])
            book = again
        book.observe(bar)
        book.drain()
        if number % 3 == 0:
            side = 1 if number % 2 else -1
            book.place(order(side, bar.close + side * 200, at=number + 1, quantity=500, n=number + 1))
            book.drain()
    return [(one.tag, f.ts, f.price) for one in book.book.values() for f in one.fills]


def test_slippage_is_drawn_by_seed_and_order_not_by_the_run() -> None:
    """The same seed fills the same, restarted or not; another seed does not."""
    market = walk("AAA", 3, 30)
    whole = run(exchange(model=FillModel(seed=1)), market)
    assert len(whole) > 10
    assert all(run(exchange(model=FillModel(seed=1)), market, restart_at=n) == whole for n in range(1, 30, 4))
    assert run(exchange(model=FillModel(seed=2)), market) != whole


def test_slippage_belongs_to_the_order() -> None:
    """Orders on one bar do not all draw alike: each draws by its own tag."""
    book = exchange(model=FillModel(half_spread_bps=0.0, slippage_ticks=2, seed=1))
    for number in range(1, 21):
        book.place(order(1, 101_00, n=number))
    assert {price for price, _, _ in fills(book, *flat("AAA", 1))} == {100_00, 100_05, 100_10}


def test_fills_are_never_better_than_the_bar_offered() -> None:
    """Spread and slippage make it worse, never better than the open, and never beyond the limit."""
    model = FillModel(seed=5)
    for number, bar in enumerate(walk("AAA", 8, 40)):
        for side in (1, -1):
            limit = bar.open + side * 300
            book = Exchange({"AAA": share()}, model)
            book.place(order(side, limit, at=number))
            for price, _, _ in fills(book, bar):
                assert (price - bar.open) * side >= 0
                assert (limit - price) * side >= 0
