"""What trades on a bar: an order takes part if it was sent before the bar's end, in its opening if before its start.

Each order uses a bar once. A bar knows no queue and no depth: a limit trades when the market goes through it, as much
as the model's part of the volume.
"""

from collections.abc import Collection

from common.exchange.books import Books
from common.exchange.checks import OUTSIDE_PROTECTION, Checks
from common.exchange.fills import FillModel
from common.exchange.resting import RestingOrder
from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.trading.orders import CANCELLED, OPEN, TRIGGER_PENDING


class BarMatcher:
    """without_volume: symbols whose data has no volume, filled by price alone."""

    def __init__(
        self, books: Books, model: FillModel, checks: Checks, without_volume: Collection[str],
    ) -> None:
        self._books = books
        self._instruments = checks.instruments
        self._model = model
        self._checks = checks
        self._without_volume = frozenset(without_volume)

    def match(self, order: RestingOrder, bar: Bar) -> None:
        """Trigger and fill what the bar allows."""
        ts, since = bar.ts, order.since
        if order.matched >= ts or since >= ts + NANOSECONDS_A_MINUTE:
            return
        order.matched = ts
        aggressive = before_open = since <= ts
        raw = bar.open
        if order.status is TRIGGER_PENDING:
            side = order.side
            gapped = before_open and (raw - order.trigger) * side >= 0
            reach = bar.high if side > 0 else bar.low
            if not gapped and (reach - order.trigger) * side < 0:
                return
            if not gapped:
                raw, ts = order.trigger, ts + NANOSECONDS_A_MINUTE // 2
            if not release(order, ts, bar.open, self._books, self._checks):
                return
            aggressive = True
        price = self._price(order, bar, raw, aggressive=aggressive)
        if price:
            self._fill(order, bar, price, ts)

    def _price(self, order: RestingOrder, bar: Bar, raw: int, *, aggressive: bool) -> int:
        """What the order pays on this bar, 0 if it does not trade."""
        side = order.side
        if aggressive:
            instrument = self._instruments[order.symbol]
            price = self._model.price(instrument, raw, side, bar, order.key, len(order.fills))
            if price and (order.price - price) * side >= 0:
                return price
        passed = bar.low < order.price if side > 0 else bar.high > order.price
        return order.price if passed else 0

    def _fill(self, order: RestingOrder, bar: Bar, price: int, ts: int) -> None:
        has_volume = order.symbol not in self._without_volume
        instrument = self._instruments[order.symbol]
        quantity = self._model.quantity(instrument, bar, order.quantity - order.filled, has_volume=has_volume)
        if quantity > 0:
            self._books.fill(order, ts, price, quantity)


def release(order: RestingOrder, ts: int, reference: float, books: Books, checks: Checks) -> bool:
    """A stop has triggered: it goes on as a limit order, or, outside what the exchange takes, it is cancelled."""
    if not checks.priced or checks.may_be_released(order.symbol, order.side, order.price, reference):
        order.status = OPEN
        books.tell(order, ts)
        return True
    books.finish(order, CANCELLED)
    order.reason = OUTSIDE_PROTECTION
    books.tell(order, ts, reason=OUTSIDE_PROTECTION)
    return False
