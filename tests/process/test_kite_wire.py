"""The live broker's adapter on the simulated Kite over real sockets: a whole stepped day, and faults on the way."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import ClientConnection

from common.adapters.clock import VirtualClock
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.rest import KiteBroker
from common.adapters.kite.token import API_KEY, API_SECRET, Token, write_token
from common.bootstrap import Application
from common.day.plan import plan_day
from common.day.prepare import prepare_day
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.bar_builder import BarBuilder
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import ClassPlan, Plan
from common.ports import MarketData
from common.redaction import Secret
from common.research.generator import generate
from common.research.recorded import read
from common.research.replay import MemoryLedger, replay_class
from common.research.storing import write_parquet
from common.research.workload import by_minute, open_session, select
from common.settings import Settings
from common.trading.driver import Driver
from common.trading.errors import LoginExpired, OrderThrottled, OrderUnknown
from common.trading.order_hash import order_hash
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Purpose
from jobs.kite_server.opening import open_simulation
from jobs.kite_server.serving import KiteServer
from tests.process.kite_case import DAY, SECRET, STEPPED, STOCK, control, decoded, logged_in, served, streaming
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import MemorySecrets

SEED = 5


class Wire:
    """The broker's side of a session: orders by HTTP, ticks and news by the stream, the market by steps."""

    def __init__(self, server: KiteServer, broker: KiteBroker, stream: ClientConnection, clock: VirtualClock) -> None:
        self.server = server
        self.broker = broker
        self.stream = stream
        self.clock = clock
        self.builder = BarBuilder()
        self.symbols = {one.token: one.symbol for one in server.simulation.account.market.instruments.values()}
        self.news = 0
        self.received = 3  # a heartbeat, and the answers to both subscriptions
        self.control = requests.Session()

    def step(self, symbol: str, end: int) -> Bar:
        """The market to the end of one bar, as it comes by the stream: news first, then the bar's ticks."""
        if at(end) > self.clock.now():
            self.clock.advance_to(at(end))
        answer = self.control.post(
            f"{self.server.url}/_control/step", json={"to": end, "symbols": [symbol]}, timeout=10,
        )
        self._receive(answer.json()["data"]["sent"][0])
        (bar,) = [bar for bar in self.builder.flush() if bar.symbol == symbol]
        return bar

    def _receive(self, sent: int) -> None:
        """Everything until the server has sent so many messages."""
        while self.received < sent:
            message = self.stream.recv(10)
            self.received += 1
            if isinstance(message, str):
                self.broker.hear(json.loads(message)["data"])
                self.news += 1
            elif len(message) > 1:
                for tick in decoded(message):
                    self.builder.add(self._quote(tick))

    def _quote(self, tick: Mapping[str, Any]) -> Quote:
        stamp = tick["exchange_timestamp"]
        ts = int(stamp.timestamp()) * NANOSECONDS_A_SECOND
        depth = tick.get("depth", {"buy": [{"price": 0}], "sell": [{"price": 0}]})
        bid, ask = (round(depth[side][0]["price"] * 100) for side in ("buy", "sell"))
        return Quote(ts, self.symbols[tick["instrument_token"]], round(tick["last_price"] * 100), bid, ask,
                     volume=tick.get("volume_traded", 0))

    def observe(self, event: Bar | Quote) -> bool:
        return self.broker.observe(event)

    def drain(self) -> Sequence[OrderUpdate]:
        """News with its fills: a live day reads the books a second later, and a stepped minute has no seconds."""
        self._receive(self.control.get(f"{self.server.url}/_control/state", timeout=10).json()["data"]["sent"][0])
        news = {update.broker_id: update for update in self.broker.drain()}
        if any(update.filled for update in news.values()):
            return [update for update in self.orders() if update.broker_id in news]
        return list(news.values())

    def place(self, order: Order) -> str:
        self.clock.sleep(2.0)  # our own rate of orders is that of a live day, and a minute's decisions come at once
        return self.broker.place(order)

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        self.clock.sleep(2.0)
        self.broker.modify(tag, ts, kind, quantity, price, trigger)

    def cancel(self, tag: OrderTag, ts: int) -> None:
        self.clock.sleep(2.0)
        self.broker.cancel(tag, ts)

    def orders(self) -> Sequence[OrderUpdate]:
        self.clock.sleep(2.0)
        return self.broker.orders()

    def positions(self) -> Mapping[str, int]:
        self.clock.sleep(2.0)
        return self.broker.positions()


