"""The one loop that trades: market events and order updates go into a session, its commands go out.

Replay, paper, live and simulation differ in the feed, the broker and the ledger that they hand in.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.trading.errors import (
    BrokerUnavailable,
    IntentRefused,
    OrderRejected,
    OrderThrottled,
    OrderUnknown,
    TradingStopped,
)
from common.trading.limits import Verdict
from common.trading.messages import (
    CancelOrder,
    ChangeFailed,
    Command,
    CommitIntent,
    Event,
    Log,
    ModifyOrder,
    OrderBook,
    PlaceOrder,
    Positions,
    PublishTrade,
    ReadOrders,
    Throttled,
    Timer,
)
from common.trading.order_route import OrderRoute
from common.trading.orders import ENTRY, INTENDED, SENT, Order, OrderUpdate, Status
from common.trading.session import Session
from common.trading.stamps import Stamps
from common.trading.timed_route import TimedRoute
from common.trading.trades import Trade

MAX_ROUNDS: Final = 100
"""Updates and commands may answer each other so often within one event; more is a fault, not a market."""

ENTRY_SECONDS: Final = 5.0
"""From the decision to the request: later the market is another one. A commit takes milliseconds, an answer that was
lost two seconds; a machine that slept in between takes longer than this."""


class Ledger(Protocol):
    """Where the session's doings are written. What is durable when it returns says so; all may raise TradingStopped."""

    def intend(self, order: Order, verdict: Verdict) -> None:
        """Durable when it returns. Raises IntentRefused: then the order must not be sent."""
        ...

    def intend_change(self, order: Order) -> None:
        """Why and how often an order was changed, before it is changed again."""
        ...

    def may_send(self) -> bool:
        """Whether a request sent now ends while we still hold the lease."""
        ...

    def changed(self, order: Order) -> None: ...

    def trade(self, trade: Trade) -> None: ...

    def log(self, record: Log) -> None: ...


