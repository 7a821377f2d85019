"""The account as the readiness gate looks at it: each question by itself, so that one that fails hides no other."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from common.account_ports import AccountFacts, LoggedIn
from common.adapters.kite.answers import AnswerError, nanoseconds, net_positions, paise_of, rows_of, text
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.rest import VARIETY, KiteBroker
from common.market.indian_time import at
from common.ports import Clock
from common.trading.errors import BrokerUnavailable, OrderRejected, OrderUnknown

INDICES: Final = ("NSE:NIFTY 50", "NSE:NIFTY BANK")
QUOTE_WAITS: Final = (12.0, 12.0)
"""Seconds: a 429 cools down in about ten."""
NO_ORDER: Final = "100000000000000"
"""An id that no order has: cancelling it is refused, for its address or because there is none."""


class KiteAccount:
    """broker: with which the books are read."""

    def __init__(self, connection: KiteConnection, broker: KiteBroker, clock: Clock) -> None:
        self._connection = connection
        self._broker = broker
        self._clock = clock

    def look(self, day: date) -> AccountFacts:
        """Never raises: what fails is among the facts."""
        del day
        failures: dict[str, str] = {}

        def asked(name: str, question: Callable[[], Any], otherwise: Any) -> Any:
            try:
                return question()
            except (BrokerUnavailable, AnswerError) as failure:
                failures[name] = str(failure)
                return otherwise

        read = self._connection.read
        user = asked("user", lambda: read(lambda client: text(_fields(client.profile()), "user_id")), "")
        ahead = asked("clock", self._ahead, 0.0) if user else 0.0
        margin = asked("margin", lambda: read(lambda client: _margin(client.margins("equity"))), 0)
        time = asked("exchange time", lambda: self._exchange_time(QUOTE_WAITS if user else ()), None)
        positions = asked("positions", lambda: read(lambda client: net_positions(client.positions(), {})), {})
        holdings = asked("holdings", lambda: read(lambda client: _holdings(client.holdings())), frozenset())
        orders = asked("orders", lambda: tuple(self._broker.orders()), ())
        egress = asked("egress", self._egress, "") if user else ""
        token = self._connection.token
        login = LoggedIn(token.user, token.at) if token is not None and token.at is not None else None
        return AccountFacts(
            user, login, margin, time, ahead, positions, holdings, orders, egress, failures,
        )

    def _exchange_time(self, waits: Sequence[float]) -> datetime:
        """Workloads begin in the same moment, and the account has one quote a second: who is refused asks again."""
        def ask() -> datetime:
            found: datetime = self._connection.read(lambda client: _latest(client.quote(list(INDICES))), quotes=True)
            return found

        for wait in waits:
            try:
                return ask()
            except BrokerUnavailable:
                self._clock.sleep(wait)
        return ask()

    def _ahead(self) -> float:
        """By the Date of the last answer, which says whole seconds of about the middle of the request."""
        session = self._connection.session
        try:
            told = parsedate_to_datetime(session.last_date)
        except (TypeError, ValueError):
            raise AnswerError("the broker's answers have no Date") from None
        middle = self._clock.now() - timedelta(seconds=session.last_seconds / 2)
        return (middle - told).total_seconds() - 0.5

    def _egress(self) -> str:
        """Why orders are refused from this address, '' where they are not; one request of the order rate.

        Kite looks at the address before it looks for the order. Not tried against Kite itself: where the answer is
        neither, it is a failure to know, and no refusal.
        """
        try:
            self._connection.order(lambda client: client.cancel_order(VARIETY, NO_ORDER), entry=False)
        except OrderRejected as refusal:
            told = str(refusal)
            if told.startswith("not sent"):
                raise BrokerUnavailable(told) from None
            return told if "PermissionException" in told or " IP " in f" {told} " else ""
        except OrderUnknown as doubt:
            raise BrokerUnavailable(str(doubt)) from None
        return ""


def _fields(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise AnswerError(f"a {type(answer).__name__} that is no object")
    return answer


def _margin(answer: Any) -> int:
    """Of the segment equity, which is also that of NSE's derivatives."""
    return paise_of(_fields(answer).get("net"), "net")


def _latest(answer: Any) -> datetime:
    times = [nanoseconds(row["timestamp"]) for row in _fields(answer).values() if _fields(row).get("timestamp")]
    if not times:
        raise AnswerError("no index has a time")
    return at(max(times))


def _holdings(answer: Any) -> frozenset[str]:
    return frozenset(text(row, "tradingsymbol") for row in rows_of(answer))
