"""Orders: one transition table, fills that count once, quantities that only grow."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NewType

from common.market.money import Paise

OrderTag = NewType("OrderTag", str)


class Kind(StrEnum):
    """Order types of the broker; SL rests with a trigger and becomes a LIMIT when it is met."""

    LIMIT = "LIMIT"
    SL = "SL"


class Purpose(StrEnum):
    """An ENTRY opens a position; the one EXIT of a position protects it and closes it."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"


class Status(StrEnum):
    """INTENDED: committed, not sent. SENT: taken by the broker, not yet at the exchange. UNKNOWN: outcome unclear.

    NOT_PLACED: it never arrived: never sent, or absent from the order book for as long as our patience lasts.
    """

    INTENDED = "INTENDED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    OPEN = "OPEN"
    TRIGGER_PENDING = "TRIGGER PENDING"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT PLACED"

    terminal: bool
    following: tuple["Status", ...]
    progress: int


# The members by themselves, for what runs at every order: a look-up in an enum's class costs as much as a call.
LIMIT: Final = Kind.LIMIT
SL: Final = Kind.SL
ENTRY: Final = Purpose.ENTRY
EXIT: Final = Purpose.EXIT
INTENDED: Final = Status.INTENDED
SENT: Final = Status.SENT
UNKNOWN: Final = Status.UNKNOWN
OPEN: Final = Status.OPEN
TRIGGER_PENDING: Final = Status.TRIGGER_PENDING
COMPLETE: Final = Status.COMPLETE
CANCELLED: Final = Status.CANCELLED
REJECTED: Final = Status.REJECTED
NOT_PLACED: Final = Status.NOT_PLACED

TERMINAL: Final = (Status.COMPLETE, Status.CANCELLED, Status.REJECTED, Status.NOT_PLACED)

_AT_BROKER: Final = (Status.OPEN, Status.TRIGGER_PENDING, Status.COMPLETE, Status.CANCELLED, Status.REJECTED)
TRANSITIONS: Final[Mapping[Status, tuple[Status, ...]]] = {
    Status.INTENDED: (*_AT_BROKER, Status.SENT, Status.UNKNOWN, Status.NOT_PLACED),
    Status.SENT: _AT_BROKER,
    Status.UNKNOWN: (*_AT_BROKER, Status.SENT, Status.NOT_PLACED),
    Status.OPEN: (Status.COMPLETE, Status.CANCELLED, Status.REJECTED),
    Status.TRIGGER_PENDING: (Status.OPEN, Status.COMPLETE, Status.CANCELLED, Status.REJECTED),
    Status.COMPLETE: (),
    # A cancelled order has been seen to fill: the broker's last word counts.
    Status.CANCELLED: (Status.COMPLETE,),
    Status.REJECTED: (),
    # Patience is a bet: an order that appears after all is ours, whatever we thought.
    Status.NOT_PLACED: (*_AT_BROKER, Status.SENT),
}
_PROGRESS: Final = {
    Status.INTENDED: 0, Status.UNKNOWN: 1, Status.NOT_PLACED: 2, Status.SENT: 3, Status.TRIGGER_PENDING: 4,
    Status.OPEN: 5, Status.CANCELLED: 6, Status.REJECTED: 6, Status.COMPLETE: 7,
}
# An enum's hash is a Python call: what every update asks of a status is kept on the member instead.
for _status in Status:
    _status.terminal = _status in TERMINAL
    _status.following = TRANSITIONS[_status]
    _status.progress = _PROGRESS[_status]


class TransitionError(Exception):
    """The broker said something that the table does not list: stop trading this symbol and look at the order."""


class Fill:
    """One execution. id: the broker's trade id. ts: nanoseconds UTC. price: paise. quantity: units."""

    __slots__ = ("id", "price", "quantity", "ts")

    def __init__(self, id: str, ts: int, price: Paise, quantity: int) -> None:
        self.id = id
        self.ts = ts
        self.price = price
        self.quantity = quantity

    def __repr__(self) -> str:
        return f"Fill({self.id!r}, {self.ts}, {self.price}, {self.quantity})"


