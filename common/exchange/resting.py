"""An order as the exchange holds it."""

from collections.abc import Mapping
from typing import Any

from common.market.money import Paise
from common.trading.orders import Fill, Kind, OrderTag, Status, fill_fields


class RestingOrder:
    """since: when its present terms were sent. matched: start of the last bar it met. Both nanoseconds UTC."""

    __slots__ = (
        "alarm", "filled", "fills", "id", "kind", "matched", "price", "quantity", "side", "since", "status", "symbol",
        "tag", "trigger",
    )

    def __init__(
        self, id: str, tag: OrderTag, symbol: str, side: int, quantity: int, kind: Kind, price: Paise, trigger: Paise,
        since: int,
    ) -> None:
        self.id = id
        self.tag = tag
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.kind = kind
        self.price = price
        self.set_trigger(trigger)
        self.since = since
        self.matched = 0
        self.status = Status.OPEN
        self.filled = 0
        self.fills: list[Fill] = []

    def set_trigger(self, trigger: Paise) -> None:
        """alarm: the high of a bar, or its low negated for a sale, from which the trigger is met."""
        self.trigger = trigger
        self.alarm = trigger if self.side > 0 else -trigger

    @property
    def working(self) -> bool:
        """May still fill."""
        return not self.status.terminal


def resting_fields(order: RestingOrder) -> dict[str, Any]:
    """The order as JSON, whole."""
    return {
        "id": order.id, "tag": order.tag, "symbol": order.symbol, "side": order.side, "quantity": order.quantity,
        "kind": order.kind.value, "price": order.price, "trigger": order.trigger, "since": order.since,
        "matched": order.matched, "status": order.status.value,
        "fills": [fill_fields(fill) for fill in order.fills],
    }


def resting_from_fields(fields: Mapping[str, Any]) -> RestingOrder:
    """The inverse of `resting_fields`."""
    order = RestingOrder(
        fields["id"], OrderTag(fields["tag"]), fields["symbol"], fields["side"], fields["quantity"],
        Kind(fields["kind"]), fields["price"], fields["trigger"], fields["since"],
    )
    order.matched = fields["matched"]
    order.status = Status(fields["status"])
    order.fills = [Fill(**fill) for fill in fields["fills"]]
    order.filled = sum(fill.quantity for fill in order.fills)
    return order
