"""The account at the broker: one exchange, every request with its sender, every change told to whoever listens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Protocol

from common.exchange.resting import RestingOrder, update_of
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_SECOND, Quote
from common.simulation.truth import Truth
from common.simulation.world import World
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Order, OrderUpdate, Status

Watcher = Callable[[set[str]], None]
"""Is told of the symbols in which something changed."""


class Subscriber(Protocol):
    """A process that gets the account's order updates."""

    def tell(self, update: OrderUpdate) -> None: ...


class Account:
    """exchange: by its own clock, which is the world's. truth: counted from every change. arrivals: of each tag, also
    those that the exchange refused: more than one is an order that was sent twice.
    """

    def __init__(self, world: World, exchange: Exchange, truth: Truth, watcher: Watcher) -> None:
        self.world = world
        self.exchange = exchange
        self.truth = truth
        self.subscribers: list[Subscriber] = []
        self.arrivals: dict[str, int] = {}
        self._watcher = watcher
        self._listed: list[OrderUpdate] = []
        self._open: list[tuple[int, RestingOrder]] = []
        self._by_id: dict[str, RestingOrder] = {}

    def place(self, order: Order) -> str:
        """The request has reached the broker. Raises OrderRejected."""
        with self._change():
            self.arrivals[order.tag] = self.arrivals.get(order.tag, 0) + 1
            # The exchange goes by its own clock; whoever sent the order may be wrong about the time.
            sent = copy(order)
            sent.created = self.world.now
            id = self.exchange.place(sent)
            self._follow(sent.tag)
            return id

    def place_foreign(self, symbol: str, side: int, quantity: int, price: int = 0) -> str:
        """An order of the person's or the broker's own; returns its id. Raises OrderRejected."""
        with self._change():
            id = self.exchange.foreign_order(symbol, side, quantity, self.world.now, price)
            self._follow(id)
            return id

    def broker_square_off(self, symbols: Sequence[str]) -> None:
        """The risk desk cancels and closes everything in these symbols."""
        with self._change():
            for id in self.exchange.broker_square_off(self.world.now, symbols):
                self._follow(id)

    def modify(self, key: str, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Raises OrderRejected."""
        with self._change():
            self.exchange.modify(key, self.world.now, kind, quantity, price, trigger)
            self._follow(key)

    def cancel(self, key: str) -> None:
        """Raises OrderRejected."""
        with self._change():
            self.exchange.cancel(key, self.world.now)
            self._follow(key)

    def observe(self, quote: Quote) -> None:
        """The market as it is."""
        if self.exchange.observe(quote):
            with self._change():
                pass

    def reach(self) -> None:
        """What is on its way arrives."""
        with self._change():
            pass

    def fill_after_cancel(self, tag: str) -> None:
        """The broker corrects itself: what it said to be cancelled had been traded before it was withdrawn."""
        order, books = self.exchange.book[tag], self.exchange.books
        if order.status is not Status.CANCELLED or order.symbol in books.halted:
            return
        with self._change():
            self._open.append((list(self.exchange.book).index(tag), order))
            order.status = Status.OPEN
            books.join(order)
            books.fill(order, self.world.now, order.price, order.left)

    def listing(self) -> list[OrderUpdate]:
        """The whole order book of the day, as a read tells it."""
        listed, book = self._listed, self.exchange.book
        if len(book) > len(listed):
            for order in list(book.values())[len(listed) :]:
                self._open.append((len(listed), order))
                listed.append(update_of(order, order.since))
        for place, order in self._open:
            listed[place] = update_of(order, order.since)
        self._open = [one for one in self._open if one[1].working]
        return listed.copy()

    def positions_before(self, seconds: float) -> dict[str, int]:
        """Net units by symbol without what was traded in the last `seconds`."""
        net = dict(self.exchange.books.net)
        since = self.world.now - int(seconds * NANOSECONDS_A_SECOND)
        for order in self.exchange.book.values():
            for fill in reversed(order.fills):
                if fill.ts <= since:
                    break
                net[order.symbol] -= order.side * fill.quantity
        return {symbol: units for symbol, units in net.items() if units}

    def order(self, key: str) -> RestingOrder | None:
        """By tag, or by id where it has none."""
        return self.exchange.book.get(key)

    def _follow(self, key: str) -> None:
        """Look at what is on its way when it arrives."""
        order = self.exchange.book.get(key)
        if order is None:
            return
        self._by_id[order.id] = order
        if order.coming is not None:
            self.world.at(order.coming.effective, self.reach)

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Around whatever may change the exchange: its news goes to the truth first, then to everybody."""
        self.exchange.pass_time(self.world.now)
        try:
            yield
        finally:
            self._settle()

    def _settle(self) -> None:
        updates = self.exchange.drain()
        if not updates:
            return
        touched = set()
        for update in updates:
            order = self._by_id.get(update.broker_id) or self._found(update)
            self.truth.take(order, self.world.now)
            touched.add(order.symbol)
        self._watcher(touched)
        for update in updates:
            for subscriber in self.subscribers:
                subscriber.tell(update)

    def _found(self, update: OrderUpdate) -> RestingOrder:
        order = self.exchange.book.get(update.tag or update.broker_id)
        if order is None:
            raise OrderRejected(f"the exchange tells of an order that it does not have: {update}")
        self._by_id[order.id] = order
        return order
