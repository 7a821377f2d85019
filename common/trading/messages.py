"""What a session is told (events) and what it asks for (commands); market events are in common.market.bar."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from common.market.bar import Bar, Quote
from common.market.money import Paise
from common.trading.orders import Kind, Order, OrderUpdate
from common.trading.risk import Verdict
from common.trading.trades import Trade


class Timer:
    """Time has passed; ts: nanoseconds UTC."""

    __slots__ = ("ts",)

    def __init__(self, ts: int) -> None:
        self.ts = ts


class Halt:
    """The person, the supervisor or a limit stops the workload. flatten: also close what is open."""

    __slots__ = ("flatten", "reason", "ts")

    def __init__(self, ts: int, reason: str, flatten: bool) -> None:
        self.ts = ts
        self.reason = reason
        self.flatten = flatten


class ChangeRefused:
    """The broker refused to modify or cancel `order`; the order stands as it was."""

    __slots__ = ("order", "reason", "ts")

    def __init__(self, order: Order, ts: int, reason: str) -> None:
        self.order = order
        self.ts = ts
        self.reason = reason


Event: TypeAlias = Bar | Quote | Timer | Halt | OrderUpdate | ChangeRefused


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


class Log:
    """Something a person may want to know. severity: INFO, WARNING, ERROR, CRITICAL."""

    __slots__ = ("fields", "message", "severity", "ts")

    def __init__(self, ts: int, severity: str, message: str, fields: Mapping[str, Any]) -> None:
        self.ts = ts
        self.severity = severity
        self.message = message
        self.fields = fields


Command: TypeAlias = CommitIntent | PlaceOrder | ModifyOrder | CancelOrder | PublishTrade | Log
