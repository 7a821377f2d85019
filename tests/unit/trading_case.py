"""A workload in miniature: instruments, hours, markets, strategies and a desk, for tests of the core."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Final
from zlib import crc32

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import Bar, Quote
from common.market.calendar import SessionTimes
from common.market.instrument import AssetClass, Instrument, Kind
from common.research.memory_ledger import MemoryLedger
from common.trading.book import Book
from common.trading.charges import ChargeRates, rates_on
from common.trading.driver import Driver
from common.trading.exit_policy import ExitPolicy
from common.trading.halts import HaltLevel
from common.trading.limits import Limits
from common.trading.messages import Control, Log
from common.trading.order_route import OrderRoute
from common.trading.orders import Kind as OrderKind
from common.trading.orders import Order, Purpose
from common.trading.pace import REPLAY, Pace
from common.trading.risk import Account
from common.trading.session import Session
from common.trading.slot import Slot, Universe
from common.trading.strategy import AnyParameters, Enter, Exit, Parameters, Signal, Strategy, View

DAY: Final = date(2025, 8, 29)
SECOND: Final = 10**9
MINUTE: Final = 60 * SECOND
OPEN: Final = 1_756_439_100 * SECOND
"""09:15 in India on DAY."""
NEVER: Final = 2**62
RATES: Final = rates_on(DAY, "intraday")
LIMITS: Final = Limits(
    capital=100_000_00, daily_loss=10_000_00, risk_per_trade=1_000_00, max_trades=50, max_open_positions=5,
    max_order_value=50_000_00,
)
SMALL_LOSS: Final = replace(LIMITS, daily_loss=2_000_00)
EXACT: Final = FillModel(half_spread_bps=0.0, slippage_ticks=0, participation=1.0)
"""Fills at the very price."""


def minute(n: int) -> int:
    """Start of the n-th minute of the session, nanoseconds."""
    return OPEN + n * MINUTE


def share(symbol: str = "AAA", lot: int = 1, freeze: int | None = None) -> Instrument:
    """A share with a tick of 5 paise."""
    return Instrument(symbol, "NSE", Kind.EQUITY, 5, lot, freeze_quantity=freeze)


def hours(entries: tuple[int, int] = (0, 300), square_off: int = 330, close: int = 375) -> SessionTimes:
    """In minutes from the open."""
    return SessionTimes(
        date=DAY, asset_class=AssetClass.STOCK, kind="normal", trades_by_default=True, open=OPEN,
        entry_from=minute(entries[0]), entry_cutoff=minute(entries[1]), square_off=minute(square_off),
        flat_by=minute(close), rms_cutoff=minute(close), rms_confirmed=True, expiry_short_cutoff=NEVER,
        close=minute(close), steps={},
    )


def bars(symbol: str, *rows: Sequence[int], start: int = 0) -> list[Bar]:
    """Rows of open, high, low, close[, volume[, oi, bid, ask]]; one a minute from minute `start`."""
    return [Bar(minute(start + n), symbol, *(row if len(row) > 4 else (*row, 100_000))) for n, row in enumerate(rows)]


def flat(symbol: str, count: int, price: int = 100_00, start: int = 0, volume: int = 100_000) -> list[Bar]:
    """`count` minutes in which nothing moves."""
    return bars(symbol, *[(price, price, price, price, volume)] * count, start=start)


def walk(symbol: str, seed: int, minutes: int, price: int = 100_00) -> list[Bar]:
    """A random market with gaps, quoted touches, thin and empty minutes."""
    chance = random.Random(crc32(f"{symbol}{seed}".encode()))
    rows, last = [], price
    for _ in range(minutes):
        opened = max(2000, last + 5 * chance.choice((0, 0, 1, -1, chance.randint(-60, 60))))
        closed = max(2000, opened + 5 * chance.randint(-25, 25))
        high = max(opened, closed) + 5 * chance.randint(0, 10)
        low = min(opened, closed) - 5 * chance.randint(0, 10)
        volume = chance.choice((0, 40, 300, 2000, 100_000))
        spread = 5 * chance.randint(0, 3)
        touch = (0, closed - spread, closed + spread) if spread else ()
        rows.append((opened, high, low, closed, volume, *touch))
        last = closed
    return bars(symbol, *rows)


def together(*feeds: Sequence[Bar]) -> list[Bar]:
    """Several symbols' bars in order of time."""
    return [bar for minute_bars in zip(*feeds, strict=True) for bar in minute_bars]


