"""A broker that fills, refuses, delays, forgets, doubles and reorders at will, and what must hold there always."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from common.trading.errors import BrokerUnavailable, OrderRejected, OrderUnknown
from common.trading.order_route import OrderRoute
from common.trading.orders import Fill, Kind, Order, OrderTag, OrderUpdate, Purpose, Status
from tests.unit.trading_case import SECOND, Desk

MOODS: Final = ("taken", "refused", "request lost", "answer lost", "late")
LATE: Final = 20 * SECOND
"""Orders have been seen so much later than their request."""
SECOND_THOUGHTS: Final = SECOND
"""A cancelled order may turn out filled for so long."""
NEVER: Final = -(2**62)


class Truth:
    """One order as it really is. hidden_until: not shown in the book before. cancelled_at: when it was."""

    def __init__(self, order: Order, number: int) -> None:
        self.tag = order.tag
        self.id = f"B{number}"
        self.symbol = order.symbol
        self.side = order.side
        self.purpose = order.purpose
        self.kind, self.quantity, self.price, self.trigger = order.kind, order.quantity, order.price, order.trigger
        self.status = Status.TRIGGER_PENDING if order.kind is Kind.SL else Status.OPEN
        self.fills: list[Fill] = []
        self.hidden_until = NEVER
        self.cancelled_at = NEVER
        self.cancelling = False

    def __repr__(self) -> str:
        return f"{self.tag} {self.symbol} {self.side * self.quantity} {self.status}"

    @property
    def filled(self) -> int:
        return sum(one.quantity for one in self.fills)

    @property
    def left(self) -> int:
        """Units that may still fill."""
        return 0 if self.status.terminal else self.quantity - self.filled

    def update(self, now: int, untold: int = 0) -> OrderUpdate:
        """All of it; the last `untold` fills are counted and not told."""
        told = self.fills[: len(self.fills) - untold]
        terms = (self.kind, self.quantity, self.price, self.trigger)
        return OrderUpdate(
            self.tag, self.status, now, tuple(told), self.id, "", terms, self.filled, self.symbol, self.side,
        )


class WaywardBroker(OrderRoute):
    """orders_: ours, as they really are. others: orders that are not ours. moods: what becomes of the next requests.

    news: on its way, delivered by `deliver`. requests: what was asked, in order.
    deaf: reads fail. shy: fills that are counted and not told, in reads and news.
    """

    def __init__(self) -> None:
        self.now = 0
        self.orders_: dict[OrderTag, Truth] = {}
        self.others: list[OrderUpdate] = []
        self.moods: list[str] = []
        self.news: list[OrderUpdate] = []
        self.queue: list[OrderUpdate] = []
        self.deaf = False
        self.shy = 0
        self.requests: list[str] = []

    def observe(self, event: object) -> bool:
        del event
        return bool(self.queue)

    def drain(self) -> list[OrderUpdate]:
        updates, self.queue = self.queue, []
        return updates

    def orders(self) -> list[OrderUpdate]:
        if self.deaf:
            raise BrokerUnavailable("timed out")
        ours = [one.update(self.now, self.shy) for one in self.orders_.values() if one.hidden_until <= self.now]
        return [*ours, *self.others]

    def positions(self) -> dict[str, int]:
        net: dict[str, int] = defaultdict(int)
        for one in self.orders_.values():
            net[one.symbol] += one.side * one.filled
        for other in self.others:
            net[other.symbol] += other.side * other.filled
        return dict(net)

    def place(self, order: Order) -> str:
        mood = self._mood("place")
        assert order.tag not in self.orders_, f"{order.tag} was sent twice"
        if mood == "refused":
            raise OrderRejected("no")
        if mood == "request lost":
            raise OrderUnknown("timed out")
        truth = self.orders_[order.tag] = Truth(order, len(self.orders_) + 1)
        if mood == "late":
            truth.hidden_until = self.now + LATE
        else:
            self._tell(truth)
        if mood != "taken":
            raise OrderUnknown("timed out")
        return truth.id

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        del ts
        truth, mood = self._find(tag), self._mood("modify")
        if mood == "refused" or truth.cancelling or quantity <= truth.filled or (
            kind is Kind.SL and truth.status is not Status.TRIGGER_PENDING
        ):
            raise OrderRejected("no")
        if mood != "request lost":
            truth.kind, truth.quantity, truth.price, truth.trigger = kind, quantity, price, trigger
            if kind is Kind.LIMIT:
                truth.status = Status.OPEN
            self._tell(truth)
        if mood in ("request lost", "answer lost"):
            raise OrderUnknown("timed out")

    def cancel(self, tag: OrderTag, ts: int) -> None:
        del ts
        truth, mood = self._find(tag), self._mood("cancel")
        if mood == "refused":
            raise OrderRejected("no")
        truth.cancelling = truth.cancelling or mood != "request lost"
        if mood in ("request lost", "answer lost"):
            raise OrderUnknown("timed out")

    def execute(self, truth: Truth, quantity: int, price: int) -> None:
        """Somebody takes the other side of so much of it; a stop triggers first."""
        quantity = min(quantity, truth.quantity - truth.filled)
        truth.fills.append(Fill(f"{truth.id}-{len(truth.fills)}", self.now, price, quantity))
        whole = truth.filled == truth.quantity
        if truth.status is not Status.CANCELLED or whole:
            truth.status = Status.COMPLETE if whole else Status.OPEN
        self._tell(truth)

    def trade_of_others(self, symbol: str, side: int, quantity: int, price: int) -> None:
        """An order without our tag, filled at once."""
        id = f"F{len(self.others)}"
        one = Fill(f"{id}-0", self.now, price, quantity)
        self.others.append(OrderUpdate(
            OrderTag(""), Status.COMPLETE, self.now, (one,), id, filled=quantity, symbol=symbol, side=side,
        ))
        self.news.append(self.others[-1])

    def end_cancelling(self, truth: Truth) -> None:
        """The cancellation takes effect."""
        truth.status, truth.cancelled_at, truth.cancelling = Status.CANCELLED, self.now, False
        self._tell(truth)

    def having_second_thoughts(self) -> list[Truth]:
        """Cancelled so lately that they may still turn out filled."""
        return [
            one for one in self.orders_.values()
            if one.status is Status.CANCELLED and one.filled < one.quantity
            and self.now - one.cancelled_at < SECOND_THOUGHTS
        ]

    def working(self, symbol: str = "") -> list[Truth]:
        """Whatever may still fill."""
        return [one for one in self.orders_.values() if one.left and symbol in ("", one.symbol)]

    def deliver(self, indices: Iterable[int]) -> None:
        """Hand over these pieces of news in this order, perhaps twice; the rest stays on its way."""
        if self.news:
            self.queue += [self.news[index % len(self.news)] for index in indices]

    def forget_news(self) -> None:
        """Whatever was on its way is lost."""
        self.news.clear()

    def _tell(self, truth: Truth) -> None:
        self.news.append(truth.update(self.now, self.shy))

    def _mood(self, request: str) -> str:
        self.requests.append(request)
        return self.moods.pop(0) if self.moods else "taken"

    def _find(self, tag: OrderTag) -> Truth:
        truth = self.orders_.get(tag)
        if truth is None or truth.status.terminal or truth.hidden_until > self.now:
            raise OrderRejected("there is no such order")
        return truth


def flips(broker: WaywardBroker) -> list[str]:
    """Symbols in which the exits that work could fill more than is held."""
    found = []
    for symbol, net in broker.positions().items():
        exits = [one for one in broker.working(symbol) if one.purpose is Purpose.EXIT]
        against = sum(one.left for one in exits if one.side * net < 0)
        along = sum(one.left for one in exits if one.side * net >= 0)
        if against > abs(net) or along:
            found.append(f"{symbol}: {net} held, exits for {against} against it and {along} with it")
    return found


def calm(broker: WaywardBroker) -> None:
    """From now on the broker is a good one: nothing is lost any more, what is being cancelled is cancelled."""
    broker.moods.clear()
    broker.forget_news()
    broker.deaf, broker.shy = False, 0
    for truth in broker.working():
        if truth.cancelling:
            broker.end_cancelling(truth)


def live(made: Desk, broker: WaywardBroker, seconds: int = 1) -> None:
    """Time passes for both."""
    for _ in range(seconds):
        broker.now = made.session.now + SECOND
        made.driver.settle()
        made.driver.pass_time(broker.now)
