"""The broker's HTTP interface: each documented call, from the request's fields to the JSON of the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from jobs.kite_server import costs, quotes
from jobs.kite_server.account import Account
from jobs.kite_server.errors import input_error, not_found
from jobs.kite_server.faults import Fault, Faults
from jobs.kite_server.login import Logins
from jobs.kite_server.request import read_order, slices_of
from jobs.kite_server.rows import stamp, trade_rows


@dataclass(frozen=True, slots=True)
class Call:
    """One request. path: the parts of the address in braces. fields: of the query and of a form. json: its body."""

    path: Mapping[str, str]
    fields: Mapping[str, str]
    instruments: tuple[str, ...]
    json: object


Work = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """kind: of its rate limit. open: needs no login. work: returns the answer's data, or a whole Response."""

    method: str
    path: str
    kind: str
    work: Work
    open: bool = False


class Api:
    """All calls over one account."""

    def __init__(self, account: Account, logins: Logins, faults: Faults, seconds: Callable[[], float]) -> None:
        self._account = account
        self._market = account.market
        self._logins = logins
        self._faults = faults
        self._seconds = seconds
        self._hidden: dict[str, float] = {}

    @property
    def routes(self) -> tuple[Route, ...]:
        """In the order in which they are matched."""
        return (
            Route("GET", "/connect/login", "other", self._login_page, open=True),
            Route("POST", "/connect/finish", "other", self._login_finish, open=True),
            Route("POST", "/session/token", "other", self._session, open=True),
            Route("DELETE", "/session/token", "other", self._logout),
            Route("GET", "/user/profile", "other", lambda _: self._logins.profile),
            Route("GET", "/user/margins", "other", lambda _: costs.margins(self._account)),
            Route("GET", "/user/margins/{segment}", "other", self._segment),
            Route("POST", "/margins/orders", "other", lambda call: costs.order_margins(self._account, call.json)),
            Route("POST", "/margins/basket", "other", self._basket),
            Route("POST", "/charges/orders", "other", lambda call: costs.contract_note(self._account, call.json)),
            Route("GET", "/instruments", "other", lambda _: self._csv("")),
            Route("GET", "/instruments/historical/{token}/{interval}", "historical", self._candles),
            Route("GET", "/instruments/{exchange}", "other", lambda call: self._csv(call.path["exchange"])),
            Route("GET", "/quote", "quote", lambda call: quotes.full_quotes(self._market, call.instruments)),
            Route("GET", "/quote/ohlc", "quote", lambda call: quotes.ohlc_quotes(self._market, call.instruments)),
            Route("GET", "/quote/ltp", "quote", lambda call: quotes.last_prices(self._market, call.instruments)),
            Route("GET", "/orders", "other", lambda _: self._orders()),
            Route("GET", "/trades", "other", lambda _: self._trades()),
            Route("GET", "/orders/{id}", "other", lambda call: self._account.ticket(call.path["id"]).history),
            Route("GET", "/orders/{id}/trades", "other",
                  lambda call: trade_rows(self._account.ticket(call.path["id"]))),
            Route("POST", "/orders/{variety}", "place", self._place),
            Route("PUT", "/orders/{variety}/{id}", "change", self._modify),
            Route("DELETE", "/orders/{variety}/{id}", "change", self._cancel),
            Route("GET", "/portfolio/positions", "other", lambda _: self._positions()),
            Route("GET", "/portfolio/holdings", "other", lambda _: self._account.holdings),
        )

    def _login_page(self, call: Call) -> Response:
        fields = call.fields
        return HTMLResponse(self._logins.page(fields.get("api_key", ""), fields.get("redirect_params", "")))

    def _login_finish(self, call: Call) -> Response:
        fields = call.fields
        url = self._logins.redirect(fields.get("api_key", ""), fields.get("redirect_params", ""))
        return RedirectResponse(url, status_code=302)

    def _session(self, call: Call) -> dict[str, Any]:
        api_key, token, checksum = (call.fields.get(name, "") for name in ("api_key", "request_token", "checksum"))
        return self._logins.session(api_key, token, checksum, stamp(self._market.now))

    def _logout(self, _: Call) -> bool:
        self._logins.end()
        return True

    def _segment(self, call: Call) -> Any:
        found = costs.margins(self._account).get(call.path["segment"])
        if found is None:
            raise input_error("Invalid segment.")
        return found

    def _basket(self, call: Call) -> dict[str, Any]:
        fields = call.fields
        counted = fields.get("consider_positions", "true").lower() not in ("false", "0")
        compact = fields.get("mode") == "compact"
        return costs.basket_margins(self._account, call.json, positions=counted, compact=compact)

    def _csv(self, exchange: str) -> Response:
        found = self._market.dumps.get(exchange)
        if found is None:
            raise input_error("Invalid exchange.")
        return PlainTextResponse(found, media_type="text/csv")

    def _candles(self, call: Call) -> dict[str, Any]:
        fields = call.fields
        return quotes.candles(
            self._market, call.path["token"], call.path["interval"], fields.get("from", ""), fields.get("to", ""),
            oi=fields.get("oi") == "1",
        )

    def _place(self, call: Call) -> dict[str, Any]:
        request = read_order(call.path["variety"], call.fields, self._market)
        known = set(self._account.tickets)
        if request.autoslice:
            done = self._account.place_sliced(slices_of(request))
        else:
            done = {"order_id": self._account.place(request)}
        hidden = self._faults.strike((Fault.HIDDEN_ORDERS,))
        if hidden is not None:
            until = self._seconds() + hidden.wait
            self._hidden |= dict.fromkeys(self._account.tickets.keys() - known, until)
        return done

    def _modify(self, call: Call) -> dict[str, str]:
        _refuse_other(call)
        return {"order_id": self._account.modify(call.path["id"], call.fields)}

    def _cancel(self, call: Call) -> dict[str, str]:
        _refuse_other(call)
        return {"order_id": self._account.cancel(call.path["id"])}

    def _orders(self) -> list[dict[str, Any]]:
        return [row for row in self._account.orders() if not self._is_hidden(row["order_id"])]

    def _trades(self) -> list[dict[str, Any]]:
        return [row for row in self._account.trades() if not self._is_hidden(row["order_id"])]

    def _positions(self) -> dict[str, Any]:
        rows = self._account.positions()
        return {"net": rows, "day": rows}

    def _is_hidden(self, id: str) -> bool:
        return self._seconds() < self._hidden.get(id, 0.0)


VARIETY: Final = "regular"


def _refuse_other(call: Call) -> None:
    if call.path["variety"] != VARIETY:
        raise not_found("Couldn't find that `order_id`.")
