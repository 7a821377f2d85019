"""The simulated Kite as one web application: requests through faults, login and limits to the calls, and the stream."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route as Path
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_SECOND
from jobs.kite_server import faults as fault_kinds
from jobs.kite_server.account import Account
from jobs.kite_server.api import Api, Call, Route
from jobs.kite_server.control import Control
from jobs.kite_server.errors import KiteError, input_error
from jobs.kite_server.faults import Fault, Faults
from jobs.kite_server.journal import Journal
from jobs.kite_server.limits import Limits
from jobs.kite_server.login import Logins
from jobs.kite_server.market import SessionMarket
from jobs.kite_server.passing import Passing, pause_at
from jobs.kite_server.postback import Postbacks, postback_of
from jobs.kite_server.stream import Hub

MOST_BODY_BYTES: Final = 1024 * 1024
HTML_502: Final = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Options:
    """person: client id. redirect_url, postback_url: the app's, '' for none.

    speed: of time, 0: it stands until stepped. since: see Passing. limits: whether the broker's rate limits hold.
    """

    person: str = "AB1234"
    api_key: str = "simulated"
    api_secret: str = "simulated"  # noqa: S105 - of a market that does not exist
    redirect_url: str = ""
    postback_url: str = ""
    speed: float = 0.0
    limits: bool = True
    since: float = 0.0


class Simulation:
    """Everything behind the addresses. abort, freeze: what to do to a client's connection, given by who serves."""

    def __init__(
        self, exchange: Exchange, market: SessionMarket, options: Options, journal: Journal | None = None,
    ) -> None:
        self.options = options
        self.abort: Callable[[HTTPConnection], None] = _nothing
        self.freeze: Callable[[HTTPConnection], None] = _nothing
        seconds = time.monotonic if options.speed else lambda: market.now / NANOSECONDS_A_SECOND
        self.faults = Faults(seconds)
        self.account = Account(exchange, market, options.person, journal)
        self.logins = Logins(options.person, options.api_key, options.api_secret, options.redirect_url, seconds)
        if journal is not None:
            self.logins.access_token, self.logins.changed = journal.token, journal.keep_token
        self.hub = Hub(market, self.faults, lambda socket: self.abort(socket))
        self.passing = Passing(self.account, self.hub, pause_at(options.speed or 1000), options.since)
        self.postbacks = Postbacks(options.postback_url)
        self.control = Control(
            self.account, self.passing, self.hub, self.faults, self.logins, self._freeze_all,
        )
        self._limits = Limits(lambda: self.passing.clock() / NANOSECONDS_A_SECOND) if options.limits else None
        self._api = Api(self.account, self.logins, self.faults, seconds)
        self.account.told = self._tell

    def app(self) -> Starlette:
        """What a server serves."""
        paths = [Path(route.path, self._endpoint(route), methods=[route.method]) for route in self._api.routes]
        return Starlette(
            routes=[
                *paths, Path("/_control/{action}", self._controlled, methods=["GET", "POST"]),
                WebSocketRoute("/", self._socket), WebSocketRoute("/ws", self._socket),
            ],
            exception_handlers={HTTPException: _http_error, KiteError: _kite_error}, lifespan=self._lifespan,
            middleware=[Middleware(_Dated, clock=self.passing.clock)],
        )

    def _tell(self, row: dict[str, Any]) -> None:
        told = postback_of(row, self.options.person, self.options.api_secret)
        if self.faults.strike((Fault.LOST_UPDATES,)) is None:
            self.hub.tell("order", told)
            self.postbacks.put(told)

    def _freeze_all(self) -> None:
        for watcher in self.hub.watchers:
            self.freeze(watcher.socket)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.postbacks.run())]
        if self.options.speed:
            tasks.append(asyncio.create_task(self.passing.run(self.options.speed)))
        yield
        for task in tasks:
            task.cancel()

    async def _socket(self, socket: WebSocket) -> None:
        """403 before the handshake for who is not logged in, as at the broker."""
        query = socket.query_params
        if not self.logins.allows(query.get("api_key", ""), query.get("access_token", "")):
            await socket.close()
            return
        await self.hub.serve(socket)

    def _endpoint(self, route: Route) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            call = await _read(request)
            early = await self._before(request)
            if early is not None:
                return early
            if not route.open:
                self.logins.check(request.headers.get("authorization", ""))
            if self._limits is not None:
                self._limits.count(route.kind)
            data = route.work(call)
            late = await self._after(request)
            if late is not None:
                return late
            return data if isinstance(data, Response) else JSONResponse({"status": "success", "data": data})

        return answer

    async def _before(self, request: Request) -> Response | None:
        """A fault that strikes before anything is done."""
        struck = self.faults.strike(fault_kinds.BEFORE, request.method, request.url.path)
        if struck is None:
            return None
        if struck.fault is Fault.SLOW:
            await asyncio.sleep(struck.wait)
            return None
        if struck.fault is Fault.DROPPED:
            self.abort(request)
        return _early(struck.fault, struck.status)

    async def _after(self, request: Request) -> Response | None:
        """A fault that strikes when all is done, and hides that it is."""
        struck = self.faults.strike(fault_kinds.AFTER, request.method, request.url.path)
        if struck is None:
            return None
        if struck.fault is Fault.ACCEPTED_400:
            text = "Order request timed out. Please check the order book and confirm before placing again."
            return _error(KiteError(400, "OrderException", text))
        if struck.fault is Fault.ACCEPTED_NO_ANSWER:
            await asyncio.sleep(struck.wait)
        self.abort(request)
        return Response(status_code=504)

    async def _controlled(self, request: Request) -> Response:
        action = self.control.actions.get(request.path_params["action"])
        if action is None:
            raise HTTPException(404)
        call = await _read(request)
        fields = call.json
        if (fields is not None and not isinstance(fields, dict)) or (fields is None and call.fields):
            raise input_error("Send a JSON object, as application/json.")
        data = action(fields or {})
        await self.hub.drained()
        await self.postbacks.drained()
        return JSONResponse({"status": "success", "data": data | self.control.state})


