"""The one loop that trades: market events and order updates go into a session, its commands go out.

Replay, paper, live and simulation differ in the feed, the broker and the ledger that they hand in.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from common.market.bar import Bar, Quote
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.messages import (
    CancelOrder,
    ChangeRefused,
    Command,
    CommitIntent,
    Event,
    Log,
    ModifyOrder,
    PlaceOrder,
    PublishTrade,
    Timer,
)
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Status
from common.trading.risk import Verdict
from common.trading.session import Session
from common.trading.trades import Trade

MAX_ROUNDS: Final = 100
"""Updates and commands may answer each other so often within one event; more is a fault, not a market."""


class OrderRoute(Protocol):
    """The way to the market. `place` raises OrderRejected or OrderUnknown; a change raises OrderRejected."""

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves; True when `drain` has something. A real broker only looks into its queue."""
        ...

    def drain(self) -> list[OrderUpdate]: ...

    def place(self, order: Order) -> str: ...

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None: ...

    def cancel(self, tag: OrderTag, ts: int) -> None: ...


class Ledger(Protocol):
    """Where the session's doings are written. Intents are durable when they return; they raise TradingStopped."""

    def intend(self, order: Order, verdict: Verdict) -> None: ...

    def intend_change(self, order: Order) -> None:
        """Why and how often an order was changed, before it is changed again."""
        ...

    def changed(self, order: Order) -> None: ...

    def trade(self, trade: Trade) -> None: ...

    def log(self, record: Log) -> None: ...


class Driver:
    """Couples one session with its order route and its ledger."""

    def __init__(self, session: Session, route: OrderRoute, ledger: Ledger) -> None:
        self.session = session
        self.route = route
        self.ledger = ledger
        self._carriers: dict[type, Callable[[Any], None]] = {
            CommitIntent: self._commit, PlaceOrder: self._place, ModifyOrder: self._modify, CancelOrder: self._cancel,
            PublishTrade: self._publish, Log: ledger.log,
        }

    def run(self, feed: Iterable[Bar]) -> None:
        """Bars in order of time, to the end of the feed."""
        on_bar, observe, settle, carry_out = self.session.on_bar, self.route.observe, self.settle, self.carry_out
        for bar in feed:
            if observe(bar):
                settle()
            commands = on_bar(bar)
            if commands:
                carry_out(commands)
                settle()

    def take(self, event: Bar | Quote | Timer) -> None:
        """One event of any kind, for a feed that is alive."""
        if not isinstance(event, Timer):
            self.route.observe(event)
        self.settle()
        self.tell(event)
        self.settle()

    def pass_time(self, ts: int) -> None:
        """Time without news: `ts` in nanoseconds, UTC."""
        commands = self.session.on_timer(Timer(ts))
        if commands:
            self.carry_out(commands)
            self.settle()

    def tell(self, event: Event) -> None:
        """Hand the session one event and do what it asks."""
        commands = self.session.handle(event)
        if commands:
            self.carry_out(commands)

    def settle(self) -> None:
        """Let updates and commands answer each other until the route is quiet."""
        orders, changed = self.session.book.orders, self.ledger.changed
        drain, on_update = self.route.drain, self.session.on_update
        for _ in range(MAX_ROUNDS):
            updates = drain()
            if not updates:
                return
            for update in updates:
                commands = on_update(update)
                if commands:
                    self.carry_out(commands)
                order = orders.get(update.tag)
                if order is not None:
                    changed(order)
        raise RuntimeError(f"orders did not settle in {MAX_ROUNDS} rounds: the session and the exchange argue")

    def carry_out(self, commands: Sequence[Command]) -> None:
        """In the order given; an intent is durable before its order is sent."""
        carriers = self._carriers
        for command in commands:
            carriers[type(command)](command)

    def _commit(self, command: CommitIntent) -> None:
        self.ledger.intend(command.order, command.verdict)

    def _place(self, command: PlaceOrder) -> None:
        order = command.order
        try:
            order.broker_id = self.route.place(order)
        except OrderRejected as refusal:
            self._refused(order, Status.REJECTED, str(refusal))
        except OrderUnknown as doubt:
            self._refused(order, Status.UNKNOWN, str(doubt))

    def _refused(self, order: Order, status: Status, reason: str) -> None:
        self.tell(OrderUpdate(order.tag, status, order.created, (), "", reason))
        self.ledger.changed(order)

    def _modify(self, command: ModifyOrder) -> None:
        order = command.order
        order.modifications += 1
        order.wanted = command.price
        self.ledger.intend_change(order)
        try:
            self.route.modify(order.tag, command.ts, command.kind, command.quantity, command.price, command.trigger)
        except OrderRejected as refusal:
            self.tell(ChangeRefused(order, command.ts, str(refusal)))
            return
        order.kind, order.quantity = command.kind, command.quantity
        order.price, order.trigger = command.price, command.trigger
        self.ledger.changed(order)

    def _cancel(self, command: CancelOrder) -> None:
        try:
            self.route.cancel(command.order.tag, self.session.now)
        except OrderRejected as refusal:
            self.tell(ChangeRefused(command.order, self.session.now, str(refusal)))

    def _publish(self, command: PublishTrade) -> None:
        self.ledger.trade(command.trade)
