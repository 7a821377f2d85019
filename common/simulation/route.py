"""The way to the broker as one process meets it: requests and answers are lost, late or refused, news too."""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from typing import Final, Protocol, TypeVar

from common.market.bar import NANOSECONDS_A_SECOND, Bar, Quote
from common.simulation.account import Account
from common.simulation.faults import Fault, FaultPlan
from common.simulation.life import Life
from common.simulation.requests import Requests
from common.simulation.world import Killed
from common.trading.errors import BrokerUnavailable, LoginExpired, OrderRejected, OrderThrottled, OrderUnknown
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Status

Answer = TypeVar("Answer")

SEND_TIMEOUT_SECONDS: Final = 7.0
"""As the broker's own client has it."""
LATE_ANSWER_SECONDS: Final = (0.2, 6.5)
LATE_ORDER_SECONDS: Final = (0.5, 20.0)
LATE_UPDATE_SECONDS: Final = (0.2, 15.0)
LATE_POSITIONS_SECONDS: Final = 2.0
QUIET_UPDATE_SECONDS: Final = 0.4
"""Up to so long an update takes when nothing is wrong; half of them come at once."""

UNCLEAR_SECONDS: Final = 60.0
"""The time-out, an order that comes late, our patience, and a little."""
THROTTLED_SECONDS: Final = 15.0
LOST_SECONDS: Final = 5.0
"""Until the next read of the order book tells what news did not."""
CORRECTION_SECONDS: Final = (0.35, 0.9)
"""After a cancellation, later than it takes effect and sooner than a cancelled order counts as final."""
READ_TIMEOUT_SECONDS: Final = 2.0
HIDDEN_SECONDS: Final = 20
RECENT: Final = 8

_PLACING: Final = (
    Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.ANSWER_LATE, Fault.TIMEOUT_AFTER_ACCEPTANCE, Fault.ORDER_LATE,
    Fault.BAD_REQUEST_BUT_PLACED, Fault.THROTTLED, Fault.SERVER_ERROR,
)
_CHANGING: Final = (*_PLACING, Fault.CANCEL_FILL_RACE)
_NEWS: Final = (Fault.UPDATE_LOST, Fault.UPDATE_DOUBLED, Fault.UPDATE_LATE, Fault.UPDATE_REORDERED)
_CANCELLING: Final = (*_CHANGING, Fault.FILL_AFTER_CANCEL)


class Login:
    """expired: the day's token is dead until a person logs in again; everybody of the account is refused."""

    def __init__(self) -> None:
        self.expired = False


class Printer(Protocol):
    """Makes the market trade at a price just now."""

    def print_through(self, symbol: str, side: int, price: int) -> None: ...


