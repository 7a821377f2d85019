"""A simulated exchange on bars and quotes: the same input gives the same fills, whatever restarts in between."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from common.exchange.arrivals import Arrivals
from common.exchange.bar_matching import BarMatcher
from common.exchange.books import Books
from common.exchange.checks import BEING_PROCESSED, NO_PROTECTION, RMS_CANCELLED, TOO_MANY_CHANGES, Checks, Rules
from common.exchange.fills import FillModel
from common.exchange.funds import Funds
from common.exchange.latency import Latency
from common.exchange.protection import AUTOMATIC, protected_price
from common.exchange.quote_matching import QuoteMatcher
from common.exchange.resting import Request, RestingOrder, Verb, update_of
from common.exchange.standing import Standing, is_news
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.instrument import Instrument
from common.market.money import Paise
from common.trading.errors import OrderRejected
from common.trading.order_route import OrderRoute
from common.trading.orders import LIMIT, SL, TRIGGER_PENDING, Kind, Order, OrderTag, OrderUpdate

AT_ONCE: Final = Latency()
NO_RULES: Final = Rules()


class Exchange(OrderRoute):
    """instruments: by symbol. without_volume: symbols whose data has no volume, filled by price alone.

    order_ids: how ids begin, so that those of several exchanges on one day differ. book: every order of the day, by tag
    or, where it has none, by id; one on its way is there and SENT. funds: None where the rules do not look at them.
    See docs/exchange.md for what is simulated.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], model: FillModel, without_volume: Collection[str] = (),
        order_ids: str = "", *, rules: Rules = NO_RULES, latency: Latency = AT_ONCE,
    ) -> None:
        self.instruments = instruments
        self.model = model
        self.rules = rules
        self.latency = latency
        self.now = 0
        self.books = Books()
        self.book = self.books.orders
        self._order_ids = order_ids
        self._standing = Standing()
        self._checks = checks = Checks(instruments, rules)
        self._bars = BarMatcher(self.books, model, checks, without_volume)
        self._quotes = QuoteMatcher(self.books, model, checks, self._standing)
        self.funds = None if rules.margin is None else Funds(self.books, self._standing, checks, rules.margin)
        self._arrivals = Arrivals(self.books, checks, self.funds, self._standing, self._quotes)
        self._working = self.books.working
        self._last = self._standing.last
        self._flight = self._arrivals.flight
        self._banded = checks.banded
        self._clocked = False
        self._travels = latency != AT_ONCE
        self._live = self._travels or rules.on is not None

    def restore(self, orders: Collection[RestingOrder]) -> None:
        """Take orders back from a journal, in the order in which they were placed."""
        self.books.restore(orders)
        self._arrivals.restore()

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves; True when there is something to drain."""
        if self._live:
            return self._observe_live(event)
        symbol = event.symbol
        self._last[symbol] = event
        if symbol in self._working:
            if isinstance(event, Quote):
                self._live = True
                self._quotes.observe(event, None)
                return bool(self.books.updates)
            for order in self._working[symbol]:
                # A stop that the bar does not reach is by far the commonest case: settled without a call.
                if order.status is not TRIGGER_PENDING or (event.high if order.side > 0 else -event.low) >= order.alarm:
                    self._match_all(event)
                    return bool(self.books.updates)
        return False

    def _observe_live(self, event: Bar | Quote) -> bool:
        """With quotes, latency or a clock of its own. A symbol that has quotes takes no bars: they tell the same."""
        symbol, ts = event.symbol, event.ts
        before = self._last.get(symbol)
        if isinstance(event, Bar):
            self._pass(ts + NANOSECONDS_A_MINUTE - 1)
            if not isinstance(before, Quote):
                self._last[symbol] = event
                if symbol in self._working:
                    self._match_all(event)
            return bool(self.books.updates)
        if ts > self.now:
            self.now = ts
        if self._flight and self._flight[0][0] <= ts:
            self._arrivals.reach(ts)
        if before is not None and ts <= before.ts and isinstance(before, Quote) and not is_news(event, before):
            return bool(self.books.updates)
        self._last[symbol] = event
        if symbol in self._banded:
            self._standing.note(event)
        if symbol in self._working:
            self._quotes.observe(event, before)
        return bool(self.books.updates)

    def pass_time(self, ts: int) -> bool:
        """It is `ts` (nanoseconds UTC): what was under way until then arrives. True when there is something to drain.

        From the first call on the exchange goes by its own clock, and no longer by what senders say of theirs.
        """
        self._live = self._clocked = True
        self._pass(ts)
        return bool(self.books.updates)

    def drain(self) -> list[OrderUpdate]:
        """Updates since the last call; orders sent within the current bar meet the rest of it first."""
        if self._arrivals.fresh:
            self._match_fresh()
        books = self.books
        updates = books.updates
        if updates:
            books.updates = []
        return updates

    def place(self, order: Order) -> str:
        """Take a new order; returns its id. Raises OrderRejected. The same tag twice is refused.

        On its way it is SENT, and what is refused on arrival is told as REJECTED.
        """
        book = self.book
        if order.tag in book:
            raise OrderRejected(f"an order tagged {order.tag} exists")
        return self._send(RestingOrder(
            self._next_id(), order.tag, order.symbol, order.side, order.quantity, order.kind,
            order.price, order.trigger, order.created,
        ))

    def foreign_order(
        self, symbol: str, side: int, quantity: int, ts: int, price: Paise = 0, trigger: Paise = 0,
        protection: float = AUTOMATIC,
    ) -> str:
        """An order of the person or the broker, without a tag; price 0 is a market order, protected by so many percent.

        Returns its id, by which it is changed and cancelled. Raises OrderRejected.
        """
        kind = SL if trigger else LIMIT
        limit = price or self.market_price(symbol, side, protection)
        return self._send(RestingOrder(self._next_id(), OrderTag(""), symbol, side, quantity, kind, limit, trigger, ts))

    def market_price(self, symbol: str, side: int, protection: float = AUTOMATIC) -> Paise:
        """The limit that the broker makes of a market order now, paise. Raises OrderRejected."""
        if not protection:
            raise OrderRejected(NO_PROTECTION)
        standing = self._last.get(symbol)
        if standing is None or symbol not in self.instruments:
            raise OrderRejected(f"there is no price of {symbol} yet")
        band = self._checks.bands.get(symbol, (0, 0))
        return protected_price(self.instruments[symbol], side, standing, protection, band)

    def modify(self, tag: str, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Change a working order; a LIMIT cannot become a stop again. Raises OrderRejected.

        Under way it can still fail: that is told by an update with the reason and the terms as they are.
        """
        order, terms, sent = self._find(tag), (kind, quantity, price, trigger), self.now if self._clocked else ts
        most = self.rules.modifications
        if most is not None and order.modifications >= most:
            raise OrderRejected(TOO_MANY_CHANGES)
        self._checks.look_at_terms(self.instruments[order.symbol], terms)
        delay = self.latency.delay(order.key, order.requests) if self._travels else 0
        if delay:
            self._arrivals.look_at_change(order, terms, sent)
            self._arrivals.send(order, Request(sent + delay, Verb.MODIFY, terms))
        else:
            self._arrivals.change(order, terms, sent)
        order.modifications += 1
        order.requests += 1
        order.sent = sent

    def cancel(self, tag: str, ts: int) -> None:
        """Take what is left of a working order from the book. Raises OrderRejected."""
        order, sent = self._find(tag), self.now if self._clocked else ts
        delay = self.latency.delay(order.key, order.requests) if self._travels else 0
        if delay:
            self._arrivals.send(order, Request(sent + delay, Verb.CANCEL, order.terms))
        else:
            self._arrivals.withdraw(order, sent)
        order.requests += 1
        order.sent = sent

    def orders(self) -> list[OrderUpdate]:
        """The whole order book of the day, others' too."""
        return [update_of(order, order.since) for order in self.book.values()]

    def positions(self) -> dict[str, int]:
        """Signed net units by symbol over all fills, others' too; nothing where it is 0."""
        return {symbol: units for symbol, units in self.books.net.items() if units}

    def set_band(self, symbol: str, lower: Paise, upper: Paise) -> None:
        """Prices of the day that are taken, paise; 0 for no bound. What rests outside stays, unless it is a stop."""
        self._checks.set_band(symbol, lower, upper)

    def halt(self, symbol: str) -> None:
        """Nothing trades there, and every order and every change is refused, until `resume`."""
        self.books.halt(symbol)

    def resume(self, symbol: str) -> None:
        """Trading goes on with the next news of the market."""
        self.books.resume(symbol)

    def broker_square_off(self, ts: int, symbols: Collection[str] | None = None) -> list[str]:
        """The broker's risk desk cancels every order and exits every position (of `symbols`), at once, at the market.

        Its own orders have no tag, and travel like others; returns their ids. What is halted, or cannot be priced or
        sent, stays.
        """
        halted = self.books.halted
        mine = [order for order in self.book.values() if symbols is None or order.symbol in symbols]
        for order in mine:
            if order.working and order.symbol not in halted:
                self._arrivals.sweep(order, self.now if self._clocked else ts, RMS_CANCELLED)
        ids = []
        for symbol, units in self.positions().items():
            if symbols is None or symbol in symbols:
                most = self.instruments[symbol].freeze_quantity
                most = abs(units) if most is None else self.instruments[symbol].whole_lots(most)
                for begun in range(0, abs(units), most):
                    with suppress(OrderRejected):
                        quantity = min(most, abs(units) - begun)
                        ids.append(self.foreign_order(symbol, -1 if units > 0 else 1, quantity, ts))
        return ids

    def _next_id(self) -> str:
        return self._order_ids + str(len(self.book) + 1).zfill(8)

    def _match_fresh(self) -> None:
        fresh, self._arrivals.fresh = self._arrivals.fresh, []
        for order in fresh:
            bar = self._last.get(order.symbol)
            if isinstance(bar, Bar) and order.working and order.symbol not in self.books.halted:
                self._bars.match(order, bar)

    def _match_all(self, bar: Bar) -> None:
        match = self._bars.match
        orders = self._working[bar.symbol]
        if len(orders) == 1:
            match(orders[0], bar)
            return
        for order in orders[:]:
            match(order, bar)

    def _pass(self, ts: int) -> None:
        self.now = max(self.now, ts)
        self._arrivals.reach(ts)

    def _find(self, key: str) -> RestingOrder:
        order = self.book.get(key)
        if order is None:
            raise OrderRejected(f"no order is tagged {key}")
        if not order.working:
            raise OrderRejected(f"the order is {order.status}")
        if order.coming is not None:
            raise OrderRejected(BEING_PROCESSED)
        return order

    def _send(self, order: RestingOrder) -> str:
        instrument = self._checks.traded.get(order.symbol)
        if instrument is None:
            raise OrderRejected(f"{order.symbol} is not traded here today")
        kind = order.kind
        terms = (kind, order.quantity, order.price, order.trigger)
        sent = order.sent = self.now if self._clocked else order.since
        self._checks.look_at_terms(instrument, terms)
        if kind is not LIMIT or self._checks.priced:
            self._arrivals.look_at_price(instrument, order.side, terms, sent)
        delay = self.latency.delay(order.key, 0) if self._travels else 0
        if delay:
            self.book[order.key] = order
            self._arrivals.send(order, Request(sent + delay, Verb.PLACE, terms))
            self.books.tell(order, sent)
        elif self._arrivals.admit(order, sent):
            self._live = True
        return order.id
