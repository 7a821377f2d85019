"""The live market over a real socket: what is watched becomes quotes and bars, what was missed is said."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from common.adapters.clock import INDIA
from common.adapters.kite.history import TRIES, KiteHistory
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.stream import KiteStream
from common.adapters.kite.stream_market import MOST_FAILURES, StreamMarket
from common.market.bar import Bar, Quote
from common.market.instrument import Instrument, Kind
from common.trading.errors import BrokerUnavailable
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_frames import frame, touched
from tests.unit.stream_case import GOOD, QUICK, Wire, until, wire
from tests.unit.trading_case import DAY, OPEN

SECOND = 10**9
SBIN = Instrument("SBIN", "NSE", Kind.EQUITY, 5, 1, 3045 << 8 | 1)
TCS = Instrument("TCS", "NSE", Kind.EQUITY, 5, 1, 2953217)
NIFTY = Instrument("NIFTY 50", "NSE", Kind.INDEX, 1, 1, 1000 << 8 | 9)


class ThenClock:
    """Real seconds, from a moment of DAY on; the test may move it."""

    def __init__(self) -> None:
        self.begins = datetime(2025, 8, 29, 9, 20, 0, tzinfo=INDIA)
        self.since = monotonic()

    def now(self) -> datetime:
        return self.begins + timedelta(seconds=monotonic() - self.since)

    def monotonic(self) -> float:
        return monotonic()

    def sleep(self, seconds: float) -> None:
        del seconds


class Rest:
    """What REST would say."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return [SBIN, TCS, NIFTY]

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        raise NotImplementedError

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        raise NotImplementedError

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        raise NotImplementedError

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        del at
        self.asked.append(list(symbols))
        return [Quote(OPEN, symbol, 77) for symbol in symbols]


