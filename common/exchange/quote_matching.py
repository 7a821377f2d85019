"""What trades on quotes: at the touch as deep as it shows, and in the queue as it is traded through."""

from typing import Final

from common.exchange.bar_matching import release
from common.exchange.books import Books
from common.exchange.checks import Checks
from common.exchange.fills import FillModel
from common.exchange.resting import QUEUE_UNKNOWN, RestingOrder
from common.exchange.standing import Standing
from common.market.bar import Bar, Quote, bar_of
from common.market.money import Paise
from common.trading.orders import TRIGGER_PENDING

ENDLESS: Final = 2**62
"""Units where nobody says how many: what is wanted is there."""


class Touch:
    """A quote that stands, and what our orders have left of it.

    bid, ask: units still there at the touch. traded: units traded since the quote before. counted: whether the feed
    counts them. first: no quote was known before, as after a restart.
    """

    __slots__ = ("ask", "bid", "counted", "first", "quote", "traded")

    def __init__(self, quote: Quote, previous: Bar | Quote | None) -> None:
        self.quote = quote
        self.bid = quote.bid_quantity or ENDLESS
        self.ask = quote.ask_quantity or ENDLESS
        self.first = not isinstance(previous, Quote)
        self.counted = quote.volume > 0
        self.traded = 0
        if isinstance(previous, Quote):
            if self.counted:
                self.traded = max(0, quote.volume - previous.volume)
            elif quote.last != previous.last:
                self.traded = ENDLESS


class QuoteMatcher:
    """Time of a fill: of the quote, or when the order arrived if the quote stood already."""

    def __init__(
        self, books: Books, model: FillModel, checks: Checks, standing: Standing,
    ) -> None:
        self._books = books
        self._instruments = checks.instruments
        self._model = model
        self._checks = checks
        self._standing = standing
        self._touches: dict[str, Touch] = {}

    def observe(self, quote: Quote, previous: Bar | Quote | None) -> None:
        """A new quote of a symbol with working orders."""
        touch = self._touches[quote.symbol] = Touch(quote, previous)
        for order in self._books.working[quote.symbol][:]:
            self._match(order, touch)

    def meet(self, order: RestingOrder, quote: Quote) -> None:
        """An order arrives, or comes back with other terms, while `quote` stands."""
        touch = self._touches.get(quote.symbol)
        if touch is None or touch.quote is not quote:
            touch = self._touches[quote.symbol] = Touch(quote, quote)
        self._match(order, touch)

    def _match(self, order: RestingOrder, touch: Touch) -> None:
        quote, side = touch.quote, order.side
        if order.status is TRIGGER_PENDING:
            if quote.last * side < order.alarm:
                return
            reference = self._standing.reference(order.symbol, quote.ts)
            if not release(order, quote.ts, reference, self._books, self._checks):
                return
        if order.arriving:
            self._take(order, touch)
        elif order.matched < quote.ts or not touch.first:
            self._wait(order, touch)
        else:
            return
        order.matched = max(order.matched, quote.ts)
        if order.working:
            self._queue(order, quote)

    def _take(self, order: RestingOrder, touch: Touch) -> None:
        """Of an arriving order what the other side offers within its limit, at the touch's price, as deep as it is."""
        order.arriving = False
        self._books.moved.add(order.key)
        quote, side = touch.quote, order.side
        price = quote.ask if side > 0 else quote.bid
        if not price:  # one side is missing, or there are none: the model knows the difference
            instrument = self._instruments[order.symbol]
            price = self._model.price(instrument, quote.last, side, bar_of(quote), order.key, len(order.fills))
        if price and (order.price - price) * side >= 0:
            self._cross(order, touch, price)

    def _wait(self, order: RestingOrder, touch: Touch) -> None:
        """Of a resting order what was traded past its queue or through it, and what now offers to it; at its price."""
        quote, side, price = touch.quote, order.side, order.price
        if touch.traded:
            passed, before = 0, order.ahead
            if (price - quote.last) * side > 0:
                passed, order.ahead = touch.traded, 0
            elif price == quote.last and touch.counted and order.ahead != QUEUE_UNKNOWN:
                passed = touch.traded - order.ahead
                order.ahead = max(0, -passed)
            if order.ahead != before:
                self._books.moved.add(order.key)
            quantity = self._instruments[order.symbol].whole_lots(min(order.left, passed)) if passed > 0 else 0
            if quantity:
                touch.traded -= quantity
                self._fill(order, touch, price, quantity)
        offered = quote.ask if side > 0 else quote.bid
        if offered and (price - offered) * side >= 0:
            self._cross(order, touch, price)

    def _cross(self, order: RestingOrder, touch: Touch, price: Paise) -> None:
        """At `price`, as deep as the other side of the touch still is."""
        buying = order.side > 0
        depth = touch.ask if buying else touch.bid
        quantity = self._instruments[order.symbol].whole_lots(min(order.left, depth))
        if not quantity:
            return
        if buying:
            touch.ask -= quantity
        else:
            touch.bid -= quantity
        self._fill(order, touch, price, quantity)

    def _fill(self, order: RestingOrder, touch: Touch, price: Paise, quantity: int) -> None:
        self._books.fill(order, max(touch.quote.ts, order.since), price, quantity)

    def _queue(self, order: RestingOrder, quote: Quote) -> None:
        """Who is ahead at its price: nobody in front of the touch, at the touch at most those that it shows."""
        own, other, shown = (quote.bid, quote.ask, quote.bid_quantity) if order.side > 0 else (
            quote.ask, quote.bid, quote.ask_quantity
        )
        ahead = order.ahead
        if own == order.price:
            if shown:
                ahead = int(shown * self._model.queue_share) if ahead == QUEUE_UNKNOWN else min(ahead, shown)
        elif (own and (order.price - own) * order.side > 0) or (not own and other):
            ahead = 0
        if ahead != order.ahead:
            order.ahead = ahead
            self._books.moved.add(order.key)
