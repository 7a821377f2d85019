"""What bytes from Kite may do: a frame of the stream, or an answer of the REST interface, read by all that is ours."""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from common.account_ports import LoginRefused
from common.adapters.clock import VirtualClock
from common.adapters.kite.account import KiteAccount
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.decoder import FrameCounts, decode
from common.adapters.kite.history import KiteHistory
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.listing import KiteListing
from common.adapters.kite.login import KiteLogin
from common.adapters.kite.rest import KiteBroker
from common.adapters.kite.stream import KiteStream
from common.adapters.kite.ticks import TickReader
from common.adapters.memory import MemoryArchive
from common.day.postback import PostbackRefused, checked
from common.market.indian_time import at
from common.market.instrument import Instrument, Kind
from common.market.instruments import DumpError
from common.redaction import Secret
from common.trading.errors import BrokerUnavailable, OrderRejected, OrderUnknown
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import TAG, USER, order, secrets
from tests.unit.trading_case import DAY, minute, share

SHARE: Final = Instrument("AAA", "NSE", Kind.EQUITY, 5, 1, 0x01010101)
STATUSES: Final = (200, 200, 200, 400, 403, 429, 500, 502)
KINDS: Final = ("application/json", "text/csv", "text/html", "")
CLEAN: Final = (BrokerUnavailable, OrderRejected, OrderUnknown, DumpError, LoginRefused, PostbackRefused)
"""The errors that say what the caller does next; anything else is a defect."""


def read_frame(data: bytes) -> FrameCounts:
    """Decode, and look at everything that is lazy."""
    counts = FrameCounts()
    reader = TickReader(DAY, 0, [SHARE])
    ticks = decode(data, counts)
    for tick in ticks:
        bids, asks = tick.depth
        assert (len(bids), len(asks)) == ((5, 5) if tick.size == 184 else (0, 0))
        assert tick.mode in ("ltp", "quote", "full")
        assert -(2**31) <= tick.last < 2**31
        assert (tick.touch.bid, tick.touch.ask) == ((bids[0].price, asks[0].price) if bids else (0, 0))
        assert len(reader.read(tick, 1)) <= 2
    assert len(ticks) == counts.ticks
    assert sum(tick.size + 2 for tick in ticks) <= max(0, len(data) - 2)
    return counts


def read_answer(data: bytes) -> None:
    """First byte: what is asked. Second: the answer's status and type. Then its body."""
    if len(data) < 2:
        return
    names = sorted(QUESTIONS)
    ask = QUESTIONS[names[data[0] % len(names)]]
    with suppress(*CLEAN):
        ask(_Desk(data[2:], STATUSES[data[1] % 8], KINDS[data[1] // 8 % 4]))


def question_of(name: str) -> int:
    """The first byte that asks it."""
    return sorted(QUESTIONS).index(name)


class _Wire(BaseAdapter):
    """In the place of the network: the same answer to whatever is asked."""

    def __init__(self, body: bytes, status: int, kind: str) -> None:
        super().__init__()
        self._answer = (body, status, kind)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body, status, kind = self._answer
        answer = requests.Response()
        headers = {"Content-Type": kind} if kind else {}
        answer.status_code, answer.request, answer.url = status, request, str(request.url)
        answer.raw = HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
        answer.headers = requests.structures.CaseInsensitiveDict(headers)
        return answer

    def close(self) -> None:
        """Nothing is open."""


class _Desk:
    """The adapters on the wire above, each with a clock on which waiting takes no time."""

    def __init__(self, body: bytes, status: int, kind: str) -> None:
        self.body = body
        self.clock = VirtualClock(at(minute(0)))
        self.logs = KeptLogs()
        self.secrets = secrets()
        self.connection = KiteConnection(self.secrets, self.clock, self.logs, "http://127.0.0.1:1")
        self.wire = _Wire(body, status, kind)
        self.connection.session.mount("http://", self.wire)
        self.broker = KiteBroker(self.connection, DAY, [share("AAA"), share("BBB")], self.logs)

    @property
    def listing(self) -> KiteListing:
        return KiteListing(self.connection, MemoryArchive(), self.clock, self.logs, 1)


def _heard(desk: _Desk) -> None:
    """A text of the stream, and what the broker makes of its order."""
    stream = KiteStream(
        "ws://127.0.0.1:1", lambda: None, Inbox(desk.clock.monotonic), desk.clock, desk.logs,
        on_order=desk.broker.hear, is_refused=lambda: False,
    )
    stream._receive(desk.body.decode("utf-8", "replace"))
    desk.broker.drain()


def _login(desk: _Desk) -> None:
    from common.adapters.kite import client

    opened = client.open_client

    def on_the_wire(*given: Any) -> Any:
        made = opened(*given)
        made.reqsession.mount("http://", desk.wire)
        return made

    client.open_client = on_the_wire  # type: ignore[assignment]
    try:
        KiteLogin(desk.secrets, desk.clock, "http://127.0.0.1:1", "").complete(Secret("token"), USER)
    finally:
        client.open_client = opened


def _candles(desk: _Desk) -> None:
    today: tuple[date, date] = (DAY, DAY)
    KiteHistory(desk.connection.read, desk.clock).bars(SHARE, today)


def _look(desk: _Desk) -> None:
    """The gate's look never raises."""
    try:
        KiteAccount(desk.connection, desk.broker, desk.clock).look(DAY)
    except CLEAN as error:
        raise AssertionError("the look at the account has raised") from error


QUESTIONS: Final[dict[str, Callable[[_Desk], object]]] = {
    "cancel": lambda desk: desk.broker.cancel(TAG, 0), "candles": _candles, "heard": _heard,
    "instruments": lambda desk: desk.listing.instruments(DAY), "login": _login, "look": _look,
    "orders": lambda desk: desk.broker.orders(), "place": lambda desk: desk.broker.place(order()),
    "positions": lambda desk: desk.broker.positions(),
    "postback": lambda desk: checked(desk.body, Secret("secret")),
    "pre_open": lambda desk: desk.listing.pre_open(DAY, ["AAA"]),
    "quotes": lambda desk: desk.connection.read(lambda client: client.quote(["NSE:AAA"])),
}
