"""Candles of the broker into recorded sessions: within its limits, parsed strictly, killed and gone on with."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.kite.history import DAYS_A_CALL, CandleError, KiteHistory, candle, sessions_before
from common.market.bar import Bar
from common.market.instrument import Instrument, Kind
from common.research.fetch import FetchError, fetch
from common.research.market import RecordedMarket
from common.trading.errors import BrokerUnavailable

SBIN = Instrument("SBIN", "NSE", Kind.EQUITY, 5, 1, 779521)
M_AND_M = Instrument("M&M", "NSE", Kind.EQUITY, 5, 1, 519937)
FIRST, LAST = date(2025, 3, 3), date(2025, 8, 29)
MINUTES = 3


def no_news(_: str, share: float) -> None:
    assert 0 <= share <= 1


class Answering:
    """The broker's history as a client that `read` calls: three minutes each weekday. fails: calls left to fail."""

    def __init__(self) -> None:
        self.clock = VirtualClock(datetime(2025, 9, 1, 20, 0, tzinfo=INDIA))
        self.asked: list[tuple[int, str, str, str]] = []
        self.times: list[float] = []
        self.fails = 0
        self.limit = 10**9

    def read(self, request: Callable[[Any], Any]) -> Any:
        self.times.append(self.clock.monotonic())
        if self.fails:
            self.fails -= 1
            raise BrokerUnavailable("as the test wants it")
        if len(self.asked) >= self.limit:
            raise KeyboardInterrupt
        return request(self)

    def _get(self, route: str, url_args: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        assert route == "market.historical"
        token, interval = url_args["instrument_token"], url_args["interval"]
        self.asked.append((token, interval, params["from"], params["to"]))
        day, last = (date.fromisoformat(params[name].split()[0]) for name in ("from", "to"))
        assert (last - day).days < DAYS_A_CALL[interval]
        rows: list[list[Any]] = []
        while day <= last:
            if day.weekday() < 5:
                rows += [[f"{day}T09:{15 + n}:00+0530", 100.05, 101, 99.95, 100.5, 10 + n, 0] for n in range(MINUTES)]
            day += timedelta(days=1)
        return {"candles": rows}


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 3000), st.sampled_from(sorted(DAYS_A_CALL)))
def test_calls_cover_every_date_once_and_keep_to_the_limit(first: date, days: int, interval: str) -> None:
    """Back to back, none longer than the broker gives."""
    answering = Answering()
    last = first + timedelta(days=days)
    spans = KiteHistory(answering.read, answering.clock).spans(first, last, interval)
    assert (spans[0][0], spans[-1][1]) == (first, last)
    assert all(one[1] + timedelta(days=1) == other[0] for one, other in pairwise(spans))
    assert all(0 <= (end - begin).days < DAYS_A_CALL[interval] for begin, end in spans)


