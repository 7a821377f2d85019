"""The way to the market, as whoever trades needs it; light, because every entry point knows it by its ports."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from common.market.bar import Bar, Quote
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate


class OrderRoute(Protocol):
    """The way to the market and back. Requests raise OrderRejected (or a kind of it) or OrderUnknown."""

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves; True when `drain` has something. A real broker only looks into its queue."""
        ...

    def drain(self) -> list[OrderUpdate]:
        """News of orders since the last call, others' too; may be late, doubled, out of order or lost."""
        ...

    def place(self, order: Order) -> str:
        """Returns the broker's id."""
        ...

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None: ...

    def cancel(self, tag: OrderTag, ts: int) -> None: ...

    def orders(self) -> Sequence[OrderUpdate]:
        """Today's whole order book, fills and terms included, others' orders too. Raises BrokerUnavailable."""
        ...

    def positions(self) -> Mapping[str, int]:
        """Signed net units of the day by symbol, not only ours. Raises BrokerUnavailable."""
        ...
