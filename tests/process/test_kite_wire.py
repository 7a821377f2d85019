"""The live broker's adapter on the simulated Kite over real sockets: a whole stepped day, and faults on the way."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from common.adapters.clock import VirtualClock
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.parts import KiteParts
from common.adapters.kite.rest import KiteBroker
from common.adapters.kite.ticks import GRACE, TickReader
from common.adapters.kite.token import API_KEY, API_SECRET, Token, write_token
from common.adapters.memory import MemoryArchive
from common.bootstrap import Application
from common.day.plan import plan_day
from common.day.prepare import prepare_day
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass, Instrument
from common.planning.plan import ClassPlan, OptionSelection, Plan
from common.ports import MarketData
from common.redaction import Secret
from common.research.generator import generate
from common.research.market import RecordedMarket
from common.research.memory_ledger import MemoryLedger
from common.research.recorded import Recording, read
from common.research.replay import replay_class
from common.research.storing import write_parquet
from common.research.workload import by_minute, open_session, select
from common.settings import Settings
from common.trading.driver import Driver
from common.trading.errors import LoginExpired, OrderThrottled, OrderUnknown
from common.trading.order_hash import order_hash
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Purpose
from jobs.kite_server.opening import open_simulation
from jobs.kite_server.serving import KiteServer
from tests.process.kite_case import DAY, SECRET, STEPPED, STOCK, control, logged_in, served
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import MemorySecrets
from tests.unit.stream_case import until

SEED = 5


class Wire:
    """The broker's side of a session: orders by HTTP, ticks and news by our own stream, the market by steps."""

    def __init__(self, server: KiteServer, broker: KiteBroker, parts: KiteParts, clock: VirtualClock) -> None:
        self.server = server
        self.broker = broker
        self.counts = parts.stream.counts
        self.inbox = parts.inbox
        self.clock = clock
        self.control = requests.Session()
        self.readers: dict[int, TickReader] = {}
        self.tokens: dict[str, int] = {}
        parts.stream.on_order = broker.hear

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """A reader each: symbol by symbol comes to the end of a minute, and a market's clock is one for all."""
        opens = session_times(DAY, AssetClass.STOCK).open
        self.readers = {one.token: TickReader(DAY, opens, [one]) for one in instruments}
        self.tokens = {one.symbol: one.token for one in instruments}
        for reader in self.readers.values():
            reader.heard(0)
        self._read()

    def step(self, symbol: str, end: int) -> Bar:
        """The market to the end of one bar, as it comes by the stream: its ticks, and what they make."""
        if at(end) > self.clock.now():
            self.clock.advance_to(at(end))
        self._control("step", to=end, symbols=[symbol])
        self._read()
        reader = self.readers[self.tokens[symbol]]
        (bar,) = reader.end_minutes(end + GRACE)
        assert reader.is_whole(bar)
        return bar

    def _read(self) -> None:
        """What has come, to the readers."""
        ticks, torn = self.inbox.take(0.0)
        assert not torn
        for tick in ticks:
            self.readers[tick.token].read(tick, 0)

    def _control(self, action: str, **fields: Any) -> None:
        """Returns when all that the server has sent by then is here."""
        answer = self.control.post(f"{self.server.url}/_control/{action}", json=fields, timeout=10)
        sent = answer.json()["data"]["sent"][0]
        until(lambda: self.counts.messages >= sent, "the stream's messages")

    def observe(self, event: Bar | Quote) -> bool:
        return self.broker.observe(event)

    def drain(self) -> list[OrderUpdate]:
        """News with its fills: a live day reads the books a second later, and a stepped minute has no seconds."""
        self._control("state")
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
        parts = KiteParts(
            secrets, MemoryArchive, clock, KeptLogs(), server.url, 5.0, stream_url=server.stream_url, is_simulated=True,
        )
        symbols = [one.symbol for one in instruments]
        wire, listed = Wire(server, parts.broker(DAY, instruments), parts, clock), parts.listing.instruments(DAY)
        tokens = {one.symbol: one.token for one in listed}
        parts.stream.watch([tokens[symbol] for symbol in symbols])
        parts.stream.start()
        until(lambda: parts.stream.frames.ticks >= 2 * len(symbols), "the subscription's snapshots")
        wire.watch([one for one in listed if one.symbol in set(symbols)])
        try:
            driver = Driver(session, wire, ledger)
            for ts, bars in by_minute(market.feed(DAY, symbols)):
                for due in bars:
                    driver.run([wire.step(due.symbol, ts + NANOSECONDS_A_MINUTE)])
                driver.pass_time(ts + NANOSECONDS_A_MINUTE)
            driver.pass_time(session.times.close)
        finally:
            parts.stream.close()
    assert parts.stream.counts.orders > 3
    assert parts.stream.counts.connections == 1
    return list(ledger.orders.values())