def test_a_fetched_file_is_a_recorded_session(tmp_path: Path) -> None:
    """Two symbols over half a year, in calls of sixty days, three a second at most; replays read what came."""
    answering, out = Answering(), tmp_path / "bars.parquet"
    done = fetch(KiteHistory(answering.read, answering.clock), [SBIN, M_AND_M], FIRST, LAST, "minute", out, no_news)
    weekdays = sum((FIRST + timedelta(days=n)).weekday() < 5 for n in range((LAST - FIRST).days + 1))
    assert (done.rows, done.calls, done.kept, done.empty) == (2 * MINUTES * weekdays, 6, 0, ())
    assert all(later - sooner >= 1 / 3 for sooner, later in pairwise(answering.times))
    feed = list(RecordedMarket([out]).feed(LAST, ["SBIN", "M&M"]))
    assert [(bar.symbol, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in feed[:2]] == [
        ("SBIN", 100_05, 101_00, 99_95, 100_50, 10), ("M&M", 100_05, 101_00, 99_95, 100_50, 10),
    ]
    assert list(tmp_path.iterdir()) == [out]
    with pytest.raises(FetchError, match="exists already"):
        fetch(KiteHistory(answering.read, answering.clock), [SBIN], FIRST, LAST, "minute", out, no_news)


@pytest.mark.parametrize("killed_after", range(6))
def test_a_fetch_that_was_killed_goes_on(tmp_path: Path, killed_after: int) -> None:
    """No call is made twice, and the file is that of a fetch in one go."""
    answering, out = Answering(), tmp_path / "bars.parquet"
    history = KiteHistory(answering.read, answering.clock)
    answering.limit = killed_after
    with pytest.raises(KeyboardInterrupt):
        fetch(history, [SBIN, M_AND_M], FIRST, LAST, "minute", out, no_news)
    assert not out.exists()
    answering.limit = 10**9
    done = fetch(history, [SBIN, M_AND_M], FIRST, LAST, "minute", out, no_news)
    assert (done.calls, done.kept) == (6 - killed_after, killed_after)
    assert len(set(answering.asked)) == len(answering.asked) == 6
    whole = Answering()
    fetch(KiteHistory(whole.read, whole.clock), [SBIN, M_AND_M], FIRST, LAST, "minute", tmp_path / "w.parquet", no_news)
    assert out.read_bytes() == (tmp_path / "w.parquet").read_bytes()


def test_failures_are_waited_out_a_few_times() -> None:
    """Three failures cost waits, as a 429 needs; a fourth is the caller's; what is not as documented is not retried."""
    answering = Answering()
    history = KiteHistory(answering.read, answering.clock)
    answering.fails = 3
    assert len(history.bars(SBIN, (LAST, LAST))) == MINUTES
    assert answering.clock.monotonic() >= 30
    answering.fails = 4
    with pytest.raises(BrokerUnavailable):
        history.bars(SBIN, (LAST, LAST))
    calls = len(answering.times)
    answering._get = lambda *_, **__: {"candles": [["2025-08-29T09:15:00+0530", 1]]}  # type: ignore[method-assign]
    with pytest.raises(CandleError, match="not as documented"):
        history.bars(SBIN, (LAST, LAST))
    assert len(answering.times) == calls + 1


@pytest.mark.parametrize(
    "row",
    [
        None, [], ["2025-08-29T09:15:00", 1, 1, 1, 1, 1], ["2025-08-29T09:15:00+0000", 1, 1, 1, 1, 1],
        ["2025-08-29T09:15:00+0530", 1, 2, 0.5, None, 1], ["2025-08-29T09:15:00+0530", 1, 2, 0.5, "1", 1],
        ["2025-08-29T09:15:00+0530", 1, 2, 1.5, 1, 1], ["2025-08-29T09:15:00+0530", 1, float("nan"), 1, 1, 1],
        ["2025-08-29T09:15:00+0530", 0, 0, 0, 0, 0], ["2025-08-29T09:15:00+0530", 1, 1, 1, 1, -1],
        ["2025-13-29T09:15:00+0530", 1, 1, 1, 1, 1], {"date": 1},
    ],
)
def test_a_candle_that_is_not_as_documented_is_refused(row: object) -> None:
    """Whatever is wrong with it: one clear error, nothing guessed."""
    with pytest.raises(CandleError):
        candle(row, "SBIN")


def test_sessions_before_a_day() -> None:
    """By date, oldest first, and only the dates that were asked for."""
    answering = Answering()
    days = [LAST - timedelta(days=n) for n in (3, 1)]
    found = sessions_before(KiteHistory(answering.read, answering.clock), SBIN, days)
    assert [len(bars) for bars in found] == [MINUTES, MINUTES]
    assert [datetime.fromtimestamp(bars[0].ts / 10**9, INDIA).date() for bars in found] == days


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    """A file without bars would only be refused later."""
    answering = Answering()
    history = KiteHistory(answering.read, answering.clock)
    saturday = date(2025, 8, 30)
    with pytest.raises(FetchError, match="has no minute bars"):
        fetch(history, [SBIN], saturday, saturday, "minute", tmp_path / "bars.parquet", no_news)


@contextmanager
def http(answer: bytes, paths: list[str]) -> Iterator[str]:
    """A server that answers every GET alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_recorded_answer_through_the_official_client(shared: Path) -> None:
    """What the broker recorded for client tests, over a real socket: every candle, and the address as documented."""
    recorded = shared.parent / "kite" / "historical_minute.json"
    if not recorded.is_file():
        pytest.skip(f"the broker's recorded answers are not here ({recorded.name})")
    from kiteconnect import KiteConnect

    paths: list[str] = []
    day = date(2017, 12, 15)
    with http(recorded.read_bytes(), paths) as url:
        client = KiteConnect("key", "token", root=url)
        history = KiteHistory(lambda request: request(client), VirtualClock(datetime(2018, 1, 1, tzinfo=INDIA)))
        bars: list[Bar] = history.bars(SBIN, (day, day))
    rows = json.loads(recorded.read_text())["data"]["candles"]
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars] == [
        (*(round(price * 100) for price in row[1:5]), row[5]) for row in rows if row[0].startswith("2017-12-15")
    ]
    assert len(bars) > 3
    address = urlsplit(paths[0])
    assert address.path == "/instruments/historical/779521/minute"
    assert parse_qs(address.query)["from"] == ["2017-12-15 00:00:00"]