class Script(Strategy):
    """Signals by minute of the session."""

    name: ClassVar[str] = "script"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset(AssetClass)
    Parameters: ClassVar[type[Parameters]] = Parameters

    def __init__(self, parameters: AnyParameters | None = None, signals: Mapping[int, Signal] | None = None) -> None:
        del parameters
        self.signals = signals or {}

    def start_day(self) -> None:
        """Nothing to forget."""

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        del view
        return self.signals.get((bar.ts - OPEN) // MINUTE)


class Chance(Script):
    """Random signals that depend on seed, symbol and minute alone, so that a restart signals the same."""

    def __init__(self, seed: int, shorts: bool = True) -> None:
        super().__init__()
        self.seed = seed
        self.shorts = shorts

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        del view
        chance = random.Random(crc32(f"{self.seed}{bar.symbol}{bar.ts}".encode()))
        draw = chance.random()
        if draw < 0.25:
            side = chance.choice((1, -1)) if self.shorts else 1
            target, trail = chance.choice((0, 0, chance.randint(10, 150))), chance.choice((0, 0, 40))
            numbers = {"draw": round(draw, 3)}
            return Enter(side, chance.randint(5, 150), target, "chance", numbers, trail_distance=trail)
        return Exit("chance") if draw > 0.93 else None


@dataclass(slots=True)
class Desk:
    """A session with its driver, its route and what it wrote."""

    session: Session
    driver: Driver
    ledger: MemoryLedger

    @property
    def account(self) -> Account:
        return self.session.book.account

    def slot(self, symbol: str = "AAA") -> Slot:
        return self.session.slots[symbol]

    def order(self, number: int) -> Order:
        """By its number of the day, from 1."""
        return next(order for order in self.ledger.orders.values() if order.sequence == number)

    def alarms(self) -> list[Log]:
        return [record for record in self.ledger.records if record.severity == "CRITICAL"]

    def wait(self, seconds: int = 1) -> None:
        """Time passes as a live workload lets it pass: what the broker has said, then a timer, each second."""
        for _ in range(seconds):
            self.driver.settle()
            self.driver.pass_time(self.session.now + SECOND)

    def control(self, level: HaltLevel) -> None:
        """What the person wants from now on."""
        self.driver.tell(Control(self.session.now, level, "by hand"))
        self.driver.settle()

    def quote(self, price: int, symbol: str = "AAA", **more: int) -> None:
        """The last price now, paise."""
        self.driver.take(Quote(self.session.now, symbol, price, **more))

    def exits(self, symbol: str = "AAA") -> list[tuple[int, OrderKind, int]]:
        """Working exits: number, kind, what is left to fill."""
        return [
            (o.sequence, o.kind, o.remaining) for o in self.ledger.orders.values()
            if o.symbol == symbol and o.purpose is Purpose.EXIT and o.working
        ]


def open_session(
    instruments: Iterable[Instrument], strategy: Callable[[str], Strategy | None], *, limits: Limits = LIMITS,
    times: SessionTimes | None = None, policy: ExitPolicy | None = None, rates: ChargeRates = RATES,
    pace: Pace = REPLAY, asset_class: AssetClass = AssetClass.STOCK, may_short: bool = True,
) -> Session:
    """A fresh session on DAY."""
    listed = list(instruments)
    book = Book(asset_class, DAY, Account(limits), policy or ExitPolicy(), rates, pace)
    universe = Universe(DAY, listed)
    slots: dict[str, Slot] = {}
    for instrument in listed:
        chosen = strategy(instrument.symbol)
        slots[instrument.symbol] = Slot(instrument, chosen, slots, universe, may_short=may_short)
    return Session(book, slots, times or hours())


def desk(route: OrderRoute, signals: Mapping[int, Signal] | None = None, *, symbols: str = "AAA", **more: Any) -> Desk:
    """Shares of `symbols` (space between) on `route`, the first of them with a script. freeze: of each."""
    names, freeze = symbols.split(), more.pop("freeze", None)
    listed = [share(name, freeze=freeze) for name in names]
    session = open_session(listed, lambda name: Script(signals=signals) if name == names[0] else Script(), **more)
    ledger = MemoryLedger()
    return Desk(session, Driver(session, route, ledger), ledger)


def exchange(*symbols: str, model: FillModel = EXACT, freeze: int | None = None) -> Exchange:
    """Fills at the very price unless told otherwise."""
    return Exchange({symbol: share(symbol, freeze=freeze) for symbol in symbols or ("AAA",)}, model)


PATIENT: Final = ExitPolicy(entry_timeout_seconds=10**6)
"""Entries are not taken back."""
LONG: Final = Enter(1, 100, 0.0, "go")
SHORT: Final = Enter(-1, 100, 0.0, "go")