def planned(folder: Path, asset_class: AssetClass) -> tuple[ClassPlan, Recording]:
    """What the rules plan on a generated day for one asset class, and that day."""
    path, recording = folder / "whole.parquet", generate(DAY, 21)
    write_parquet(recording, path)
    app = Application(Settings(home=folder, sessions=(path,), seed=SEED))
    prepare_day(DAY, app.store, app.archive, app.market, app.mandate, 10)
    plan = Plan.from_fields(plan_day(DAY, app.store, app.mandate, app.step_clock(DAY, "plan_day")))
    (chosen,) = (one for one in plan.enabled if one.asset_class is asset_class)
    return chosen, recording


def assert_the_same_day(folder: Path, plan: ClassPlan, recording: Recording) -> None:
    path = folder / "day.parquet"
    write_parquet(recording, path)
    market = RecordedMarket((path,))
    wanted = replay_class(DAY, plan, market, SEED).orders
    assert sum(len(order.fills) for order in wanted) > 0
    assert order_hash(over_the_wire(plan, market, path)) == order_hash(wanted)


def test_a_stepped_day_over_the_wire_is_the_day_in_process(tmp_path: Path) -> None:
    """The same order_hash: nothing is lost, doubled or changed by HTTP, JSON, packets, our stream and clocks."""
    assert_the_same_day(tmp_path, *planned(tmp_path, AssetClass.FUTURES))


def test_options_over_the_wire_are_those_in_process(tmp_path: Path) -> None:
    """Bought options on the signals of the future, each with its stop, through the first hour and a half."""
    plan, recording = planned(tmp_path, AssetClass.OPTIONS)
    assert plan.options is not None
    chosen = plan.options.model_copy(update={"strikes_each_side": 1})
    eager = {**plan.parameters, "entry_atr": 2.0}
    plan = plan.model_copy(update={"parameters": eager, "structure": None, "options": chosen})
    assert_the_same_day(tmp_path, plan, around_the_money(recording, chosen, minutes=90))


def around_the_money(recording: Recording, chosen: OptionSelection, minutes: int) -> Recording:
    """The driver and the strikes nearest its first price, for so long: each is a request a minute."""
    driver = recording.bars[chosen.signal_symbol]
    begins = next(bar.ts for bar in driver if at(bar.ts).date() == DAY)
    spot = next(bar.open for bar in driver if bar.ts == begins)
    options = [
        one for one in recording.instruments.values()
        if one.asset_class is AssetClass.OPTIONS and one.underlying == chosen.underlying and one.expiry == chosen.expiry
    ]
    strikes = sorted({one.strike for one in options}, key=lambda strike: abs(strike - spot))[:5]
    kept = {one.symbol for one in options if one.strike in strikes} | {chosen.signal_symbol, STOCK}
    until_ts = begins + minutes * NANOSECONDS_A_MINUTE
    return Recording(
        {symbol: one for symbol, one in recording.instruments.items() if symbol in kept},
        {symbol: [bar for bar in recording.bars[symbol] if bar.ts < until_ts] for symbol in kept},
    )


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
