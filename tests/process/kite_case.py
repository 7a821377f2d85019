"""A simulated Kite on a real socket for tests: a small generated session, and a client that is logged in."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from kiteconnect import KiteConnect, KiteTicker
from websockets.sync.client import ClientConnection, connect

from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.recorded import Recording
from jobs.kite_server.app import Options
from jobs.kite_server.opening import open_simulation
from jobs.kite_server.packets import FULL
from jobs.kite_server.serving import KiteServer

DAY = date(2026, 11, 20)
STOCK = LARGE_CAPS[0].symbol
SECRET = "simulated"  # noqa: S105 - of a market that does not exist
ORDER: dict[str, Any] = {
    "exchange": "NSE", "tradingsymbol": STOCK, "transaction_type": "BUY", "variety": "regular", "product": "MIS",
    "order_type": "MARKET", "quantity": 1, "price": 0, "trigger_price": 0,
}
STEPPED = Options(redirect_url="http://127.0.0.1:9/login", limits=False)


@cache
def session() -> Recording:
    """Three stocks, the index, its future and options; a day before, for candles."""
    return generate(DAY, 5, stocks=LARGE_CAPS[:3], sessions_before=1)


@contextmanager
def served(options: Options = STEPPED, *, on_bars: bool = False, at: str = "09:20") -> Iterator[KiteServer]:
    """Stepped unless the options say otherwise, and then at `at` o'clock."""
    simulation = open_simulation(session(), DAY, options, seed=5, on_bars=on_bars)
    with KiteServer(simulation) as server:
        if not options.speed:
            control(server, "step", to=f"{DAY}T{at}:00+05:30")
        yield server


def control(server: KiteServer, action: str, **fields: Any) -> Any:
    """The data of the control endpoint's answer."""
    body = json.dumps(fields).encode()
    request = urllib.request.Request(
        f"{server.url}/_control/{action}", body, {"Content-Type": "application/json"}, method="POST",
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["data"]


def request_token(server: KiteServer, redirect_params: str = "") -> str:
    """The login page's button is pressed."""
    form = {"api_key": "simulated", "redirect_params": redirect_params}
    answer = requests.post(f"{server.url}/connect/finish", data=form, allow_redirects=False, timeout=10)
    return parse_qs(urlsplit(answer.headers["location"]).query)["request_token"][0]


def logged_in(server: KiteServer, timeout: float = 5.0) -> KiteConnect:
    """The broker's own client with a token of today."""
    client = KiteConnect("simulated", root=server.url, timeout=timeout)
    client.generate_session(request_token(server), SECRET)
    return client


def buy(client: KiteConnect, **changes: Any) -> str:
    """Ten shares by a limit far below the market, unless told otherwise; the order's id."""
    last = client.ltp(f"NSE:{STOCK}")[f"NSE:{STOCK}"]["last_price"]
    fields: dict[str, Any] = {
        "variety": "regular", "exchange": "NSE", "tradingsymbol": STOCK, "transaction_type": "BUY", "quantity": 10,
        "product": "MIS", "order_type": "LIMIT", "price": float(round(last * 0.97)), **changes,
    }
    return str(client.place_order(**{name: value for name, value in fields.items() if value is not None}))


@contextmanager
def streaming(server: KiteServer, client: KiteConnect, *symbols: str, mode: str = FULL) -> Iterator[ClientConnection]:
    """A socket that watches these symbols; their first ticks are read already."""
    tokens = [server.simulation.account.market.instruments[symbol].token for symbol in symbols]
    url = f"{server.stream_url}/?api_key=simulated&access_token={client.access_token}"
    with connect(url, max_queue=None) as stream:
        assert stream.recv(5) == b"\x00"
        if tokens:
            stream.send(json.dumps({"a": "subscribe", "v": tokens}))
            assert len(ticks(stream)) == len(tokens)
            stream.send(json.dumps({"a": "mode", "v": [mode, tokens]}))
            assert {tick["mode"] for tick in ticks(stream)} == {mode}
        yield stream


def ticks(stream: ClientConnection) -> list[dict[str, Any]]:
    """The next frame of ticks, decoded by the broker's own client."""
    while True:
        message = stream.recv(5)
        if isinstance(message, bytes) and len(message) > 1:
            return decoded(message)


def decoded(message: bytes) -> list[dict[str, Any]]:
    """By the broker's own client."""
    found: list[dict[str, Any]] = KiteTicker("key", "token")._parse_binary(message)
    return found


def news(stream: ClientConnection) -> dict[str, Any]:
    """The next order update."""
    while True:
        message = stream.recv(5)
        if isinstance(message, str):
            said = json.loads(message)
            assert said["type"] == "order"
            data: dict[str, Any] = said["data"]
            return data
