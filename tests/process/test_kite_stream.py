"""The simulated Kite's stream over real sockets: packets, order news, and steps that repeat."""

import base64
import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from common.market.instrument import Instrument, Kind
from jobs.kite_server.packets import FULL, LTP, QUOTE, frame, packet
from jobs.kite_server.series import Level, Series, Snapshot
from tests.architecture.source_files import ROOT
from tests.process.kite_case import (
    DAY,
    STEPPED,
    STOCK,
    buy,
    control,
    logged_in,
    news,
    served,
    session,
    streaming,
    ticks,
)

RECORDED = ROOT.parent / "shared" / "kite"
INDEX = "NIFTY 50"


def test_a_full_packet_is_the_recorded_one_bit_by_bit() -> None:
    """Our encoder makes, of what the recorded packet says, the recorded packet."""
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not there: the recorded answers are not part of the repository")
    said = json.loads((RECORDED / "ticker_full.json").read_text())
    wanted = base64.b64decode((RECORDED / "ticker_full.packet").read_text())
    second = int.from_bytes(wanted[60:64], "big") * 1_000_000_000

    def paise(rupees: float) -> int:
        return round(rupees * 100)

    bids, asks = (
        tuple(Level(paise(one["price"]), one["quantity"], one["orders"]) for one in said["depth"][side])
        for side in ("buy", "sell")
    )
    opened, high, low, close = (paise(said["ohlc"][name]) for name in ("open", "high", "low", "close"))
    now = Snapshot(
        second, paise(said["last_price"]), said["last_quantity"], paise(said["average_price"]), said["volume"],
        opened, high, low, close, 0, 0, 0, second, bids, asks,
    )
    series = Series(Instrument("INFY", "NSE", Kind.EQUITY, 5, token=said["instrument_token"]), [], 0, spread=False)
    made = packet(series, now, FULL)
    # The book's totals are those of all levels, of which five are shown.
    assert made[:20] + made[28:] == wanted[:20] + wanted[28:]


@pytest.mark.parametrize(("mode", "length"), [(LTP, 8), (QUOTE, 44), (FULL, 184)])
def test_each_mode_says_what_the_quote_says(mode: str, length: int) -> None:
    """Decoded by the broker's client: the same prices as by HTTP, a stock and an index, in the documented lengths."""
    with served() as server:
        client = logged_in(server)
        with streaming(server, client, STOCK, INDEX, mode=mode) as stream:
            control(server, "step", seconds=15)
            found = {tick["instrument_token"]: tick for tick in ticks(stream)}
        quotes = client.quote(f"NSE:{STOCK}", f"NSE:{INDEX}")
        for quote in quotes.values():
            tick = found[quote["instrument_token"]]
            assert tick["last_price"] == quote["last_price"]
            if mode != LTP:
                assert tick["ohlc"] == quote["ohlc"]
        market = server.simulation.account.market
        series = market.series[STOCK]
        assert len(packet(series, series.at(market.now), mode)) == length
        if mode == FULL:
            stock = quotes[f"NSE:{STOCK}"]
            assert found[stock["instrument_token"]]["depth"] == stock["depth"]


def test_order_news_comes_on_the_stream() -> None:
    """Every change, with who, what and how much; also of orders that the person sends elsewhere."""
    with served() as server:
        client = logged_in(server)
        with streaming(server, client) as stream:
            id = buy(client, tag="NEWS1")
            assert (news(stream)["status"], id) == ("OPEN", id)
            client.cancel_order("regular", id)
            assert news(stream)["status"] == "CANCELLED"
            theirs = control(server, "foreign", symbol=STOCK, side=1, quantity=5)["order_id"]
            told = [news(stream), news(stream)]
            assert [(one["order_id"], one["status"], one["tag"]) for one in told] == [
                (theirs, "COMPLETE", None)
            ] * 2


def test_what_is_unsubscribed_is_silent_and_nonsense_is_answered() -> None:
    """The socket lives on after any message."""
    with served() as server:
        client = logged_in(server)
        with streaming(server, client, STOCK) as stream:
            for nonsense in ("", "[]", "{", '{"a":"mode","v":["x",[1]]}', '{"a":"subscribe","v":{"1":2}}', "[" * 5000):
                stream.send(nonsense)
                answer = stream.recv(5)
                while not isinstance(answer, str):
                    answer = stream.recv(5)
                assert json.loads(answer)["type"] == "error"
            stream.send(b"\x01\x02")
            tokens = [server.simulation.account.market.instruments[STOCK].token]
            stream.send(json.dumps({"a": "unsubscribe", "v": tokens}))
            stream.ping().wait(5)
            control(server, "step", seconds=60)
            stream.send(json.dumps({"a": "subscribe", "v": tokens}))
            assert len(ticks(stream)) == 1