class _Dated:
    """Every answer's Date is the market's time, as the broker's is: whoever compares clocks finds no difference."""

    def __init__(self, app: ASGIApp, clock: Callable[[], int]) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._clock() / NANOSECONDS_A_SECOND, usegmt=True)
                message["headers"] = [*message["headers"], (b"date", date.encode())]
            await send(message)

        await self._app(scope, receive, dated)


def _early(fault: Fault, status: int) -> Response:
    if fault is Fault.HTML_502:
        return HTMLResponse(HTML_502, 502)
    if fault is Fault.NO_ERROR_TYPE:
        return JSONResponse({"status": "error", "message": "Something went wrong."}, 403)
    if fault is Fault.NULL:
        return JSONResponse({"status": "success", "data": None})
    if fault is Fault.SERVER_ERROR:
        return _error(KiteError(status, "GeneralException", "Something went wrong. Try again later."))
    too_many = KiteError(429 if fault is Fault.TOO_MANY else 200, "NetworkException", "Too many requests")
    return _error(too_many)


async def _read(request: Request) -> Call:
    """The request's fields, bounded. Raises KiteError."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise KiteError(413, "InputException", "The request is too large.")
    fields = dict(request.query_params)
    data: object = None
    if "json" in request.headers.get("content-type", ""):
        try:
            data = json.loads(body or b"null")
        except (ValueError, RecursionError):
            raise input_error("Invalid JSON.") from None
    elif body:
        fields |= parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return Call(dict(request.path_params), fields, tuple(request.query_params.getlist("i")), data)


def _error(error: KiteError) -> Response:
    return JSONResponse(error.answer, error.status)


async def _kite_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, KiteError)
    return _error(error)


async def _http_error(_: Request, error: Exception) -> Response:
    """No such address, or no such method there."""
    assert isinstance(error, HTTPException)
    return _error(KiteError(error.status_code, "GeneralException", error.detail))


def _nothing(_: HTTPConnection) -> None:
    """Until somebody serves."""