class Driver:
    """Couples one session with its order route and its ledger.

    intents, sent: counted apart from the session; more orders sent than intents committed stops everything.
    clock: nanoseconds now, where requests take time; without it the session's own.
    """

    def __init__(
        self, session: Session, route: OrderRoute, ledger: Ledger, clock: Callable[[], int] | None = None,
    ) -> None:
        self.session = session
        self.route = route
        self.ledger = ledger
        self.clock = clock or (lambda: session.now)
        self._takes_time = clock is not None
        self._timed = route if clock is not None and isinstance(route, TimedRoute) else None
        self.intents = 0
        self.sent = 0
        self._decided = 0
        self._stamps = Stamps(clock, ledger.log)
        self._believed = self._stamps.believed if clock is not None else None
        self._unreadable = False

    def run(self, feed: Iterable[Bar]) -> None:
        """Bars in order of time, to the end of the feed."""
        session, route = self.session, self.route
        for bar in feed:
            if route.observe(bar):
                self.settle()
            commands = session.on_bar(bar)
            if commands:
                self.carry_out(commands)
                self.settle()

    def step(self, bar: Bar) -> None:
        """As `run`, of one bar."""
        if self.route.observe(bar):
            self.settle()
        commands = self.session.on_bar(bar)
        if commands:
            self.carry_out(commands)
            self.settle()

    def take(self, event: Event) -> None:
        """One event of any kind, for a feed that is alive."""
        if isinstance(event, Bar) and self._stamps.ahead(event.ts + NANOSECONDS_A_MINUTE):
            return  # no minute that is still to come has ended
        if isinstance(event, Quote):
            event = self._stamps.believed(event)
        if isinstance(event, (Bar, Quote)):
            self.route.observe(event)
        self.settle()
        self.tell(event)
        self.settle()

    def pass_time(self, ts: int) -> None:
        """Time without news: `ts` in nanoseconds, UTC."""
        if self._timed is not None and self._timed.pass_time(ts):
            self.settle()
        commands = self.session.on_timer(Timer(ts))
        if commands:
            self.carry_out(commands)
            self.settle()

    def reconcile(self) -> bool:
        """Hand the session the broker's truth; False where the broker did not answer."""
        asked = self.clock()
        try:
            orders, net = self.route.orders(), self.route.positions()
        except BrokerUnavailable as error:
            if not self._unreadable:
                self.ledger.log(Log(asked, "WARNING", f"the broker's books cannot be read: {error}", {}))
            self._unreadable = True
            return False
        self._unreadable = False
        self.tell(OrderBook(asked, orders))
        self.tell(Positions(asked, net))
        return True

    def tell(self, event: Event) -> None:
        """Hand the session one event and do what it asks."""
        commands = self.session.handle(event)
        self._note_heard()
        if commands:
            self.carry_out(commands)

    def settle(self) -> None:
        """Let updates and commands answer each other until the route is quiet."""
        session, route, heard, changed = self.session, self.route, self.session.book.heard, self.ledger.changed
        believed = self._believed
        for _ in range(MAX_ROUNDS):
            updates = route.drain()
            if not updates:
                return
            for update in updates:
                commands = session.on_update(update if believed is None else believed(update))
                while heard:  # before what follows from it: a trade is stored with the fills that made it
                    changed(heard.pop(0))
                if commands:
                    self.carry_out(commands)
        raise RuntimeError(f"orders did not settle in {MAX_ROUNDS} rounds: the session and the exchange argue")

    def _note_heard(self) -> None:
        heard, ledger = self.session.book.heard, self.ledger
        while heard:
            ledger.changed(heard.pop(0))

    def carry_out(self, commands: Sequence[Command]) -> None:
        """In the order given; an intent is durable before its order is sent."""
        outer = self._decided
        if self._takes_time:
            self._decided = self.clock()
        for command in commands:
            # No table of bound methods: a driver that refers to itself, and all of its orders, wait for the collector.
            if isinstance(command, CommitIntent):
                self._commit(command)
            elif isinstance(command, PlaceOrder):
                self._place(command)
            elif isinstance(command, ModifyOrder):
                self._modify(command)
            elif isinstance(command, PublishTrade):
                self.ledger.trade(command.trade)
            elif isinstance(command, CancelOrder):
                self._cancel(command)
            elif isinstance(command, ReadOrders):
                self.reconcile()
            else:
                self.ledger.log(command)
        self._decided = outer

    def _commit(self, command: CommitIntent) -> None:
        try:
            self.ledger.intend(command.order, command.verdict)
        except IntentRefused as refusal:
            self._told(command.order, Status.NOT_PLACED, str(refusal))
            return
        self.intents += 1

    def _place(self, command: PlaceOrder) -> None:
        order = command.order
        if order.status is not INTENDED:
            return  # its intent was refused
        if not self.ledger.may_send():
            self._told(order, Status.NOT_PLACED, "the lease ends before an answer could come")
            return
        late = self.clock() - self._decided if self._takes_time and order.purpose is ENTRY else 0
        if late > ENTRY_SECONDS * NANOSECONDS_A_SECOND:
            seconds = late / NANOSECONDS_A_SECOND
            text = f"decided {seconds:.1f} s ago, at a price that may be gone: at most {ENTRY_SECONDS:g} s"
            self._told(order, Status.NOT_PLACED, text)
            return
        if self.sent >= self.intents:
            text = f"{order.tag} would be order {self.sent + 1} of {self.intents} intents: a fault of ours"
            raise TradingStopped(text)
        self.sent += 1
        try:
            order.broker_id = self.route.place(order)
            order.move(SENT)
        except OrderRejected as refusal:
            self._throttled(refusal)
            self._told(order, Status.REJECTED, str(refusal))
        except OrderUnknown as doubt:
            self._told(order, Status.UNKNOWN, str(doubt))

    def _told(self, order: Order, status: Status, reason: str) -> None:
        self.tell(OrderUpdate(order.tag, status, self.clock(), (), "", reason))

    def _modify(self, command: ModifyOrder) -> None:
        order = command.order
        order.modifications += 1
        order.wanted, order.changed = command.price, command.ts
        self.ledger.intend_change(order)
        if self._changed(order, lambda: self.route.modify(
            order.tag, command.ts, command.kind, command.quantity, command.price, command.trigger,
        ), command.quantity):
            order.kind, order.quantity, order.changed = command.kind, command.quantity, self.clock()
            order.price, order.trigger = command.price, command.trigger
            self.ledger.changed(order)

    def _cancel(self, command: CancelOrder) -> None:
        self._changed(command.order, lambda: self.route.cancel(command.order.tag, self.session.now))

    def _changed(self, order: Order, request: Callable[[], None], asked: int = 0) -> bool:
        """Send a change; True where it was accepted. asked: units in all that it asks for, 0 for a cancellation."""
        failed: ChangeFailed
        most = max(order.asked, order.quantity, asked) if asked not in (0, order.quantity) else order.asked
        if not self.ledger.may_send():
            failed = ChangeFailed(order, self.clock(), "the lease ends before an answer could come")
        else:
            try:
                request()
                order.asked = most  # the exchange may fill either size until the change is made there
                return True
            except OrderRejected as refusal:
                self._throttled(refusal)
                failed = ChangeFailed(order, self.clock(), str(refusal))
            except OrderUnknown as doubt:
                failed = ChangeFailed(order, self.clock(), str(doubt), unclear=True)
                order.changed, order.asked = failed.ts, most
        self.tell(failed)
        return False

    def _throttled(self, refusal: OrderRejected) -> None:
        if isinstance(refusal, OrderThrottled):
            self.tell(Throttled(self.clock()))
