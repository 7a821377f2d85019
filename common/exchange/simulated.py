"""A simulated exchange on bars: orders rest, trigger, fill in part or whole; the same input gives the same fills.

An order takes part in a bar if it was sent before the bar's end, and in its opening if it was sent before its start;
each order uses a bar once.
"""

from collections.abc import Collection, Mapping
from typing import Final

from common.exchange.fills import FillModel
from common.exchange.resting import RestingOrder
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote, bar_of
from common.market.instrument import Instrument
from common.trading.errors import OrderRejected
from common.trading.orders import Fill, Kind, Order, OrderUpdate, Status

_PENDING: Final = Status.TRIGGER_PENDING


class Exchange:
    """instruments: by symbol. without_volume: symbols whose data has no volume, filled by price alone.

    order_ids: how ids begin, so that those of several exchanges on one day differ.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], model: FillModel, without_volume: Collection[str] = (),
        order_ids: str = "",
    ) -> None:
        self.instruments = instruments
        self.model = model
        self.without_volume = frozenset(without_volume)
        self._order_ids = order_ids
        self.orders: dict[str, RestingOrder] = {}
        self.updates: list[OrderUpdate] = []
        self._working: dict[str, list[RestingOrder]] = {}
        self._fresh: list[RestingOrder] = []
        self._last: dict[str, Bar | Quote] = {}

    def restore(self, orders: Collection[RestingOrder]) -> None:
        """Take orders back from a journal."""
        for order in orders:
            self.orders[order.tag] = order
            if order.working:
                self._working.setdefault(order.symbol, []).append(order)

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves; True when there is something to drain. A quote fills what it meets, whole, at the touch."""
        symbol = event.symbol
        self._last[symbol] = event
        if symbol in self._working:
            bar = event if isinstance(event, Bar) else bar_of(event)
            for order in self._working[symbol]:
                # A stop that the bar does not reach is by far the commonest case: settled without a call.
                if order.status is not _PENDING or (bar.high if order.side > 0 else -bar.low) >= order.alarm:
                    self._match_all(symbol, bar)
                    return bool(self.updates)
        return False

    def drain(self) -> list[OrderUpdate]:
        """Updates since the last call; orders sent within the current bar meet the rest of it first."""
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            for order in fresh:
                bar = self._last_bar(order.symbol)
                if bar is not None and order.working:
                    self._match(order, bar)
        updates = self.updates
        if updates:
            self.updates = []
        return updates

    def place(self, order: Order) -> str:
        """Accept a new order; returns its id. Raises OrderRejected. The same tag twice is refused."""
        instrument = self.instruments.get(order.symbol)
        if instrument is None or instrument.asset_class is None:
            raise OrderRejected(f"{order.symbol} is not traded here today")
        if order.tag in self.orders:
            raise OrderRejected(f"an order tagged {order.tag} exists")
        self._check(instrument, order.kind, order.side, order.quantity, order.price, order.trigger, order.created)
        id = f"{self._order_ids}{len(self.orders) + 1:08d}"
        resting = RestingOrder(
            id, order.tag, order.symbol, order.side, order.quantity, order.kind, order.price, order.trigger,
            order.created,
        )
        resting.status = Status.TRIGGER_PENDING if order.kind is Kind.SL else Status.OPEN
        self.orders[order.tag] = resting
        self._working.setdefault(order.symbol, []).append(resting)
        self._fresh.append(resting)
        self.updates.append(OrderUpdate(order.tag, resting.status, order.created, (), resting.id))
        return resting.id

    def modify(self, tag: str, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Change a working order; a LIMIT cannot become a stop again. Raises OrderRejected."""
        order = self._find(tag)
        if kind is Kind.SL and order.status is not Status.TRIGGER_PENDING:
            raise OrderRejected("a limit order cannot become a stop")
        if quantity < order.filled:
            raise OrderRejected(f"{order.filled} of the order are filled")
        self._check(self.instruments[order.symbol], kind, order.side, quantity, price, trigger, ts)
        order.kind, order.quantity, order.price, order.since = kind, quantity, price, ts
        order.set_trigger(trigger)
        if order.filled == order.quantity:
            self._finish(order, Status.COMPLETE)
        elif kind is Kind.LIMIT:
            order.status = Status.OPEN
        self.updates.append(OrderUpdate(order.tag, order.status, ts, (), order.id))

    def cancel(self, tag: str, ts: int) -> None:
        """Take what is left of a working order from the book. Raises OrderRejected."""
        order = self._find(tag)
        order.since = ts
        self._finish(order, Status.CANCELLED)
        self.updates.append(OrderUpdate(order.tag, order.status, ts, (), order.id))

    def _last_bar(self, symbol: str) -> Bar | None:
        event = self._last.get(symbol)
        return bar_of(event) if isinstance(event, Quote) else event

    def _find(self, tag: str) -> RestingOrder:
        order = self.orders.get(tag)
        if order is None:
            raise OrderRejected(f"no order is tagged {tag}")
        if not order.working:
            raise OrderRejected(f"the order is {order.status}")
        return order

    def _check(
        self, instrument: Instrument, kind: Kind, side: int, quantity: int, price: int, trigger: int, ts: int,
    ) -> None:
        if quantity <= 0 or quantity % instrument.lot:
            raise OrderRejected(f"quantity {quantity} is not in lots of {instrument.lot}")
        if instrument.freeze_quantity is not None and quantity > instrument.freeze_quantity:
            raise OrderRejected(f"quantity {quantity} is above the freeze quantity {instrument.freeze_quantity}")
        for value in (price, trigger) if kind is Kind.SL else (price,):
            if value <= 0 or value % instrument.tick:
                raise OrderRejected(f"price {value} is not on the tick of {instrument.tick}")
        bar = self._last_bar(instrument.symbol)
        if kind is Kind.SL and bar is not None:
            last = bar.close if ts >= bar.ts + NANOSECONDS_A_MINUTE else bar.open
            if (trigger - last) * side <= 0:
                raise OrderRejected("the trigger is through the last price")

    def _match_all(self, symbol: str, bar: Bar) -> None:
        for order in self._working[symbol][:]:
            self._match(order, bar)

    def _match(self, order: RestingOrder, bar: Bar) -> None:
        if order.matched >= bar.ts or order.since >= bar.ts + NANOSECONDS_A_MINUTE:
            return
        order.matched = bar.ts
        before_open = order.since <= bar.ts
        side, raw, ts = order.side, bar.open, bar.ts
        aggressive = before_open
        if order.status is Status.TRIGGER_PENDING:
            gapped = before_open and (bar.open - order.trigger) * side >= 0
            reach = bar.high if side > 0 else bar.low
            if not gapped and (reach - order.trigger) * side < 0:
                return
            order.status = Status.OPEN
            self.updates.append(OrderUpdate(order.tag, Status.OPEN, ts, (), order.id))
            raw = bar.open if gapped else order.trigger
            ts = bar.ts if gapped else bar.ts + NANOSECONDS_A_MINUTE // 2
            aggressive = True
        price = self._price(order, bar, raw, aggressive=aggressive)
        if price:
            self._fill(order, bar, price, ts)

    def _price(self, order: RestingOrder, bar: Bar, raw: int, *, aggressive: bool) -> int:
        """What the order pays on this bar, 0 if it does not trade."""
        side = order.side
        if aggressive:
            instrument = self.instruments[order.symbol]
            price = self.model.price(instrument, raw, side, bar, order.tag, len(order.fills))
            if price and (order.price - price) * side >= 0:
                return price
        passed = bar.low < order.price if side > 0 else bar.high > order.price
        return order.price if passed else 0

    def _fill(self, order: RestingOrder, bar: Bar, price: int, ts: int) -> None:
        has_volume = order.symbol not in self.without_volume
        instrument = self.instruments[order.symbol]
        quantity = self.model.quantity(instrument, bar, order.quantity - order.filled, has_volume=has_volume)
        if quantity <= 0:
            return
        fill = Fill(f"{order.id}-{len(order.fills) + 1}", ts, price, quantity)
        order.fills.append(fill)
        order.filled += quantity
        if order.filled == order.quantity:
            self._finish(order, Status.COMPLETE)
        self.updates.append(OrderUpdate(order.tag, order.status, ts, (fill,), order.id))

    def _finish(self, order: RestingOrder, status: Status) -> None:
        order.status = status
        working = self._working[order.symbol]
        working.remove(order)
        if not working:
            del self._working[order.symbol]


def update_of(order: RestingOrder, ts: int) -> OrderUpdate:
    """The whole truth about one order, as a read of the order book tells it."""
    terms = (order.kind, order.quantity, order.price, order.trigger)
    return OrderUpdate(order.tag, order.status, ts, tuple(order.fills), order.id, terms=terms)


__all__ = ["Exchange", "update_of"]
