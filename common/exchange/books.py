"""What the exchange keeps: orders, who works where, positions, and the news of them that nobody has heard yet."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable

from common.exchange.resting import RestingOrder, Terms
from common.market.money import Paise
from common.trading.orders import COMPLETE, SENT, Fill, OrderUpdate, Status


class Books:
    """orders: every order of the day by key. working: those that the market can meet, by symbol, oldest id first.

    halted: symbols in which nothing happens, each with the orders that wait there.
    net: signed units over all fills. cash: what sales brought less what purchases cost, paise; both by symbol.
    updates: news since the last drain. moved: keys of orders that changed without news (a place in a queue, a request
    on its way), for a journal.
    """

    def __init__(self) -> None:
        self.orders: dict[str, RestingOrder] = {}
        self.working: dict[str, list[RestingOrder]] = {}
        self.halted: dict[str, list[RestingOrder]] = {}
        self.net: defaultdict[str, int] = defaultdict(int)
        self.cash: defaultdict[str, Paise] = defaultdict(int)
        self.updates: list[OrderUpdate] = []
        self.moved: set[str] = set()

    def restore(self, orders: Iterable[RestingOrder]) -> None:
        """Take orders back from a journal."""
        for order in orders:
            self.orders[order.key] = order
            for fill in order.fills:
                self.net[order.symbol] += order.side * fill.quantity
                self.cash[order.symbol] -= order.side * fill.quantity * fill.price
            if order.working and order.status is not SENT:
                self.join(order)

    def join(self, order: RestingOrder) -> None:
        """From now on the market can meet it."""
        others = self.working.get(order.symbol)
        if others is None:
            self.working[order.symbol] = [order]
        else:
            insort(others, order, key=_id)

    def halt(self, symbol: str) -> None:
        """The market meets nobody there until `resume`."""
        if symbol not in self.halted:
            self.halted[symbol] = self.working.pop(symbol, [])

    def resume(self, symbol: str) -> None:
        """Those who waited are where they were."""
        waiting = self.halted.pop(symbol, [])
        if waiting:
            self.working[symbol] = waiting

    def tell(
        self, order: RestingOrder, ts: int, fills: tuple[Fill, ...] = (), reason: str = "", terms: Terms | None = None,
    ) -> None:
        """News of one order. terms: where a change that was accepted earlier has come to its end."""
        self.updates.append(OrderUpdate(
            order.tag, order.status, ts, fills, order.id, reason, terms, order.filled, order.symbol, order.side,
        ))

    def fill(self, order: RestingOrder, ts: int, price: Paise, quantity: int) -> None:
        """`quantity` units at `price` paise; at most what is left."""
        fill = Fill(f"{order.id}-{len(order.fills) + 1}", ts, price, quantity)
        order.fills.append(fill)
        order.filled += quantity
        symbol, units = order.symbol, order.side * quantity
        self.net[symbol] += units
        self.cash[symbol] -= units * price
        if order.filled == order.quantity:
            self.finish(order, COMPLETE)
        self.tell(order, ts, (fill,))

    def finish(self, order: RestingOrder, status: Status) -> None:
        """It can no longer fill."""
        if order.status is not SENT:
            working = self.working[order.symbol]
            working.remove(order)
            if not working:
                del self.working[order.symbol]
        order.status = status


def _id(order: RestingOrder) -> str:
    return order.id