class OrderUpdate:
    """What the broker says of one order. fills: those known now, told again or new. reason: the broker's words.

    filled: units filled in all as the broker counts them, which may be ahead of `fills`; -1 where it did not say.
    terms: (kind, quantity, price, trigger) as the broker holds them, in a read of the order book.
    symbol, side: set where the order need not be ours; an order without a tag is the person's or the broker's own.
    """

    __slots__ = ("broker_id", "filled", "fills", "reason", "side", "status", "symbol", "tag", "terms", "ts")

    def __init__(
        self, tag: OrderTag, status: Status, ts: int, fills: tuple[Fill, ...] = (), broker_id: str = "",
        reason: str = "", terms: tuple[Kind, int, Paise, Paise] | None = None, filled: int = -1, symbol: str = "",
        side: int = 0,
    ) -> None:
        self.tag = tag
        self.terms = terms
        self.status = status
        self.ts = ts
        self.fills = fills
        self.broker_id = broker_id
        self.reason = reason
        self.filled = filled
        self.symbol = symbol
        self.side = side

    def __repr__(self) -> str:
        return f"OrderUpdate({self.tag}, {self.status}, {self.ts}, {self.fills}, {self.reason!r})"


class Order:
    """One order of ours, from intent to its end.

    side: +1 buy, -1 sell. quantity: units. price, trigger: paise (trigger 0 for a LIMIT). created: nanoseconds UTC.
    sequence: number of the order within its workload's day. turnover: paise x units filled.
    strategy, reason, numbers, stop_distance, target_distance: the signal behind it. steps, stepped_at: of the
    exit ladder so far, and when the last one was taken (nanoseconds UTC). wanted: price of the last change
    that was asked for, paise. cancelling, changed: when we last asked to cancel it, and last changed it; 0 for never.
    triggered: when its trigger was met. basket: the whole basket that it belongs to, as `Basket.fields` gives it; None
    for an order alone. told: units filled in all that the broker has spoken of, perhaps ahead of `filled`.
    trips: round trips that its fills have opened. is_slice: it goes on with an entry above the freeze quantity.
    need: capital that was bound when it was sent, paise; 0 for an exit and for a leg of a basket.
    refusals, retry_at: changes of it that the broker refused in a row, and when the next may be asked for.
    counted: of each fill, its number among the fills of the workload's day as they were counted. after: fills counted
    before it was intended. Times are of several clocks, and news comes late: by these the day is worked out again.
    asked: most units that it had or was to have, 0 where no change was of units: until it is made they may all fill.
    """

    __slots__ = (
        "after", "asked", "basket", "broker_id", "cancelling", "changed", "counted", "created", "filled",
        "fills", "is_slice", "kind", "modifications", "need", "numbers", "price", "purpose", "quantity", "reason",
        "refusals", "retry_at", "sequence", "side", "status", "stepped_at", "steps", "stop_distance", "strategy",
        "symbol", "tag", "target_distance", "told", "trail_distance", "trigger", "triggered", "trips", "turnover",
        "wanted",
    )

    def __init__(
        self, tag: OrderTag, sequence: int, symbol: str, side: int, quantity: int, kind: Kind, price: Paise,
        trigger: Paise, purpose: Purpose, created: int, strategy: str = "", reason: str = "",
        numbers: Mapping[str, Any] | None = None, stop_distance: Paise = 0, target_distance: Paise = 0,
        trail_distance: Paise = 0, basket: Mapping[str, Any] | None = None,
    ) -> None:
        self.tag = tag
        self.sequence = sequence
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.kind = kind
        self.price = price
        self.trigger = trigger
        self.purpose = purpose
        self.created = created
        self.strategy = strategy
        self.reason = reason
        self.numbers = numbers
        self.stop_distance = stop_distance
        self.target_distance = target_distance
        self.trail_distance = trail_distance
        self.basket = basket
        self.status: Status = INTENDED
        self.broker_id = ""
        self.fills: list[Fill] = []
        self.filled = 0
        self.turnover = 0
        self.modifications = 0
        self.cancelling = self.changed = 0
        self.told = 0
        self.trips = 0
        self.counted: list[int] = []
        self.after = self.asked = 0
        self.is_slice = False
        self.need = 0
        self.refusals = self.retry_at = 0
        self.triggered = 0
        self.steps = self.stepped_at = 0
        self.wanted = 0

    @property
    def working(self) -> bool:
        """May still fill."""
        return not self.status.terminal

    @property
    def remaining(self) -> int:
        """Units that may still fill while it works."""
        return self.quantity - self.filled

    def move(self, status: Status) -> bool:
        """Take `status` if the table lists it; False for one that is old news. Raises TransitionError."""
        now = self.status
        if status is now:
            return False
        if status in now.following:
            self.status = status
            return True
        if status.progress < now.progress and status is not NOT_PLACED:
            return False
        raise TransitionError(
            f"order {self.tag} of {self.symbol} is {self.status} and the broker now says {status}: "
            "this must not happen; stop this symbol, compare with the broker's order book"
        )

    def add_fill(self, fill: Fill) -> bool:
        """Count a fill once by its trade id; beyond what was ever asked for it raises TransitionError."""
        for known in self.fills:
            if known.id == fill.id:
                return False
        if fill.quantity <= 0 or self.filled + fill.quantity > max(self.quantity, self.asked):
            raise TransitionError(
                f"order {self.tag} of {self.symbol}: fill {fill.id} of {fill.quantity} does not fit, "
                f"{self.filled} of {self.quantity} filled; compare with the broker's trade book"
            )
        self.fills.append(fill)
        self.filled += fill.quantity
        if self.filled > self.quantity:  # that proves the larger one
            self.quantity = self.asked
        self.turnover += fill.price * fill.quantity
        return True

    def __repr__(self) -> str:
        return (
            f"Order({self.tag}, {self.symbol}, {'buy' if self.side > 0 else 'sell'} {self.filled}/{self.quantity} "
            f"{self.kind} {self.price}/{self.trigger}, {self.purpose}, {self.status})"
        )


