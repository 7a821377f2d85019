"""The Broker of the live account: orders and books over REST, news of orders from whoever hears them."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from common.adapters.kite.answers import (
    AnswerError,
    Row,
    count,
    fills_by_order,
    is_known,
    net_positions,
    order_id,
    order_update,
    rows_of,
    rupees,
    tag_of,
)
from common.adapters.kite.connection import KiteConnection
from common.market.bar import Bar, Quote
from common.market.instrument import Instrument
from common.ports import Logs
from common.trading.errors import BrokerUnavailable, OrderRejected
from common.trading.orders import Fill, Kind, Order, OrderTag, OrderUpdate, Purpose

VARIETY: Final = "regular"
PRODUCT: Final = "MIS"
"""Intraday and nothing else: there is no fall-back to NRML or CNC (facts/trading.md, 5)."""
VALIDITY: Final = "DAY"
MAX_TAG_LENGTH: Final = 20
MAX_NEWS: Final = 10_000
MAX_TOLD: Final = 50


class KiteBroker:
    """Only LIMIT and SL orders are sent, so that no market protection is ever left to the broker.

    day: of the account's order book. instruments: of this workload, by whose exchanges orders go.
    """

    lossy: Final = True
    """News of orders is fire-and-forget: the books are read again and again."""

    def __init__(
        self, connection: KiteConnection, day: date, instruments: Sequence[Instrument], logs: Logs,
    ) -> None:
        self._connection = connection
        self._day = day
        self._exchanges = {one.symbol: one.exchange for one in instruments}
        self._logs = logs
        self._ids: dict[OrderTag, str] = {}
        self._news: deque[Row] = deque(maxlen=MAX_NEWS)
        self._told: set[str] = set()

    def hear(self, row: Row) -> None:
        """An order update from the stream or a postback, in the shape of the order book; from any thread."""
        self._news.append(row)

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves by itself; True when there is news of orders."""
        del event
        return bool(self._news)

    def drain(self) -> list[OrderUpdate]:
        """News since the last call. Fills are not told with it: who counts is led to the trade book."""
        found = []
        while self._news:
            update = self._update(self._news.popleft(), {})
            if update is not None:
                found.append(update)
        return found

    def place(self, order: Order) -> str:
        """Send a new order, once; its id. Raises OrderRejected and its kinds, OrderUnknown."""
        exchange = self._exchanges.get(order.symbol)
        if exchange is None:
            raise OrderRejected(f"{order.symbol} is not among the instruments of this workload: nothing was sent")
        if not order.tag.isalnum() or len(order.tag) > MAX_TAG_LENGTH:
            raise OrderRejected(f"the tag {order.tag!r} is not one that the broker takes: nothing was sent")
        values: dict[str, Any] = {
            "variety": VARIETY, "exchange": exchange, "tradingsymbol": order.symbol,
            "transaction_type": "BUY" if order.side > 0 else "SELL", "quantity": order.quantity, "product": PRODUCT,
            "validity": VALIDITY, "tag": str(order.tag), **_terms(order.kind, order.price, order.trigger),
        }
        id = self._connection.order(
            lambda client: client.place_order(**values), entry=order.purpose is Purpose.ENTRY,
        )
        self._ids[order.tag] = id
        return id

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Change a working order; it keeps its id, also where a stop becomes a limit. As `place` raises."""
        del ts
        id, terms = self._id(tag), _terms(kind, price, trigger)
        self._connection.order(
            lambda client: client.modify_order(VARIETY, id, quantity=quantity, validity=VALIDITY, **terms), entry=False,
        )

    def cancel(self, tag: OrderTag, ts: int) -> None:
        """Take the order's rest from the book. As `place` raises."""
        del ts
        id = self._id(tag)
        self._connection.order(lambda client: client.cancel_order(VARIETY, id), entry=False)

    def orders(self) -> list[OrderUpdate]:
        """The account's whole order book with its fills. Raises BrokerUnavailable.

        The trade book is read after the order book: it may be ahead of it, never behind what it tells.
        """
        rows = self._connection.read(lambda client: rows_of(client.orders()))
        fills: dict[str, tuple[Fill, ...]] = {}
        if any(_has_filled(row) for row in rows):
            fills = self._connection.read(lambda client: fills_by_order(rows_of(client.trades()), self._day))
        found = []
        for row in rows:
            update = self._update(row, fills)
            if update is not None:
                found.append(update)
                if update.tag:
                    self._ids.setdefault(update.tag, update.broker_id)
            elif tag_of(row):
                raise BrokerUnavailable(f"the order book's row of {tag_of(row)} is not as documented")
        return found

    def positions(self) -> Mapping[str, int]:
        """Signed net units by symbol. Raises BrokerUnavailable."""
        net: dict[str, int] = self._connection.read(lambda client: net_positions(client.positions(), self._exchanges))
        return net

    def close(self) -> None:
        """Nothing is held open."""

    def _id(self, tag: OrderTag) -> str:
        """Kite's id of an order of ours. Raises OrderRejected: without it nothing was sent."""
        if tag not in self._ids:
            try:
                self.orders()
            except BrokerUnavailable as failure:
                raise OrderRejected(f"the id of {tag} is not known, nothing was sent: {failure}") from None
        id = self._ids.get(tag)
        if id is None:
            raise OrderRejected(f"no order is tagged {tag} in the broker's book: nothing was sent")
        return id

    def _update(self, row: Row, fills: Mapping[str, tuple[Fill, ...]]) -> OrderUpdate | None:
        """None for what is not as documented, which is said once, and for the same name on another exchange."""
        try:
            if self._exchanges.get(str(row.get("tradingsymbol")), row.get("exchange")) != row.get("exchange"):
                return None
            update = order_update(row, fills.get(order_id(row), ()))
        except AnswerError as error:
            self._say_once(f"a row of the order book is not as documented and is left out: {error}")
            return None
        if not is_known(row):
            self._say_once(
                f"the broker has a status that is not documented, {str(row.get('status'))[:60]!r}: such an order is "
                "taken for one on its way; look at it by hand"
            )
        return update

    def _say_once(self, text: str) -> None:
        if text not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(text)
            self._logs.write("ERROR", text, {"category": "broker"})


def _terms(kind: Kind, price: int, trigger: int) -> dict[str, str]:
    terms = {"order_type": kind.value, "price": rupees(price)}
    return {**terms, "trigger_price": rupees(trigger)} if kind is Kind.SL else terms


def _has_filled(row: Row) -> bool:
    try:
        return count(row, "filled_quantity") > 0
    except AnswerError:
        return False
