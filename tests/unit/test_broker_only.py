"""Closing by the broker's books alone: hedges last, spare exits first, slices below the freeze, never a flip."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryStore
from common.adapters.paper import PaperBroker
from common.day.broker_only import flatten_by_broker
from common.day.trade_ports import TradePorts, nanoseconds
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import Quote
from common.market.instrument import AssetClass, Instrument
from common.market.instrument import Kind as InstrumentKind
from common.ports import Broker, Resume
from common.trading.book import order_tag
from common.trading.errors import OrderRejected, OrderThrottled
from common.trading.order_rate import COOL_DOWN_SECONDS
from common.trading.orders import Kind, Order, OrderTag, Purpose, Status
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY, minute
from tests.unit.workload_case import Market

MODEL = FillModel(half_spread_bps=0.0, slippage_ticks=0, participation=1.0)
CALLS = {
    strike: Instrument(f"NIFTY{strike}CE", "NFO", InstrumentKind.CALL, 5, 75, strike=strike * 100, freeze_quantity=150)
    for strike in (100, 200, 300, 400, 500, 600, 700, 800)
}
NEAR, FAR, *MORE = (one.symbol for one in CALLS.values())


class Strict(PaperBroker):
    """Notes when it was asked for what; refuses what `refuses` says, of symbol and price."""

    asked: list[tuple[float, str]]
    refuses: Callable[[str, int], Exception | None]

    def place(self, order: Order) -> str:
        self._note(order.created, order.symbol, order.price)
        return super().place(order)

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        self._note(ts, next(one.symbol for one in self.orders() if one.tag == tag), price)
        super().modify(tag, ts, kind, quantity, price, trigger)

    def cancel(self, tag: OrderTag, ts: int) -> None:
        self._note(ts, "", 0)
        super().cancel(tag, ts)

    def _note(self, ts: int, symbol: str, price: int) -> None:
        self.asked.append((ts / 1e9, symbol))
        refusal = self.refuses(symbol, price) if symbol else None
        if refusal is not None:
            raise refusal


class Options(Market):
    """Calls, quoted as the test says; a symbol without a price has no quote."""

    def __init__(self) -> None:
        super().__init__({})
        self.prices = {NEAR: 50_00, FAR: 10_00, **dict.fromkeys(MORE, 20_00)}

    def instruments(self, day: object) -> list[Instrument]:
        del day
        return list(CALLS.values())

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        now = nanoseconds(VirtualClock(at))
        return [
            Quote(now, s, self.prices[s], self.prices[s] - 5, self.prices[s] + 5, 10_000, 10_000)
            for s in symbols if s in self.prices
        ]


class Desk:
    """An account with orders of a dead workload."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock(datetime(2025, 8, 29, 11, 0, tzinfo=INDIA))
        self.market = Options()
        self.asked: list[tuple[float, str]] = []
        self.refuses: Callable[[str, int], Exception | None] = lambda _, __: None
        self.broker = self._open()
        self.numbers = 0

    def _open(self) -> Strict:
        exchange = Exchange({one.symbol: one for one in CALLS.values()}, MODEL)
        broker = Strict(exchange, self.folder / "journal.jsonl")
        broker.asked, broker.refuses = self.asked, self.refuses
        return broker

    def order(self, purpose: Purpose, symbol: str, side: int, quantity: int, price: int, trigger: int = 0) -> Order:
        self.numbers += 1
        order = Order(
            order_tag(AssetClass.OPTIONS, DAY, self.numbers, purpose), self.numbers, symbol, side, quantity,
            Kind.SL if trigger else Kind.LIMIT, price, trigger, purpose, nanoseconds(self.clock),
        )
        self.broker.place(order)
        return order

    def hold(self, symbol: str, side: int, quantity: int) -> None:
        """Filled at once, in orders below the freeze."""
        for _ in range(quantity // 75):
            self.order(Purpose.ENTRY, symbol, side, 75, self.market.prices[symbol] + side * 10_00)
            self.clock.sleep(1)
            for quote in self.market.quotes([symbol], self.clock.now()):
                self.broker.observe(quote)
            self.broker.drain()
        assert self.broker.positions()[symbol] == side * quantity

    def flatten(self, seconds: float = 60) -> str:
        self.broker.close()
        ports = TradePorts(
            MemoryStore(), DirectoryArchive(self.folder / "archive"), self.market, self.clock,
            lambda *_: self._handle(), holder="x", lease_ttl_seconds=30, logs=KeptLogs(),
        )
        return flatten_by_broker(DAY, AssetClass.OPTIONS, ports, limit_seconds=seconds)

    def _handle(self) -> tuple[Broker, Resume]:
        self.broker = self._open()
        return self.broker, Resume()

    def positions(self) -> dict[str, int]:
        return dict(self._open().positions())

    def orders(self) -> dict[str, tuple[Status, int]]:
        return {update.tag: (update.status, update.filled) for update in self._open().orders()}


def test_a_hedge_is_released_when_its_short_is_bought_back(tmp_path: Path) -> None:
    """While the short cannot be bought back the long stays, however long it takes; then both go."""
    made = Desk(tmp_path)
    made.hold(FAR, 1, 75)
    made.hold(NEAR, -1, 75)
    price = made.market.prices.pop(NEAR)
    assert made.flatten().startswith("not flat by the broker's books (-75 NIFTY100CE, +75 NIFTY200CE)")
    assert made.positions() == {FAR: 75, NEAR: -75}
    made.market.prices[NEAR] = price
    assert made.flatten().startswith("flat")
    assert made.positions() == {}
    fills = [(fill.ts, update.symbol) for update in made.broker.orders() for fill in update.fills]
    assert [symbol for _, symbol in sorted(fills)][-2:] == [NEAR, FAR]


def test_a_spare_exit_is_cancelled_before_the_other_is_moved(tmp_path: Path) -> None:
    """Two exits of one position, as a crash may leave them: never both may fill."""
    made = Desk(tmp_path)
    made.hold(NEAR, 1, 75)
    first = made.order(Purpose.EXIT, NEAR, -1, 75, 40_00, 42_00)
    second = made.order(Purpose.EXIT, NEAR, -1, 75, 39_00, 41_00)
    assert made.flatten().startswith("flat")
    assert made.orders()[first.tag] == (Status.COMPLETE, 75)
    assert made.orders()[second.tag] == (Status.CANCELLED, 0)
    assert made.positions() == {}


def test_above_the_freeze_quantity_one_exit_follows_another(tmp_path: Path) -> None:
    """375 held, at most 150 an order: three exits, one after the other, flat and not beyond."""
    made = Desk(tmp_path)
    made.hold(NEAR, 1, 375)
    assert made.flatten().startswith("flat")
    assert made.positions() == {}
    sold = [(tag[-6:], filled) for tag, (_, filled) in made.orders().items() if tag.endswith("X")]
    assert sold == [("90001X", 150), ("90002X", 150), ("90003X", 75)]


def test_an_exit_that_rests_though_all_is_flat_is_cancelled(tmp_path: Path) -> None:
    """It would open a position that nobody wants."""
    made = Desk(tmp_path)
    made.hold(NEAR, 1, 75)
    stray = made.order(Purpose.EXIT, NEAR, -1, 75, 39_00, 41_00)
    made.broker.foreign_order(NEAR, -1, 75, nanoseconds(made.clock), 40_00)
    made.clock.sleep(1)
    for quote in made.market.quotes([NEAR], made.clock.now()):
        made.broker.observe(quote)
    made.broker.drain()
    assert made.broker.positions() == {}
    assert made.flatten().startswith("flat")
    assert made.orders()[stray.tag] == (Status.CANCELLED, 0)


def test_orders_of_another_date_and_class_are_not_ours(tmp_path: Path) -> None:
    """Tags tell: only those of this workload's day are touched."""
    made = Desk(tmp_path)
    for tag in ("T250828O00001E", "T250829S00001E", "T250829F00001E", "MINE"):
        order = Order(
            order_tag(AssetClass.OPTIONS, DAY, 1, Purpose.ENTRY), 1, NEAR, 1, 75, Kind.LIMIT, 1_00, 0, Purpose.ENTRY,
            minute(1),
        )
        order.tag = tag  # type: ignore[assignment]
        made.broker.place(order)
    assert made.flatten().startswith("flat")
    assert {status for status, _ in made.orders().values()} == {Status.OPEN}


def test_no_more_is_asked_than_its_share_of_the_order_rate(tmp_path: Path) -> None:
    """Six positions and as many stray entries: four requests at once, then two a second, and everything is closed."""
    made = Desk(tmp_path)
    for symbol in MORE:
        made.hold(symbol, 1, 75)
        made.order(Purpose.ENTRY, symbol, 1, 75, 1_00)
    made.asked.clear()
    assert made.flatten().startswith("flat")
    times = [at - made.asked[0][0] for at, _ in made.asked]
    assert len(times) == 12
    assert all(sum(begin <= at < begin + 1 for at in times) <= 4 for begin in times)
    assert times[11] - times[3] >= 3


def test_who_cannot_be_closed_does_not_use_up_the_others_turns(tmp_path: Path) -> None:
    """Six that are refused, more than there is room to ask for, until the last by name is taken: it has its turn."""
    made = Desk(tmp_path)
    for symbol in MORE:
        made.hold(symbol, 1, 75)
    from_then = made.clock.monotonic() + 10
    made.refuses = lambda symbol, _: (
        None if symbol == MORE[-1] and made.clock.monotonic() >= from_then else OrderRejected("no")
    )
    made.flatten(20)
    assert made.positions() == dict.fromkeys(MORE[:-1], 75)


def test_after_a_429_nothing_is_asked_for_ten_seconds(tmp_path: Path) -> None:
    """Asking earlier only counts against us; then it goes on."""
    made = Desk(tmp_path)
    made.hold(NEAR, 1, 75)
    made.hold(FAR, 1, 75)
    made.asked.clear()
    made.refuses = lambda _, __: OrderThrottled("too many") if len(made.asked) == 1 else None
    assert made.flatten().startswith("flat")
    times = [at - made.asked[0][0] for at, _ in made.asked]
    assert times[1] >= COOL_DOWN_SECONDS
    assert len(times) == 3


def test_an_exit_beyond_a_band_that_nobody_told_us_is_priced_at_the_touch(tmp_path: Path) -> None:
    """The bid is the lowest price that the exchange takes today: every other attempt is made there, and fills."""
    made = Desk(tmp_path)
    made.hold(NEAR, 1, 75)
    bid = made.market.prices[NEAR] - 5
    made.refuses = lambda _, price: OrderRejected("below the band") if price < bid else None
    assert made.flatten().startswith("flat")
    assert made.positions() == {}