class FaultyRoute:
    """Broker in the hands of one process. requests: checks each one as it leaves. wake: the process has
    news. trouble: for so many seconds it may know less than is so.
    stir: it has reason to look each second."""

    lossy: Final = True

    def __init__(
        self, account: Account, life: Life, faults: FaultPlan, login: Login, requests: Requests, printer: Printer,
        wake: Callable[[], None], trouble: Callable[[float], None],
        stir: Callable[[], None],
    ) -> None:
        self._account = account
        self._life = life
        self._faults = faults
        self._login = login
        self._requests = requests
        self._printer = printer
        self._wake = wake
        self._trouble = trouble
        self._stir = stir
        self._news: deque[OrderUpdate] = deque()
        self._held: OrderUpdate | None = None
        self._hidden: dict[str, int] = {}
        self._hides = faults.enabled(Fault.ORDER_HIDDEN)
        self._draw_placing = faults.one_of(*_PLACING)
        self._draw_changing = faults.one_of(*_CHANGING)
        self._draw_cancelling = faults.one_of(*_CANCELLING)
        self._draw_news = faults.one_of(*_NEWS)
        self._open = True
        account.subscribers.append(self)

    def observe(self, event: Bar | Quote) -> bool:
        """The market is the exchange's; here is only what the broker has said of orders."""
        del event
        return bool(self._news)

    def drain(self) -> list[OrderUpdate]:
        """News that has come through."""
        if not self._news:
            return []
        news = list(self._news)
        self._news.clear()
        for update in news:
            self._requests.clear(update.symbol, update.tag)
        return self._life.through(lambda: news)

    def place(self, order: Order) -> str:
        """Raises OrderRejected, OrderUnknown."""
        account, sent = self._account, copy(order)

        def request() -> str:
            self._requests.place(self._life.name, sent)
            return self._ask(sent.tag, lambda: account.place(sent), placing=True)

        try:
            return self._life.through(request, sleeps_before=False)
        except (OrderUnknown, Killed):
            self._requests.unclear(sent.symbol, sent.tag)
            raise

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Raises OrderRejected, OrderUnknown."""
        del ts
        account = self._account

        def request() -> None:
            self._requests.change(self._life.name, tag, "modify")
            self._ask(tag, lambda: account.modify(tag, kind, quantity, price, trigger))

        self._life.through(request, sleeps_before=False)

    def cancel(self, tag: OrderTag, ts: int) -> None:
        """Raises OrderRejected, OrderUnknown."""
        del ts

        def request() -> None:
            self._requests.change(self._life.name, tag, "cancel")
            self._ask(tag, lambda: self._account.cancel(tag), cancelling=True)

        self._life.through(request, sleeps_before=False)

    def orders(self) -> list[OrderUpdate]:
        """Raises BrokerUnavailable."""
        return self._life.through(self._read_orders)

    def positions(self) -> Mapping[str, int]:
        """Raises BrokerUnavailable."""
        return self._life.through(self._read_positions)

    def close(self) -> None:
        """No more news."""
        if self._open:
            self._open = False
            self._account.subscribers.remove(self)

    def tell(self, update: OrderUpdate) -> None:
        """The broker's side: news for this process, unless it is lost on the way."""
        fault = self._draw_news()
        random = self._faults.random
        if fault is not None:
            self._trouble(LATE_UPDATE_SECONDS[1] + LOST_SECONDS)
        if fault is Fault.UPDATE_LOST:
            return
        if fault is Fault.UPDATE_REORDERED and self._held is None:
            self._held = update
            self._life.world.after(random.uniform(*LATE_UPDATE_SECONDS), self._release)
            return
        if fault is Fault.UPDATE_LATE:
            delay = random.uniform(*LATE_UPDATE_SECONDS)
        else:
            delay = max(0.0, random.uniform(-QUIET_UPDATE_SECONDS, QUIET_UPDATE_SECONDS))
        for _ in range(2 if fault is Fault.UPDATE_DOUBLED else 1):
            self._deliver(update, delay)
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._deliver(held, 0.0)

    def _deliver(self, update: OrderUpdate, delay: float) -> None:
        def arrive() -> None:
            if self._open and self._life.alive:
                self._news.append(update)
                self._wake()

        self._life.world.after(delay, arrive)

    def _ask(
        self, tag: str, action: Callable[[], Answer], *, placing: bool = False, cancelling: bool = False,
    ) -> Answer:
        """Carry a request to the broker, and its answer back."""
        if self._login.expired:
            raise LoginExpired("HTTP 403: the access token is invalid or has expired")
        fault = (self._draw_placing if placing else self._draw_cancelling if cancelling else self._draw_changing)()
        if fault is None:
            return action()
        self._stir()
        self._trouble(UNCLEAR_SECONDS if placing or cancelling or fault is not Fault.THROTTLED else THROTTLED_SECONDS)
        if fault is Fault.THROTTLED:
            raise OrderThrottled("HTTP 429: too many requests")
        if fault is Fault.CANCEL_FILL_RACE:
            self._race(tag)
            return action()
        if fault is Fault.FILL_AFTER_CANCEL:
            return self._cancel_too_late(tag, action)
        if fault is Fault.ANSWER_LATE:
            return self._late(action)
        raise self._unknown(fault, action)

    def _late(self, action: Callable[[], Answer]) -> Answer:
        try:
            return action()
        finally:
            self._life.wait(self._faults.random.uniform(*LATE_ANSWER_SECONDS))

    def _unknown(self, fault: Fault, action: Callable[[], Answer]) -> OrderUnknown:
        """What the process is told, after what happened."""
        random = self._faults.random
        if fault is Fault.ORDER_LATE:
            self._life.world.after(random.uniform(*LATE_ORDER_SECONDS), lambda: _done(action))
        elif fault is not Fault.REQUEST_LOST and (fault is not Fault.SERVER_ERROR or random.random() < 0.5):
            _done(action)
        if fault is Fault.SERVER_ERROR:
            return OrderUnknown("HTTP 502: the order management system does not answer")
        if fault is Fault.BAD_REQUEST_BUT_PLACED:
            return OrderUnknown("HTTP 400: order request timed out; check the order book")
        if fault is Fault.ANSWER_LOST:
            return OrderUnknown("the connection was reset")
        self._life.wait(SEND_TIMEOUT_SECONDS)
        return OrderUnknown(f"no answer within {SEND_TIMEOUT_SECONDS:g} s")

    def _race(self, tag: str) -> None:
        """The market is there before our change."""
        order = self._account.order(tag)
        if order is None or not order.working or order.coming is not None:
            return
        if order.status is Status.TRIGGER_PENDING:
            self._printer.print_through(order.symbol, -order.side, order.trigger)
        elif order.status is Status.OPEN:
            self._printer.print_through(order.symbol, order.side, order.price)

    def _cancel_too_late(self, tag: str, action: Callable[[], Answer]) -> Answer:
        order = self._account.order(tag)
        answer = action()
        if order is not None and order.kind is Kind.LIMIT and order.left:
            delay = self._faults.random.uniform(*CORRECTION_SECONDS)
            self._life.world.after(delay, lambda: self._account.fill_after_cancel(tag))
        return answer

    def _read_orders(self) -> list[OrderUpdate]:
        self._reach()
        listed = self._account.listing()
        if self._hides:
            listed = self._shown(listed)
        self._requests.clear_all(listed)
        return listed

    def _shown(self, listed: list[OrderUpdate]) -> list[OrderUpdate]:
        """Without what the copy that answers does not have yet."""
        now = self._life.world.now
        for update in listed[-RECENT:]:
            age = now - update.ts
            if update.tag and age < HIDDEN_SECONDS * NANOSECONDS_A_SECOND and update.tag not in self._hidden:
                hidden = self._faults.strikes(Fault.ORDER_HIDDEN)
                longest = update.ts + HIDDEN_SECONDS * NANOSECONDS_A_SECOND
                self._hidden[update.tag] = int(self._faults.random.uniform(now, longest)) if hidden else 0
                if hidden:
                    self._trouble(HIDDEN_SECONDS + LOST_SECONDS)
        unseen = {tag for tag, until in self._hidden.items() if until > now}
        return [update for update in listed if update.tag not in unseen] if unseen else listed

    def _read_positions(self) -> Mapping[str, int]:
        self._reach()
        if self._faults.strikes(Fault.POSITIONS_LATE):
            return self._account.positions_before(LATE_POSITIONS_SECONDS)
        return self._account.exchange.positions()

    def _reach(self) -> None:
        """Raises BrokerUnavailable."""
        if self._login.expired:
            raise BrokerUnavailable("HTTP 403: the access token is invalid or has expired")
        if self._faults.strikes(Fault.READ_FAILED):
            self._trouble(READ_TIMEOUT_SECONDS + LOST_SECONDS)
            self._life.wait(READ_TIMEOUT_SECONDS)
            raise BrokerUnavailable(f"no answer within {READ_TIMEOUT_SECONDS:g} s")


def _done(action: Callable[[], object]) -> None:
    """It happened, or was refused; nobody hears of it."""
    with suppress(OrderRejected):
        action()
