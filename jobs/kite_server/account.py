"""The account: orders at the exchange, the broker's books of them, and the news of each change."""

from collections.abc import Callable, Mapping
from typing import Any

from common.exchange.funds import Funds
from common.exchange.protection import AUTOMATIC
from common.exchange.resting import RestingOrder
from common.exchange.simulated import Exchange
from common.market.bar import Bar, Quote
from common.market.money import Paise
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Order, OrderTag, Purpose
from jobs.kite_server.errors import KiteError, input_error, not_found, refusal
from jobs.kite_server.journal import Journal
from jobs.kite_server.market import SessionMarket
from jobs.kite_server.request import OrderRequest, price_of, protection_of, quantity_of
from jobs.kite_server.rows import Ticket, order_row, position_rows, rupees, trade_rows


class Account:
    """person: the client id. told: called with the row of each order that changes, in order of the news.

    journal: None where the account is forgotten with the process.
    """

    def __init__(
        self, exchange: Exchange, market: SessionMarket, person: str, journal: Journal | None = None,
    ) -> None:
        self.exchange = exchange
        self.market = market
        self.person = person
        self.told: Callable[[dict[str, Any]], None] = _to_nobody
        self.tickets: dict[str, Ticket] = {}
        self.holdings: list[dict[str, Any]] = []
        self.changes = 0
        self._journal = journal
        for ticket in journal.tickets(market.instruments, person) if journal is not None else ():
            self.tickets[ticket.order.id] = ticket
        exchange.restore([ticket.order for ticket in self.tickets.values()])

    @property
    def funds(self) -> Funds | None:
        """None where the exchange does not look at them."""
        return self.exchange.funds

    def observe(self, event: Bar | Quote) -> None:
        """The market moves."""
        self.exchange.observe(event)
        self.settle()

    def pass_time(self, ts: int) -> None:
        """Requests under way arrive."""
        if self.exchange.latency.longest:
            self.exchange.pass_time(ts)
            self.settle()

    def settle(self) -> None:
        """News of the exchange to the books and to whoever listens."""
        for update in self.exchange.drain():
            ticket = self.tickets.get(update.broker_id) or self._foreign(update.broker_id, update.tag)
            if update.reason:
                ticket.order.reason = ticket.order.reason or update.reason
            row = order_row(ticket)
            ticket.history.append(row)
            self.changes += 1
            if self._journal is not None:
                self._journal.keep(ticket)
            self.told(row)

    def place(self, request: OrderRequest) -> str:
        """The order's id. Raises KiteError."""
        self.refresh(request.instrument.symbol)
        try:
            limit, tags = self._limit(request)
            id = self._send(request, limit)
        except OrderRejected as refused:
            raise refusal(str(refused)) from None
        order = next(one for one in reversed(self.exchange.book.values()) if one.id == id)
        known = [request.tag, *tags] if request.tag else tags
        ticket = Ticket(
            order, request.instrument, self.person, request.product, request.validity, request.tag, known,
            self.market.now,
        )
        self.tickets[id] = ticket
        for status in ("PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING"):
            early = {"status": status, "exchange_order_id": None, "exchange_timestamp": None, "filled_quantity": 0}
            ticket.history.append({**order_row(ticket), **early})
        self.settle()
        if request.validity == "IOC" and order.working:
            self._cancel(order)
        return id

    def place_sliced(self, slices: list[OrderRequest]) -> dict[str, Any]:
        """As the broker answers an autoslice order: the first id, and what became of the others."""
        children: list[dict[str, Any]] = []
        first = self.place(slices[0])
        for one in slices[1:]:
            try:
                children.append({"order_id": self.place(one)})
            except KiteError as error:
                told = {name: error.answer[name] for name in ("error_type", "message", "data")}
                children.append({"error": {"code": error.status, **told}})
        return {"order_id": first, "children": children}

    def modify(self, id: str, fields: Mapping[str, str]) -> str:
        """What is not named stays. Raises KiteError."""
        ticket = self.ticket(id)
        order = ticket.order
        self.refresh(order.symbol)
        type = fields.get("order_type") or order.kind.value
        if type not in ("MARKET", "LIMIT", "SL", "SL-M"):
            raise input_error("Invalid `order_type`.")
        quantity = quantity_of(fields, "quantity") if fields.get("quantity") else order.quantity
        price = price_of(fields, "price") if fields.get("price") else order.price
        trigger = price_of(fields, "trigger_price") if fields.get("trigger_price") else order.trigger
        kind = Kind.SL if type.startswith("SL") else Kind.LIMIT
        try:
            if type == "MARKET":
                price = self.exchange.market_price(order.symbol, order.side, protection_of(fields))
            stop = trigger if kind is Kind.SL else 0
            self.exchange.modify(order.key, self.market.now, kind, quantity, price, stop)
        except OrderRejected as refused:
            raise refusal(str(refused)) from None
        ticket.modified = True
        self.settle()
        return id

    def cancel(self, id: str) -> str:
        """Raises KiteError."""
        self._cancel(self.ticket(id).order)
        return id

    def ticket(self, id: str) -> Ticket:
        """Raises KiteError for an id that is not known."""
        found = self.tickets.get(id)
        if found is None:
            raise not_found("Couldn't find that `order_id`.")
        return found

    def refresh(self, symbol: str) -> None:
        """The exchange sees the quote of now, where it lives by quotes."""
        if not self.market.on_bars:
            self.exchange.observe(self.market.series[symbol].at(self.market.now).quote(symbol))

    def orders(self) -> list[dict[str, Any]]:
        """Rows of the order book."""
        return [order_row(ticket) for ticket in self.tickets.values()]

    def trades(self) -> list[dict[str, Any]]:
        """Rows of the trade book."""
        return [row for ticket in self.tickets.values() for row in trade_rows(ticket)]

    def positions(self) -> list[dict[str, Any]]:
        """Rows of the day."""
        symbols = {ticket.order.symbol for ticket in self.tickets.values()}
        return position_rows(self.tickets.values(), {symbol: self.last(symbol) for symbol in symbols})

    def last(self, symbol: str) -> Paise:
        """The last price, paise."""
        return self.market.series[symbol].at(self.market.seen(symbol)).last

    def hold(self, symbol: str, quantity: int, price: Paise) -> None:
        """Shares of the person from days before."""
        instrument = self.market.instruments[symbol]
        last, close = self.last(symbol), self.market.series[symbol].close
        zero = dict.fromkeys(("used_quantity", "t1_quantity", "authorised_quantity", "short_quantity"), 0)
        self.holdings.append({
            "tradingsymbol": symbol, "exchange": instrument.exchange, "instrument_token": instrument.token,
            "isin": f"INE{instrument.token:07d}10"[:12], "product": "CNC", "price": 0, "quantity": quantity, **zero,
            "realised_quantity": quantity, "authorised_date": f"{self.market.day} 00:00:00", "authorisation": {},
            "opening_quantity": quantity, "collateral_quantity": 0, "collateral_type": "", "discrepancy": False,
            "average_price": rupees(price), "last_price": rupees(last), "close_price": rupees(close),
            "pnl": rupees((last - price) * quantity), "day_change": rupees(last - close),
            "day_change_percentage": (last - close) / close * 100 if close else 0,
            "mtf": dict.fromkeys(("quantity", "used_quantity", "average_price", "value", "initial_margin"), 0),
        })

    def _limit(self, request: OrderRequest) -> tuple[Paise, list[str]]:
        """The price that goes to the exchange, and the broker's own tags of a protected market order."""
        symbol, side = request.instrument.symbol, request.side
        if request.type in ("LIMIT", "SL"):
            return request.price, []
        market = self.exchange.market_price(symbol, side, request.protection)
        percent = f"{request.protection:.2f}" if request.protection != AUTOMATIC else "auto"
        if request.type == "MARKET":
            return market, ["mktp", f"mktp:{percent}"]
        distance = abs(market - self.last(symbol))
        return max(request.instrument.tick, request.trigger + side * distance), ["mktp", f"mktp:{percent}"]

    def _send(self, request: OrderRequest, limit: Paise) -> str:
        """A tag is no key at the broker: the second order of one goes to the exchange without."""
        symbol, now = request.instrument.symbol, self.market.now
        kind = Kind.SL if request.trigger else Kind.LIMIT
        if not request.tag or request.tag in self.exchange.book:
            return self.exchange.foreign_order(symbol, request.side, request.quantity, now, limit, request.trigger)
        number = len(self.exchange.book) + 1
        return self.exchange.place(Order(
            OrderTag(request.tag), number, symbol, request.side, request.quantity, kind, limit, request.trigger,
            Purpose.ENTRY, now,
        ))

    def _cancel(self, order: RestingOrder) -> None:
        try:
            self.exchange.cancel(order.key, self.market.now)
        except OrderRejected as refused:
            raise refusal(str(refused)) from None
        self.settle()

    def _foreign(self, id: str, tag: str) -> Ticket:
        """Of an order that nobody has sent through the interface: the risk desk's, or one from a journal."""
        order = self.exchange.book[tag or id]
        instrument = self.market.instruments[order.symbol]
        ticket = Ticket(order, instrument, self.person, "MIS", "DAY", tag, [tag] if tag else [], order.since)
        self.tickets[id] = ticket
        return ticket


def _to_nobody(row: dict[str, Any]) -> None:
    """Until somebody listens."""