def over_the_wire(plan: ClassPlan, market: MarketData, path: Path) -> list[Order]:
    """One asset class over a stepped day, by HTTP and WebSocket alone; the recording only says which bar is next."""
    instruments = select(plan, market.instruments(DAY))
    simulation = open_simulation(read([path], day=DAY), DAY, STEPPED, seed=SEED, on_bars=True)
    session, ledger = open_session(DAY, plan, instruments), MemoryLedger()
    with KiteServer(simulation) as server:
        client = logged_in(server)
        secrets = MemorySecrets(**{API_KEY: "simulated", API_SECRET: SECRET})
        clock = VirtualClock(at(simulation.account.market.now))
        write_token(secrets, Token(Secret(client.access_token), "AB1234", clock.now()))
        broker = KiteBroker(KiteConnection(secrets, clock, KeptLogs(), server.url), DAY, instruments, KeptLogs())
        symbols = [one.symbol for one in instruments]
        with streaming(server, client, *symbols) as stream:
            wire = Wire(server, broker, stream, clock)
            driver = Driver(session, wire, ledger)
            for ts, bars in by_minute(market.feed(DAY, symbols)):
                for due in bars:
                    bar = wire.step(due.symbol, ts + NANOSECONDS_A_MINUTE)
                    driver.run([bar])
                driver.pass_time(ts + NANOSECONDS_A_MINUTE)
            driver.pass_time(session.times.close)
    assert wire.news > 3
    return list(ledger.orders.values())


def test_a_stepped_day_over_the_wire_is_the_day_in_process(tmp_path: Path) -> None:
    """The same order_hash: nothing is lost, doubled or changed by HTTP, JSON, packets and clocks."""
    path = tmp_path / "session.parquet"
    write_parquet(generate(DAY, 21), path)
    app = Application(Settings(home=tmp_path, sessions=(path,), seed=SEED))
    prepare_day(DAY, app.store, app.archive, app.market, app.mandate, 10)
    plan = Plan.from_fields(plan_day(DAY, app.store, app.mandate, app.step_clock(DAY, "plan_day")))
    (chosen,) = (one for one in plan.enabled if one.asset_class is AssetClass.FUTURES)
    wanted = replay_class(DAY, chosen, app.market, SEED).orders
    assert sum(len(order.fills) for order in wanted) > 1
    assert order_hash(over_the_wire(chosen, app.market, path)) == order_hash(wanted)


@contextmanager
def live_broker() -> Iterator[tuple[KiteServer, KiteBroker]]:
    """The adapter on a served market that stands, logged in."""
    with served() as server:
        client = logged_in(server)
        secrets = MemorySecrets(**{API_KEY: "simulated", API_SECRET: SECRET})
        clock = VirtualClock(at(server.simulation.account.market.now))
        write_token(secrets, Token(Secret(client.access_token), "AB1234", clock.now()))
        instruments = list(server.simulation.account.market.instruments.values())
        connection = KiteConnection(secrets, clock, KeptLogs(), server.url, timeout_seconds=1.0)
        yield server, KiteBroker(connection, DAY, instruments, KeptLogs())


def order(server: KiteServer, number: int) -> Order:
    """Ten shares, far below the market."""
    price = server.simulation.account.last(STOCK) * 97 // 100 // 10 * 10
    tag = OrderTag(f"T261120S{number:05d}E")
    return Order(tag, number, STOCK, 1, 10, Kind.LIMIT, price, 0, Purpose.ENTRY, server.simulation.account.market.now)


@pytest.mark.parametrize(("kind", "error", "placed"), [
    ("accepted_no_answer", OrderUnknown, True), ("accepted_dropped", OrderUnknown, True),
    ("accepted_400", OrderUnknown, True), ("dropped", OrderUnknown, False), ("html_502", OrderUnknown, False),
    ("null", OrderUnknown, False), ("too_many", OrderThrottled, False), ("too_many_as_ok", OrderThrottled, False),
])
def test_an_unclear_placement_is_never_a_refusal_and_never_sent_twice(
    kind: str, error: type[Exception], placed: bool,
) -> None:
    """Faults over the wire: what may be live is UNKNOWN, and the book by tag then says whether it is, once at most."""
    with live_broker() as (server, broker):
        control(server, "faults", kind=kind, method="POST", path="/orders/", wait=3)
        with pytest.raises(error):
            broker.place(order(server, 1))
        assert [update.tag for update in broker.orders()] == (["T261120S00001E"] if placed else [])


def test_a_hidden_order_appears_and_a_dead_token_is_no_refusal() -> None:
    """Absence from one read proves nothing; an ended login sends nothing, and says so."""
    with live_broker() as (server, broker):
        control(server, "faults", kind="hidden_orders", wait=8)
        id = broker.place(order(server, 1))
        assert broker.orders() == []
        control(server, "step", seconds=9)
        assert [update.broker_id for update in broker.orders()] == [id]
        control(server, "faults", kind="token_expired")
        with pytest.raises(LoginExpired):
            broker.place(order(server, 2))
        assert len(server.simulation.account.tickets) == 1
