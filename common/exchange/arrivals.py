"""Requests on their way, and what becomes of them at the exchange."""

from heapq import heapify, heappop, heappush

from common.exchange.books import Books
from common.exchange.checks import NOT_TRADING, SQUARE_OFF_BLOCK, Checks
from common.exchange.funds import Funds
from common.exchange.quote_matching import QuoteMatcher
from common.exchange.resting import Request, RestingOrder, Terms, Verb
from common.exchange.standing import Standing
from common.market.bar import NANOSECONDS_A_MINUTE, Quote
from common.market.instrument import Instrument
from common.trading.errors import OrderRejected
from common.trading.orders import CANCELLED, COMPLETE, LIMIT, OPEN, REJECTED, SL, TRIGGER_PENDING


class Arrivals:
    """flight: when each request that is on its way will be there, and of which order, the next one first.

    fresh: orders that came while a bar lasted, and may meet the rest of it.
    """

    def __init__(
        self, books: Books, checks: Checks, funds: Funds | None, standing: Standing, quotes: QuoteMatcher,
    ) -> None:
        self._books = books
        self._checks = checks
        self._funds = funds
        self._standing = standing
        self._quotes = quotes
        self.flight: list[tuple[int, str, RestingOrder]] = []
        self.fresh: list[RestingOrder] = []

    def restore(self) -> None:
        """Requests that the orders in the books say are on their way."""
        orders = self._books.orders.values()
        self.flight[:] = [(order.coming.effective, order.id, order) for order in orders if order.coming is not None]
        heapify(self.flight)

    def send(self, order: RestingOrder, request: Request) -> None:
        """One more on its way; an order has at most one."""
        order.coming = request
        self._books.moved.add(order.key)
        heappush(self.flight, (request.effective, order.id, order))

    def reach(self, ts: int) -> None:
        """What is there by `ts` takes effect, in order of time; what is refused is told."""
        flight = self.flight
        while flight and flight[0][0] <= ts:
            order = heappop(flight)[2]
            request, order.coming = order.coming, None
            if request is not None:
                self._carry_out(order, request)

    def look_at_price(self, instrument: Instrument, side: int, terms: Terms, ts: int) -> None:
        """Against the market as it stands. Raises OrderRejected."""
        standing, symbol = self._standing, instrument.symbol
        reference = standing.reference(symbol, ts) if self._checks.rules.on is not None else 0
        self._checks.look_at_price(instrument, side, terms, standing.price(symbol, ts), reference)

    def look_at_change(self, order: RestingOrder, terms: Terms, ts: int) -> None:
        """Raises OrderRejected."""
        kind, quantity, _, _ = terms
        if kind is SL and order.status is not TRIGGER_PENDING:
            raise OrderRejected("a limit order cannot become a stop")
        if quantity < order.filled:
            raise OrderRejected(f"{order.filled} of the order are filled")
        if kind is SL or self._checks.priced:
            self.look_at_price(self._checks.instruments[order.symbol], order.side, terms, ts)

    def admit(self, order: RestingOrder, ts: int) -> bool:
        """A new order is there; True when it has met a quote. Raises OrderRejected."""
        books = self._books
        if order.symbol in books.halted:
            raise OrderRejected(NOT_TRADING)
        cutoff = self._checks.rules.rms_cutoff
        if cutoff is not None and order.tag and ts >= cutoff:
            raise OrderRejected(SQUARE_OFF_BLOCK)
        if self._funds is not None:
            self._funds.look_at(order, order.left)
        order.since = ts
        order.status = TRIGGER_PENDING if order.kind is SL else OPEN
        books.orders[order.key] = order
        books.join(order)
        books.tell(order, ts)
        standing = self._standing.last.get(order.symbol)
        if isinstance(standing, Quote):
            self._quotes.meet(order, standing)
            return True
        if standing is not None and ts < standing.ts + NANOSECONDS_A_MINUTE:  # else the bar has ended
            self.fresh.append(order)
        return False

    def change(self, order: RestingOrder, terms: Terms, ts: int, *, told: bool = False) -> None:
        """New terms are there; more, or at another price, is at the end of the queue. Raises OrderRejected."""
        self._look_at_working(order)
        self.look_at_change(order, terms, ts)
        if self._funds is not None:
            self._funds.look_at(order, terms[1] - order.filled)
        kind, quantity, price, trigger = terms
        keeps = (kind, price, trigger) == (order.kind, order.price, order.trigger) and quantity <= order.quantity
        place = (order.ahead, order.arriving)
        order.set_terms(kind, quantity, price, trigger)
        if keeps:
            order.ahead, order.arriving = place
        order.since = ts
        if order.filled == order.quantity:
            self._books.finish(order, COMPLETE)
        elif kind is LIMIT:
            order.status = OPEN
        self._books.tell(order, ts, terms=terms if told else None)
        standing = self._standing.last.get(order.symbol)
        if isinstance(standing, Quote) and not keeps:
            self._quotes.meet(order, standing)

    def withdraw(self, order: RestingOrder, ts: int) -> None:
        """A cancel is there. Raises OrderRejected."""
        self._look_at_working(order)
        order.since = ts
        self._books.finish(order, CANCELLED)
        self._books.tell(order, ts)

    def sweep(self, order: RestingOrder, ts: int, reason: str) -> None:
        """The broker takes a working order back itself, wherever it is."""
        order.coming = None
        order.since, order.reason = ts, reason
        self._books.finish(order, CANCELLED)
        self._books.tell(order, ts, reason=reason)

    def _carry_out(self, order: RestingOrder, request: Request) -> None:
        ts, verb, terms = request
        try:
            if verb is Verb.PLACE:
                self.look_at_price(self._checks.instruments[order.symbol], order.side, terms, ts)
                self.admit(order, ts)
            elif verb is Verb.MODIFY:
                self.change(order, terms, ts, told=True)
            else:
                self.withdraw(order, ts)
        except OrderRejected as refusal:
            reason = str(refusal)
            if verb is Verb.PLACE:
                order.status, order.reason = REJECTED, reason
            self._books.tell(order, ts, reason=reason, terms=order.terms)

    def _look_at_working(self, order: RestingOrder) -> None:
        if not order.working:
            raise OrderRejected(f"the order is {order.status}")
        if order.symbol in self._books.halted:
            raise OrderRejected(NOT_TRADING)
