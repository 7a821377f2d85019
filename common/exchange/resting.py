"""An order as the exchange holds it, with the request for it that is still on its way."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from common.market.money import Paise
from common.trading.orders import SENT, Fill, Kind, OrderTag, OrderUpdate, Status, fill_fields

QUEUE_UNKNOWN: Final = -1


Terms: TypeAlias = tuple[Kind, int, Paise, Paise]
"""What may be changed about an order: kind, units in all, price and trigger in paise (trigger 0 for a LIMIT)."""


class Verb(StrEnum):
    """What a request wants."""

    PLACE = "PLACE"
    MODIFY = "MODIFY"
    CANCEL = "CANCEL"


class Request(NamedTuple):
    """One request on its way. effective: when it is there, nanoseconds UTC. terms: as they will be then."""

    effective: int
    verb: Verb
    terms: Terms


class RestingOrder:
    """key: its tag, or its id where it has none: then it is the person's or the broker's own.

    since: when its present terms took effect. sent: when its last request was sent. matched: start of the last bar, or
    time of the last quote, that it met. All nanoseconds UTC.
    requests: made for it so far, the first included. modifications: those for other terms. coming: the one on its way.
    arriving: has not met a quote under its present terms: it pays what the other side asks; later the other side pays
    it its own price. ahead: units that are before it at its price. filled: units.
    """

    __slots__ = (
        "ahead", "alarm", "arriving", "coming", "filled", "fills", "id", "key", "kind", "matched", "modifications",
        "price", "quantity", "reason", "requests", "sent", "side", "since", "status", "symbol", "tag", "trigger",
    )

    def __init__(
        self, id: str, tag: OrderTag, symbol: str, side: int, quantity: int, kind: Kind, price: Paise, trigger: Paise,
        since: int,
    ) -> None:
        self.id = id
        self.tag = tag
        self.key: str = tag or id
        self.symbol = symbol
        self.side = side
        self.since = self.sent = since
        self.matched = 0
        self.status = SENT
        self.reason = ""
        self.filled = 0
        self.fills: list[Fill] = []
        self.requests = 1
        self.modifications = 0
        self.coming: Request | None = None
        # As `set_terms`, without the call: a replay makes thousands.
        self.kind = kind
        self.quantity = quantity
        self.price = price
        self.trigger = trigger
        self.alarm = trigger if side > 0 else -trigger
        self.arriving = True
        self.ahead = QUEUE_UNKNOWN

    def set_terms(self, kind: Kind, quantity: int, price: Paise, trigger: Paise) -> None:
        """alarm: the high of a bar, or its low negated for a sale, from which the trigger is met.

        The order is at the end of the queue, wherever that is.
        """
        self.kind = kind
        self.quantity = quantity
        self.price = price
        self.trigger = trigger
        self.alarm = trigger if self.side > 0 else -trigger
        self.arriving = True
        self.ahead = QUEUE_UNKNOWN

    @property
    def terms(self) -> Terms:
        """As the exchange holds them now."""
        return self.kind, self.quantity, self.price, self.trigger

    @property
    def left(self) -> int:
        """Units that may still fill."""
        return self.quantity - self.filled

    @property
    def working(self) -> bool:
        """May still fill."""
        return not self.status.terminal


def update_of(order: RestingOrder, ts: int) -> OrderUpdate:
    """The whole truth about one order, as a read of the order book tells it."""
    return OrderUpdate(
        order.tag, order.status, ts, tuple(order.fills), order.id, order.reason, order.terms, order.filled,
        order.symbol, order.side,
    )


def resting_fields(order: RestingOrder) -> dict[str, Any]:
    """The order as JSON, whole."""
    coming = order.coming
    return {
        "id": order.id, "tag": order.tag, "symbol": order.symbol, "side": order.side, "quantity": order.quantity,
        "kind": order.kind.value, "price": order.price, "trigger": order.trigger, "since": order.since,
        "sent": order.sent, "matched": order.matched, "status": order.status.value, "reason": order.reason,
        "requests": order.requests, "modifications": order.modifications, "arriving": order.arriving,
        "ahead": order.ahead,
        "coming": None if coming is None else [coming.effective, coming.verb.value, list(coming.terms)],
        "fills": [fill_fields(fill) for fill in order.fills],
    }


def resting_from_fields(fields: Mapping[str, Any]) -> RestingOrder:
    """The inverse of `resting_fields`."""
    order = RestingOrder(
        fields["id"], OrderTag(fields["tag"]), fields["symbol"], fields["side"], fields["quantity"],
        Kind(fields["kind"]), fields["price"], fields["trigger"], fields["since"],
    )
    for name in ("sent", "matched", "reason", "requests", "modifications", "arriving", "ahead"):
        setattr(order, name, fields[name])
    order.status = Status(fields["status"])
    order.fills = [Fill(**fill) for fill in fields["fills"]]
    order.filled = sum(fill.quantity for fill in order.fills)
    if fields["coming"] is not None:
        effective, verb, (kind, quantity, price, trigger) = fields["coming"]
        order.coming = Request(effective, Verb(verb), (Kind(kind), quantity, price, trigger))
    return order