TICKER = """
import json, sys
from kiteconnect import KiteTicker
url, token, instrument = sys.argv[1], sys.argv[2], int(sys.argv[3])
ticker = KiteTicker("simulated", token, root=url, reconnect=False)
def connected(ws, answer):
    ws.subscribe([instrument]); ws.set_mode(ws.MODE_FULL, [instrument]); print("connected", flush=True)
def ticked(ws, ticks):
    print(json.dumps([tick["last_price"] for tick in ticks]), flush=True)
def ordered(ws, order):
    print(order["status"], flush=True); ws.close(1000)
ticker.on_connect, ticker.on_ticks, ticker.on_order_update = connected, ticked, ordered
ticker.on_close = lambda ws, code, reason: ticker.stop()
ticker.connect()
"""


def test_the_brokers_own_ticker_is_served() -> None:
    """KiteTicker, unchanged, in a process of its own: ticks and an order update."""
    with served() as server:
        client = logged_in(server)
        token = server.simulation.account.market.instruments[STOCK].token
        child = subprocess.Popen(
            [sys.executable, "-c", TICKER, server.stream_url, client.access_token, str(token)],
            stdout=subprocess.PIPE, text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "connected\n"
        prices = json.loads(child.stdout.readline())
        assert prices == [client.ltp(f"NSE:{STOCK}")[f"NSE:{STOCK}"]["last_price"]]
        buy(client)
        rest, _ = child.communicate(timeout=20)
        assert "OPEN" in rest.splitlines()


def test_who_is_not_logged_in_is_refused_at_the_handshake() -> None:
    """403, as at the broker."""
    with served() as server, pytest.raises(InvalidStatus) as answer:
        connect(f"{server.stream_url}/?api_key=simulated&access_token=stale")
    assert answer.value.response.status_code == 403


def transcript() -> list[str]:
    """A stepped morning with orders: everything that is said by HTTP and on the stream, but for heartbeats."""
    said: list[str] = []
    with served(replace(STEPPED), on_bars=True, at="09:15") as server:
        client = logged_in(server)
        with streaming(server, client, STOCK, INDEX) as stream:
            for minute in range(16, 46):
                state = control(server, "step", to=f"{DAY}T09:{minute}:00+05:30")
                if minute % 7 == 0:
                    buy(client, tag=f"M{minute}", order_type="MARKET", price=None, market_protection=1)
                stream.ping().wait(5)
                said.append(f"{state['ns']} {state['changes']} {state['orders']}")
            said.append(json.dumps(client.orders(), default=str))
            said.append(json.dumps(client.trades(), default=str))
            stream.close()
            said += [str(message) for message in stream if message != b"\x00"]
    return said


def test_a_stepped_morning_repeats_to_the_byte() -> None:
    """Over HTTP and WebSocket: every frame, every answer, fills among them."""
    first = transcript()
    assert first == transcript()
    assert sum("COMPLETE" in line for line in first) > 3


def test_the_stepped_market_stands() -> None:
    """Nothing moves by the clock."""
    with served() as server:
        client = logged_in(server)
        before = client.quote(f"NSE:{STOCK}")
        time.sleep(0.3)
        assert client.quote(f"NSE:{STOCK}") == before


def test_the_running_market_moves() -> None:
    """By the clock, faster: time passes, ticks come, orders that are on their way arrive and fill."""
    with served(replace(STEPPED, speed=300.0)) as server:
        client = logged_in(server)
        with streaming(server, client) as stream:
            while control(server, "state")["now"] < f"{DAY}T09:16":
                time.sleep(0.05)
            id = buy(client, order_type="MARKET", price=None, market_protection=5)
            statuses = [news(stream)["status"]]
            while statuses[-1] != "COMPLETE":
                statuses.append(news(stream)["status"])
        assert statuses[0] == "PUT ORDER REQ RECEIVED"
        assert client.order_trades(id)


def test_frames_count_their_packets() -> None:
    """None at all too."""
    assert frame([]) == b"\x00\x00"
    assert frame([b"abc", b"d"]) == b"\x00\x02\x00\x03abc\x00\x01d"
    assert len(session().instruments) > 50
