"""What a session is told (events) and what it asks for (commands); market events are in common.market.bar."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from common.market.bar import Bar, Quote
from common.market.money import Paise
from common.trading.halts import HaltLevel
from common.trading.limits import Verdict
from common.trading.orders import Kind, Order, OrderUpdate
from common.trading.trades import Trade


class Timer:
    """Time has passed; ts: nanoseconds UTC."""

    __slots__ = ("ts",)

    def __init__(self, ts: int) -> None:
        self.ts = ts


class Control:
    """What the person, the supervisor or the scheduler wants from now on; RUN takes an earlier halt back."""

    __slots__ = ("level", "reason", "ts")

    def __init__(self, ts: int, level: HaltLevel, reason: str) -> None:
        self.ts = ts
        self.level = level
        self.reason = reason


class ChangeFailed:
    """Modifying or cancelling `order` did not succeed. unclear: it may have happened all the same; else it did not."""

    __slots__ = ("order", "reason", "ts", "unclear")

    def __init__(self, order: Order, ts: int, reason: str, *, unclear: bool = False) -> None:
        self.order = order
        self.ts = ts
        self.reason = reason
        self.unclear = unclear


class Throttled:
    """The broker refused a request because too much was asked (HTTP 429)."""

    __slots__ = ("ts",)

    def __init__(self, ts: int) -> None:
        self.ts = ts


class OrderBook:
    """A successful read of the account's whole order book. asked: when the read began, nanoseconds UTC.

    orders: ours and others'. What is missing here was not in the broker's book at `asked`.
    """

    __slots__ = ("asked", "orders")

    def __init__(self, asked: int, orders: Sequence[OrderUpdate]) -> None:
        self.asked = asked
        self.orders = orders


class Positions:
    """A successful read of the account's net positions. net: signed units by symbol, not only ours; absent is 0."""

    __slots__ = ("asked", "net")

    def __init__(self, asked: int, net: Mapping[str, int]) -> None:
        self.asked = asked
        self.net = net


class PriceBand:
    """Today's lowest and highest price that the exchange takes for `symbol`, paise; 0 where there is no such bound."""

    __slots__ = ("lower", "symbol", "ts", "upper")

    def __init__(self, ts: int, symbol: str, lower: Paise, upper: Paise) -> None:
        self.ts = ts
        self.symbol = symbol
        self.lower = lower
        self.upper = upper


Event: TypeAlias = (
    Bar | Quote | Timer | Control | OrderUpdate | ChangeFailed | Throttled | OrderBook | Positions | PriceBand
)


HANDLERS: Final[Mapping[type, str]] = {
    Bar: "on_bar", Quote: "on_quote", OrderUpdate: "on_update", Timer: "on_timer", Control: "on_control",
    ChangeFailed: "on_change_failed", Throttled: "on_throttled", OrderBook: "on_order_book",
    Positions: "on_positions", PriceBand: "on_price_band",
}
"""The session's method for each event, by name: one that held its own methods would wait for the garbage collector."""


class CommitIntent:
    """Store the order and the verdict that allows it, before anything is sent."""

    __slots__ = ("order", "verdict")

    def __init__(self, order: Order, verdict: Verdict) -> None:
        self.order = order
        self.verdict = verdict


class PlaceOrder:
    """Send the order whose intent has just been committed."""

    __slots__ = ("order",)

    def __init__(self, order: Order) -> None:
        self.order = order


class ModifyOrder:
    """Change the resting order to these values. price, trigger: paise; quantity: units in all; ts: decided at."""

    __slots__ = ("kind", "order", "price", "quantity", "trigger", "ts")

    def __init__(self, order: Order, ts: int, kind: Kind, quantity: int, price: Paise, trigger: Paise) -> None:
        self.order = order
        self.ts = ts
        self.kind = kind
        self.quantity = quantity
        self.price = price
        self.trigger = trigger


class CancelOrder:
    """Take the order's rest from the book."""

    __slots__ = ("order",)

    def __init__(self, order: Order) -> None:
        self.order = order


class PublishTrade:
    """A round trip has ended."""

    __slots__ = ("trade",)

    def __init__(self, trade: Trade) -> None:
        self.trade = trade


class ReadOrders:
    """Read the broker's order book and positions; the answers come back as OrderBook and Positions."""

    __slots__ = ()


class Log:
    """Something a person may want to know. severity: INFO, WARNING, ERROR, CRITICAL."""

    __slots__ = ("fields", "message", "severity", "ts")

    def __init__(self, ts: int, severity: str, message: str, fields: Mapping[str, Any]) -> None:
        self.ts = ts
        self.severity = severity
        self.message = message
        self.fields = fields


Command: TypeAlias = CommitIntent | PlaceOrder | ModifyOrder | CancelOrder | PublishTrade | ReadOrders | Log
