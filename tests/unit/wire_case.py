"""A broker on a wire that does only what the test says, and desks whose orders are on it."""

from dataclasses import replace
from typing import Any, Final

from common.trading.errors import BrokerUnavailable, TradingStopped
from common.trading.limits import Verdict
from common.trading.messages import Log
from common.trading.order_route import OrderRoute
from common.trading.orders import Fill, Kind, Order, OrderTag, OrderUpdate, Purpose, Status
from common.trading.pace import LIVE, Pace
from common.trading.strategy import Enter
from common.trading.trades import Trade
from tests.unit.trading_case import LIMITS, LONG, SECOND, Desk, desk, flat, minute

Terms = tuple[Kind, int, int, int]
UNSAID: Final = -1


class Wire(OrderRoute):
    """calls: what it was asked. faults: what it raises next, by call (None: nothing). queue: news on its way to us.

    book: what a read of the order book shows, by the broker's id: what was accepted, said or shown. held: units by
    symbol besides what the book's fills give. deaf: reads fail while it is set.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.faults: dict[str, list[Exception | None]] = {}
        self.queue: list[OrderUpdate] = []
        self.book: dict[str, OrderUpdate] = {}
        self.held: dict[str, int] = {}
        self.deaf = False

    def say(self, order: Order, status: Status, *fills: Fill, **more: Any) -> None:
        """The broker's next news, which its book shows from now on too."""
        update = self.show(order, status, *fills, **more)
        ts = fills[-1].ts if fills else more.get("ts", order.created)
        self.queue.append(OrderUpdate(
            order.tag, status, ts, fills, update.broker_id if "id" in more else "", more.get("reason", ""),
            filled=more.get("filled", UNSAID),
        ))

    def show(
        self, order: Order, status: Status, *fills: Fill, reason: str = "", filled: int = UNSAID, id: str = "",
        terms: Terms | None = None, ts: int = 0,
    ) -> OrderUpdate:
        """What the book shows from now on; nobody is told. fills: besides those shown already."""
        key = id or f"B{order.tag}"
        before = self.book.get(key)
        every = (*(before.fills if before is not None else ()), *fills)
        if terms is None:
            terms = before.terms if before is not None else (order.kind, order.quantity, order.price, order.trigger)
        told = max(filled, sum(one.quantity for one in every))
        update = OrderUpdate(order.tag, status, ts or order.created, every, key, reason, terms, told, order.symbol,
                             order.side)
        self.book[key] = update
        return update

    def foreign(
        self, side: int, *fills: Fill, id: str = "F1", symbol: str = "AAA", status: Status = Status.COMPLETE,
        ts: int = 0, told: bool = True, tag: str = "", filled: int = UNSAID,
    ) -> None:
        """An order that is not ours: the person's, the broker's, or of another program."""
        before = self.book.get(id)
        every = (*(before.fills if before is not None else ()), *fills)
        at = ts or (fills[-1].ts if fills else minute(1))
        update = OrderUpdate(
            OrderTag(tag), status, at, every, id, filled=max(filled, sum(one.quantity for one in every)),
            symbol=symbol, side=side,
        )
        self.book[id] = update
        if told:
            self.queue.append(update)

    def observe(self, event: object) -> bool:
        del event
        return bool(self.queue)

    def drain(self) -> list[OrderUpdate]:
        updates, self.queue = self.queue, []
        return updates

    def orders(self) -> list[OrderUpdate]:
        self._call("orders")
        if self.deaf:
            raise BrokerUnavailable("timed out")
        return list(self.book.values())

    def positions(self) -> dict[str, int]:
        net = dict(self.held)
        for update in self.book.values():
            net[update.symbol] = net.get(update.symbol, 0) + update.side * update.filled
        return net

    def place(self, order: Order) -> str:
        self._call("place", order.tag, order.kind, order.side, order.quantity, order.price, order.trigger)
        return self.show(order, Status.SENT).broker_id

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        del ts
        self._call("modify", tag, kind, quantity, price, trigger)
        update = self.book[f"B{tag}"]
        update.terms = (kind, quantity, price, trigger)

    def cancel(self, tag: OrderTag, ts: int) -> None:
        del ts
        self._call("cancel", tag)

    def asked(self, *names: str) -> list[tuple[Any, ...]]:
        """The calls of these names."""
        return [call for call in self.calls if call[0] in names]

    def _call(self, name: str, *what: Any) -> None:
        self.calls.append((name, *what))
        fault = self.faults[name].pop(0) if self.faults.get(name) else None
        if fault is not None:
            raise fault


def entered(wire: Wire, signal: Enter = LONG, **more: Any) -> tuple[Desk, Order]:
    """A desk whose entry of minute 0 is on the wire, not filled yet."""
    made = desk(wire, {0: signal}, **more)
    made.driver.run(flat("AAA", 1))
    return made, made.order(1)


def fill(order: Order, quantity: int, price: int, id: str = "", ts: int = 0) -> Fill:
    """An execution at the order's own time unless told otherwise."""
    return Fill(id or f"{order.tag}-{order.filled}-{quantity}", ts or order.created, price, quantity)


def protected(wire: Wire, signal: Enter = LONG, **more: Any) -> tuple[Desk, Order, Order]:
    """A desk with a whole filled entry at 100 rupees and its stop resting."""
    made, entry = entered(wire, signal, **more)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.TRIGGER_PENDING)
    made.driver.settle()
    return made, entry, stop


def hand(made: Desk, quantity: int, price: int = 99_50, id: str = "hand", ts: int = 0) -> Fill:
    """A fill that is not ours, now."""
    return Fill(id, ts or made.session.now, price, quantity)


def read_twice(made: Desk, seconds: int = 3) -> None:
    """Two reads of the broker's books so far apart."""
    made.driver.reconcile()
    made.session.now += seconds * SECOND
    made.driver.reconcile()
    made.driver.settle()


class Journal:
    """Writes down what the ledger is told, in one list with what the wire is asked."""

    def __init__(self, calls: list[tuple[Any, ...]], *, refuse: bool = False) -> None:
        self.calls = calls
        self.refuse = refuse

    def intend(self, order: Order, verdict: Verdict) -> None:
        if self.refuse:
            raise TradingStopped("the lease is gone")
        self.calls.append(("intend", order.tag, verdict.code))

    def intend_change(self, order: Order) -> None:
        if self.refuse:
            raise TradingStopped("the lease is gone")
        self.calls.append(("intend_change", order.tag, order.reason))

    def may_send(self) -> bool:
        return True

    def changed(self, order: Order) -> None:
        self.calls.append(("changed", order.tag, order.status))

    def trade(self, trade: Trade) -> None:
        self.calls.append(("trade", trade.number))

    def log(self, record: Log) -> None:
        self.calls.append(("log", record.severity))


ROOMY = replace(
    LIMITS, risk_per_trade=2_500_00, max_order_value=10**8, capital=10**8, orders_per_second=100.0,
    exits_per_second=100.0, daily_loss=10**7,
)
"""2,500 units at a stop of one rupee."""


def entries(made: Desk) -> list[Order]:
    return [order for order in made.ledger.orders.values() if order.purpose is Purpose.ENTRY]


def sliced(wire: Wire, signal: Enter = LONG, freeze: int = 1000, pace: Pace = LIVE) -> Desk:
    """2,500 units wanted, at most `freeze` an order; the first slice is on the wire."""
    made, _ = entered(wire, signal, limits=ROOMY, freeze=freeze, pace=pace)
    return made