class House:
    """A market on a server."""

    def __init__(self, server: Wire) -> None:
        self.server = server
        self.clock = ThenClock()
        self.rest = Rest()
        self.candles: dict[int, list[list[Any]]] = {}
        self.logs = KeptLogs()
        inbox = Inbox(monotonic)
        self.stream = KiteStream(
            server.url, lambda: GOOD, inbox, self.clock, KeptLogs(), on_order=lambda _: None, is_refused=lambda: True,
            timing=QUICK,
        )
        history = KiteHistory(self.read, self.clock)
        self.market = StreamMarket(self.rest, self.stream, inbox, history, self.clock, lambda _: [SBIN, TCS], self.logs)

    def read(self, request: Callable[[Any], Any]) -> Any:
        return request(self)

    def _get(self, _: str, url_args: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        del params
        if url_args["instrument_token"] not in self.candles:
            raise BrokerUnavailable("as the test wants it")
        return {"candles": self.candles[url_args["instrument_token"]]}

    def tick(self, second: int, last: int, volume: int, one: Instrument = SBIN) -> None:
        """Exchange time: so many seconds after 09:20."""
        self.server.send(frame([touched(one.token, last, volume, OPEN // SECOND + 300 + second, last - 5, last + 5)]))

    def news(self, count: int) -> list[Bar | Quote]:
        found: list[Bar | Quote] = []

        def came() -> bool:
            found.extend(self.market.news(0.05))
            return len(found) >= count

        until(came, f"{count} events")
        return found


@pytest.fixture
def house() -> Iterator[House]:
    with wire() as server:
        found = House(server)
        yield found
        found.market.close()


def watching(house: House, *symbols: str) -> None:
    house.market.watch(DAY, symbols or ("SBIN", "TCS"))
    until(lambda: house.server.asked and len(house.server.asked[-1]) >= 2, "the subscription")
    until(lambda: house.stream.counts.connections, "the first message")


def test_ticks_become_quotes_and_bars(house: House) -> None:
    """A tick of the next minute ends the bar, which stands before its quote; the tokens of the dump are subscribed."""
    watching(house)
    assert house.server.asked[0][0] == {"a": "subscribe", "v": sorted([SBIN.token, TCS.token])}
    house.tick(1, 100_00, 500)
    house.tick(30, 101_00, 700)
    house.tick(61, 100_50, 900)
    events = house.news(4)
    assert [type(event) for event in events] == [Quote, Quote, Bar, Quote]
    bar = events[2]
    assert isinstance(bar, Bar)
    assert (bar.symbol, bar.ts, bar.open, bar.close, bar.volume) == ("SBIN", OPEN + 300 * SECOND, 100_00, 101_00, 200)
    figures = house.market.figures()
    assert (figures["state"], figures["watched"], figures["ticks"], figures["bars"]["used"]) == ("live", 2, 3, 3)


def test_what_was_missed_is_said(house: House) -> None:
    """The minute of the start is not whole; after a loss the books are to be read, once."""
    watching(house)
    house.market.news(0.0)
    assert house.market.news_was_lost()
    assert not house.market.news_was_lost()
    first = Bar(OPEN + 300 * SECOND, "SBIN", 1, 1, 1, 1)
    assert not house.market.is_whole(first)
    assert house.market.is_whole(Bar(OPEN + 360 * SECOND, "SBIN", 1, 1, 1, 1))
    house.clock.begins += timedelta(minutes=5)
    house.server.send(b"\0")
    house.server.drop()
    until(lambda: house.stream.counts.connections == 2, "the second connection")
    house.market.news(0.0)
    assert house.market.news_was_lost()
    assert not house.market.is_whole(Bar(OPEN + 600 * SECOND, "SBIN", 1, 1, 1, 1))


def test_silence_of_one_symbol_and_where_quotes_come_from(house: House) -> None:
    """What has just ticked is quoted from the stream and not silent; the others are asked for over REST."""
    watching(house)
    assert set(house.market.silent(["SBIN", "TCS"], 5.0)) == {"SBIN", "TCS"}
    house.tick(1, 100_00, 500)
    house.news(1)
    assert house.market.silent(["SBIN", "TCS"], 5.0) == ["TCS"]
    at = house.clock.now()
    quotes = house.market.quotes(["SBIN", "TCS"], at)
    assert [(one.symbol, one.last, one.bid) for one in quotes] == [("SBIN", 100_00, 99_95), ("TCS", 77, 0)]
    assert house.rest.asked == [["TCS"]]
    assert abs(quotes[0].ts - int(at.timestamp() * SECOND)) < SECOND


def test_the_bars_so_far_and_then_the_stream(house: House) -> None:
    """At 09:20 the five minutes before come from the candles, the next from the ticks, none twice."""
    row = [100, 101, 99, 100, 10, 0]
    house.candles = {SBIN.token: [[f"{DAY}T09:{15 + n}:00+0530", *row] for n in range(6)]}
    asked: list[int] = []
    bars = list(house.market.so_far(DAY, ["SBIN"], lambda: asked.append(1)))
    assert [(bar.ts - OPEN) // (60 * SECOND) for bar in bars] == [0, 1, 2, 3, 4]
    assert asked == [1]
    feed = house.market.feed(DAY, ["SBIN"])
    assert [repr(next(feed)) for _ in range(5)] == [repr(bar) for bar in bars]
    until(lambda: house.stream.counts.connections, "the first message")
    for second in (1, 61):
        house.tick(second, 100_00 + second, second)
    assert next(feed).ts == OPEN + 300 * SECOND


def test_history_of_what_is_known(house: House) -> None:
    """Sessions before the day by symbol; one whose candles do not come has none; the day itself is never there."""
    days = ["2025-08-26", "2025-08-28", "2025-08-29"]
    house.candles = {SBIN.token: [[f"{day}T09:15:00+0530", 100, 101, 99, 100, 10, 0] for day in days]}
    found = house.market.history(DAY, 2)
    assert list(found) == ["SBIN", "TCS"]
    assert found["TCS"] == []
    assert "no candles of TCS" in house.logs.messages[-1]
    assert [len(bars) for bars in found["SBIN"]] == [1, 1]
    assert all(bar.ts < OPEN - 60 * SECOND for bars in found["SBIN"] for bar in bars)


def test_a_broker_that_gives_no_candles_is_not_asked_for_all(house: House) -> None:
    """Three in a row have failed, each after some tries: the rest is named as well, and asked for no more."""
    asked: list[str] = []

    def fails(request: Callable[[Any], Any]) -> Any:
        asked.append("")
        return house.read(request)

    shares = [Instrument(f"S{n}", "NSE", Kind.EQUITY, 5, 1, n << 8 | 1) for n in range(1, 9)]
    history = KiteHistory(fails, house.clock)
    market = StreamMarket(
        house.rest, house.stream, Inbox(monotonic), history, house.clock, lambda _: shares, house.logs,
    )
    assert market.history(DAY, 2) == {one.symbol: [] for one in shares}
    assert len(asked) == MOST_FAILURES * TRIES


def test_indices_have_no_volume_and_a_closed_day_no_stream(house: House) -> None:
    """An index is nobody's to trade; a Sunday is an error before anything is connected."""
    assert house.market.without_volume(DAY, ["SBIN", "NIFTY 50", "unknown"]) == {"NIFTY 50"}
    with pytest.raises(ValueError, match="no trading day"):
        house.market.watch(date(2025, 8, 31), ["SBIN"])
    with pytest.raises(ValueError, match="nothing is watched yet"):
        house.market.news(0.0)
    assert house.server.addresses == []
