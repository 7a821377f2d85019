"""Whether the account can pay for an order: its cash and losses against the margin of all that may come of it."""

from itertools import chain
from typing import Final

from common.exchange.books import Books
from common.exchange.checks import Checks
from common.exchange.margin import Exposure, MarginRates, margin_of
from common.exchange.resting import RestingOrder
from common.exchange.standing import Standing
from common.market.money import Paise, rupees_text
from common.trading.errors import OrderRejected

NEVER: Final = 2**62


class Funds:
    """Losses, made or open, shorten the day's cash at once; profits do not lengthen it before they are settled.

    Everything is valued at the last price.
    """

    def __init__(self, books: Books, standing: Standing, checks: Checks, rates: MarginRates) -> None:
        self._books = books
        self._standing = standing
        self._checks = checks
        self._rates = rates

    @property
    def available(self) -> Paise:
        """Cash less losses, before margin."""
        net, price = self._books.net, self._standing.price
        profit = sum(cash + net[symbol] * price(symbol, NEVER) for symbol, cash in self._books.cash.items())
        return self._checks.rules.cash + min(0, profit)

    def needed(self, without: RestingOrder | None = None, also: RestingOrder | None = None, left: int = 0) -> Paise:
        """Margin of positions and working orders: without one of them, and with `left` units of another."""
        buys: dict[str, int] = {}
        sells: dict[str, int] = {}
        working = chain(self._books.working.values(), self._books.halted.values())
        counted = [(order, order.left) for orders in working for order in orders if order is not without]
        if also is not None:
            counted.append((also, left))
        for order, units in counted:
            side = buys if order.side > 0 else sells
            side[order.symbol] = side.get(order.symbol, 0) + units
        prices = {order.symbol: order.price for order, _ in counted}
        exposures = []
        for symbol in sorted({*buys, *sells, *(symbol for symbol, units in self._books.net.items() if units)}):
            net = self._books.net.get(symbol, 0)
            price = self._standing.price(symbol, NEVER) or prices.get(symbol, 0)
            exposures.append(Exposure(
                self._checks.instruments[symbol], net - sells.get(symbol, 0), net + buys.get(symbol, 0), price,
            ))
        return margin_of(exposures, self._rates)

    def look_at(self, order: RestingOrder, left: int) -> None:
        """Raises OrderRejected where `left` units of the order need more than there is, and more than without them."""
        needed = self.needed(without=order, also=order, left=left)
        available = self.available
        if needed > available and needed > self.needed():
            raise OrderRejected(
                f"Insufficient funds. Required margin is {rupees_text(needed)} but available margin is "
                f"{rupees_text(available)}. Check the orderbook for open orders."
            )
