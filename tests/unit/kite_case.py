"""A small Kite of the test's own on this machine, and the real client's adapters on it."""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from common.adapters.clock import SystemClock
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.rest import KiteBroker
from common.adapters.kite.token import API_KEY, API_SECRET, Token, write_token
from common.market.indian_time import at
from common.ports import Clock
from common.redaction import Secret
from common.trading.orders import Kind, Order, OrderTag, Purpose
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY, minute, share

KEY: Final = "apikey0123456789"
SECRET: Final = "apisecret-of-the-app-42"  # noqa: S105 - of no account
TOKEN: Final = "AccessTokenOfToday123"  # noqa: S105 - of no account
USER: Final = "AB1234"
TAG: Final = OrderTag("T250829S00001E")

Reply = Callable[[Any], None]


class MemorySecrets:
    """Secrets of a test."""

    def __init__(self, **values: str) -> None:
        self.values = {name.replace("_", "-"): Secret(text) for name, text in values.items()}

    def get(self, name: str) -> Secret | None:
        return self.values.get(name)

    def put(self, name: str, value: Secret) -> None:
        self.values[name] = value


def secrets() -> MemorySecrets:
    """With a token of this morning."""
    made = MemorySecrets(**{API_KEY: KEY, API_SECRET: SECRET})
    write_token(made, Token(Secret(TOKEN), USER, at(minute(-60))))
    return made


@dataclass
class Request:
    """What the server has received."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, str]
    authorization: str


@dataclass
class SmallKite:
    """Answers what the test has put in, in order, by method and path; else `{"data": {}}`."""

    replies: dict[str, deque[Reply]] = field(default_factory=dict)
    standing: dict[str, Reply] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, *replies: Reply) -> None:
        """The next answers of `path`, such as 'POST /orders/regular'."""
        self.replies.setdefault(path, deque()).extend(replies)

    def sent(self, method: str) -> list[Request]:
        return [one for one in self.requests if one.method == method]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        form = {name: values[0] for name, values in parse_qs(handler.rfile.read(length).decode()).items()}
        self.requests.append(Request(
            handler.command, parts.path, parse_qs(parts.query), form, handler.headers.get("Authorization", ""),
        ))
        queue = self.replies.get(f"{handler.command} {parts.path}")
        reply = queue.popleft() if queue else self.standing.get(f"{handler.command} {parts.path}", data({}))
        reply(handler)


def body(content: bytes, status: int = 200, kind: str | None = "application/json") -> Reply:
    """Any answer at all."""

    def reply(handler: Any) -> None:
        handler.send_response(status)
        if kind is not None:
            handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def data(value: Any, status: int = 200) -> Reply:
    """A success in Kite's envelope."""
    return body(json.dumps({"status": "success", "data": value}).encode(), status)


def error(status: int, error_type: str | None, message: str = "refused") -> Reply:
    """A failure in Kite's envelope."""
    more = {} if error_type is None else {"error_type": error_type}
    return body(json.dumps({"status": "error", "message": message, "data": None, **more}).encode(), status)


def silence(handler: Any) -> None:
    """Nothing until the other side hangs up."""
    handler.connection.settimeout(5)
    handler.close_connection = True
    try:
        handler.connection.recv(1)
    except OSError:
        return


def drops(handler: Any) -> None:
    """An answer that never ends, in drops."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b" ")
            time.sleep(0.02)


def cut(handler: Any) -> None:
    """Half of an answer."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"status": "success", "data": {"order_id": "7"}}')


def hang_up(handler: Any) -> None:
    """The connection ends without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def small_kite() -> Iterator[SmallKite]:
    """Served on a free port of this machine."""
    kite = SmallKite()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    for method in ("GET", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", lambda handler: kite.answer(handler))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kite.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield kite
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Account:
    """The adapters under test on a small Kite."""

    kite: SmallKite
    secrets: MemorySecrets
    logs: KeptLogs
    connection: KiteConnection
    broker: KiteBroker


def account(kite: SmallKite, *, timeout_seconds: float = 5.0, clock: Clock | None = None, url: str = "") -> Account:
    logs, kept = KeptLogs(), secrets()
    connection = KiteConnection(kept, clock or SystemClock(), logs, url or kite.url, timeout_seconds)
    instruments = [share("AAA"), share("BBB")]
    return Account(kite, kept, logs, connection, KiteBroker(connection, DAY, instruments, logs))


def order(purpose: Purpose = Purpose.ENTRY, *, trigger: int = 0, number: int = 1) -> Order:
    """Buys 100 AAA at 100.05, or rests as a stop."""
    tag = OrderTag(f"T250829S{number:05d}{'X' if purpose is Purpose.EXIT else 'E'}")
    kind = Kind.SL if trigger else Kind.LIMIT
    return Order(tag, number, "AAA", 1, 100, kind, 100_05, trigger, purpose, minute(0))


def row(**changes: Any) -> dict[str, Any]:
    """An order of ours as the order book has it."""
    return {
        "account_id": USER, "placed_by": USER, "order_id": "1953341975595868160", "exchange_order_id": None,
        "parent_order_id": None, "status": "OPEN", "status_message": None, "status_message_raw": None,
        "order_timestamp": "2025-08-29 09:20:01", "exchange_update_timestamp": "2025-08-29 09:20:02",
        "exchange_timestamp": "2025-08-29 09:20:02", "variety": "regular", "modified": False, "exchange": "NSE",
        "tradingsymbol": "AAA", "instrument_token": 1, "order_type": "LIMIT", "transaction_type": "BUY",
        "validity": "DAY", "product": "MIS", "quantity": 100, "disclosed_quantity": 0, "price": 100.05,
        "trigger_price": 0, "average_price": 0, "filled_quantity": 0, "pending_quantity": 100,
        "cancelled_quantity": 0, "market_protection": 0, "meta": {}, "tag": str(TAG), "guid": None, **changes,
    }


def trade_row(**changes: Any) -> dict[str, Any]:
    """A fill of it as the trade book has it."""
    return {
        "trade_id": "10000000", "order_id": "1953341975595868160", "exchange": "NSE", "tradingsymbol": "AAA",
        "instrument_token": 1, "product": "MIS", "average_price": 100.05, "quantity": 40,
        "exchange_order_id": "3", "transaction_type": "BUY", "fill_timestamp": "2025-08-29 09:20:03",
        "order_timestamp": "09:20:01", "exchange_timestamp": "2025-08-29 09:20:03", **changes,
    }
