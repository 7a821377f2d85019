"""The control endpoint: what a test or `tron up` tells the simulated market, never the broker's client."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar
from common.market.indian_time import INDIA, at, moment
from common.trading.errors import OrderRejected
from jobs.kite_server.account import Account
from jobs.kite_server.errors import input_error, refusal
from jobs.kite_server.faults import Fault, Faults
from jobs.kite_server.login import Logins
from jobs.kite_server.passing import Passing
from jobs.kite_server.stream import Hub

LARGEST: Final = 10**7


class Control:
    """freeze: stops reading every socket, as a half-open connection does."""

    def __init__(
        self, account: Account, passing: Passing, hub: Hub, faults: Faults, logins: Logins,
        freeze: Callable[[], None],
    ) -> None:
        self._account = account
        self._passing = passing
        self._hub = hub
        self._faults = faults
        self._logins = logins
        self._freeze = freeze

    @property
    def actions(self) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """By the last part of the address; each takes the object that was sent and returns the answer's data."""
        return {
            "step": self._step, "faults": self._order_fault, "clear": self._clear, "foreign": self._foreign,
            "square_off": self._square_off, "halt": self._halt, "resume": self._resume, "band": self._band,
            "hold": self._hold, "bar": self._bar, "state": lambda _: self.state,
        }

    @property
    def state(self) -> dict[str, Any]:
        """Where the market stands, and what has been told."""
        market = self._account.market
        return {
            "now": at(market.now).isoformat(), "ns": market.now, "orders": len(self._account.tickets),
            "changes": self._account.changes, "sockets": len(self._hub.watchers),
            "sent": [watcher.sent for watcher in self._hub.watchers], "faults": dict(self._faults.struck),
        }

    def _step(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """{"to": nanoseconds or time, "symbols"?: [...]} or {"seconds": n}."""
        market = self._account.market
        symbols = fields.get("symbols")
        if symbols is not None and not (isinstance(symbols, list) and all(one in market.series for one in symbols)):
            raise input_error("`symbols` is a list of the session's symbols.")
        to = self._until(fields)
        events = self._passing.step(to, symbols)
        return {"events": events, **self.state}

    def _bar(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """{"symbol", "ts", "open", "high", "low", "close", "volume"?, "bid"?, "ask"?}: one that no session holds."""
        symbol, market = self._symbol(fields), self._account.market
        ts = fields.get("ts")
        if not isinstance(ts, int) or not 0 <= ts < 2**62:
            raise input_error("`ts` is nanoseconds.")
        prices = [_whole(fields, name) for name in ("open", "high", "low", "close")]
        rest = {name: _whole(fields, name) for name in ("volume", "bid", "ask")}
        market.now = max(market.now, ts + NANOSECONDS_A_MINUTE)
        self._account.observe(Bar(ts, symbol, *prices, **rest))
        return self.state

    def _until(self, fields: Mapping[str, Any]) -> int:
        to, seconds = fields.get("to"), fields.get("seconds")
        if isinstance(seconds, int | float) and 0 <= seconds <= LARGEST:
            return self._account.market.now + int(seconds * NANOSECONDS_A_SECOND)
        if isinstance(to, int) and 0 <= to < 2**62:
            return to
        try:
            time = datetime.fromisoformat(str(to))
            india = time.astimezone(INDIA) if time.tzinfo else time
            return moment(india.date(), india.time())
        except (ValueError, OverflowError):
            raise input_error("Give `to` (ISO 8601, Indian time, or nanoseconds) or `seconds`.") from None

    def _order_fault(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        fault = self._faults.order(fields)
        if fault is Fault.TOKEN_EXPIRED:
            self._logins.end()
        if fault in (Fault.TOKEN_EXPIRED, Fault.DROP_SOCKETS):
            self._hub.drop()
        if fault is Fault.HALF_OPEN:
            self._freeze()
        return self.state

    def _clear(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._faults.clear()
        return self.state

    def _foreign(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """{"symbol", "side": 1 or -1, "quantity", "price"?, "trigger"?: paise}: the person's own order."""
        symbol, side = self._symbol(fields), fields.get("side")
        quantity, price, trigger = (_whole(fields, name) for name in ("quantity", "price", "trigger"))
        if side not in (1, -1):
            raise input_error("`side` is 1 or -1.")
        self._account.refresh(symbol)
        try:
            now = self._account.market.now
            id = self._account.exchange.foreign_order(symbol, side, quantity, now, price, trigger)
        except OrderRejected as refused:
            raise refusal(str(refused)) from None
        self._account.settle()
        return {"order_id": id}

    def _square_off(self, _: Mapping[str, Any]) -> dict[str, Any]:
        ids = self._account.exchange.broker_square_off(self._account.market.now)
        self._account.settle()
        return {"order_ids": ids}

    def _halt(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        self._account.exchange.halt(self._symbol(fields))
        return self.state

    def _resume(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        self._account.exchange.resume(self._symbol(fields))
        return self.state

    def _band(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        self._account.exchange.set_band(self._symbol(fields), _whole(fields, "lower"), _whole(fields, "upper"))
        return self.state

    def _hold(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        self._account.hold(self._symbol(fields), _whole(fields, "quantity"), _whole(fields, "price"))
        return self.state

    def _symbol(self, fields: Mapping[str, Any]) -> str:
        symbol = fields.get("symbol")
        if not isinstance(symbol, str) or symbol not in self._account.market.instruments:
            raise input_error("`symbol` is none of the session's.")
        return symbol


def _whole(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name, 0)
    if not isinstance(value, int) or not 0 <= value <= LARGEST * 100:
        raise input_error(f"`{name}` is a whole number from 0.")
    return value