def fill_fields(fill: Fill) -> dict[str, Any]:
    """The fill as JSON; `Fill(**fields)` is the inverse."""
    return {"id": fill.id, "ts": fill.ts, "price": fill.price, "quantity": fill.quantity}


def order_fields(order: Order) -> dict[str, Any]:
    """The order as a JSON document, whole."""
    return {
        "tag": order.tag, "sequence": order.sequence, "symbol": order.symbol, "side": order.side,
        "quantity": order.quantity, "kind": order.kind.value, "price": order.price, "trigger": order.trigger,
        "purpose": order.purpose.value, "created": order.created, "strategy": order.strategy, "reason": order.reason,
        "numbers": dict(order.numbers or {}), "stop_distance": order.stop_distance,
        "target_distance": order.target_distance, "trail_distance": order.trail_distance,
        "basket": dict(order.basket) if order.basket else None, "triggered": order.triggered,
        "status": order.status.value, "broker_id": order.broker_id,
        "modifications": order.modifications, "steps": order.steps,
        "stepped_at": order.stepped_at, "wanted": order.wanted, "need": order.need, "changed": order.changed,
        "is_slice": order.is_slice, "after": order.after, "asked": order.asked, "counted": list(order.counted),
        "fills": [fill_fields(fill) for fill in order.fills],
    }


def order_from_fields(fields: Mapping[str, Any]) -> Order:
    """The inverse of `order_fields`."""
    order = Order(
        OrderTag(fields["tag"]), fields["sequence"], fields["symbol"], fields["side"], fields["quantity"],
        Kind(fields["kind"]), fields["price"], fields["trigger"], Purpose(fields["purpose"]), fields["created"],
        fields["strategy"], fields["reason"], fields["numbers"], fields["stop_distance"], fields["target_distance"],
        fields["trail_distance"], fields["basket"],
    )
    order.triggered = fields["triggered"]
    order.status = Status(fields["status"])
    order.broker_id = fields["broker_id"]
    order.modifications = fields["modifications"]
    order.steps = fields["steps"]
    order.stepped_at = fields["stepped_at"]
    order.wanted = fields["wanted"]
    order.need = fields["need"]
    order.changed = fields["changed"]
    order.is_slice = fields["is_slice"]
    order.after = fields["after"]
    order.asked = fields["asked"]
    for fill in fields["fills"]:
        order.add_fill(Fill(**fill))
    order.counted = list(fields["counted"])
    return order
