"""The recorded NIFTY chain of 2025-08-29 quote by quote: the session on one side, an exchange that keeps a journal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.exchange.checks import Rules
from common.exchange.fills import FillModel
from common.exchange.margin import Exposure, MarginRates, margin_of
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.instrument import AssetClass, Instrument, Kind
from common.market.money import Paise, paise_from_rupees
from common.market.option_chain import NANOSECONDS_A_YEAR, Offer, expires_at, parity_forward
from common.planning.limits import full_limits
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan, OptionSelection
from common.planning.session_facts import class_times
from common.research.memory_ledger import MemoryLedger
from common.research.workload import open_session
from common.trading.driver import Driver
from common.trading.orders import OrderUpdate
from common.trading.session import Session

DAY: Final = date(2025, 8, 29)
EXPIRY: Final = date(2025, 9, 2)
LOT: Final = 75
FREEZE: Final = 1_800
DRIVER: Final = Instrument("NIFTY FORWARD", "DERIVED", Kind.FUTURE, 5, LOT, 0, "NIFTY", EXPIRY, 0, FREEZE)
SECONDS_AFTER: Final = (1, 2, 3, 5, 8, 13, 21, 34)
FILE: Final = "options_snapshots_NIFTY_2025-08-29.parquet"


@dataclass(slots=True)
class Journal:
    """What the exchange did, in its order: every fill with the holdings and the exchange's margin after it."""

    instruments: Mapping[str, Instrument]
    held: dict[str, int] = field(default_factory=dict)
    price: dict[str, Paise] = field(default_factory=dict)
    fills: int = 0
    naked: list[str] = field(default_factory=list)
    margin: Paise = 0

    def take(self, update: OrderUpdate) -> None:
        """Count its fills, one by one."""
        for fill in update.fills:
            self.fills += 1
            self.held[update.symbol] = self.held.get(update.symbol, 0) + update.side * fill.quantity
            self.price[update.symbol] = fill.price
            self._look(update)

    def _look(self, update: OrderUpdate) -> None:
        units = {symbol: held for symbol, held in self.held.items() if held}
        for kind in (Kind.CALL, Kind.PUT):
            own = [held for symbol, held in units.items() if self.instruments[symbol].kind is kind]
            if sum(own) < 0:
                self.naked.append(f"{update.tag}: {units}")
        exposures = [Exposure(self.instruments[s], held, held, self.price[s]) for s, held in units.items()]
        self.margin = max(self.margin, margin_of(exposures, MarginRates()))


class JournalledExchange(Exchange):
    """The simulated exchange, its news noted as they are told."""

    journal: Journal

    def drain(self) -> list[OrderUpdate]:
        """As the exchange's."""
        updates = super().drain()
        for update in updates:
            self.journal.take(update)
        return updates


@dataclass(slots=True)
class Replayed:
    """One strategy's day."""

    session: Session
    ledger: MemoryLedger
    journal: Journal
    exchange: JournalledExchange


def replay(shared: Path, strategy: str, parameters: Mapping[str, Any], mandate: Mandate) -> Replayed:
    """The strategy, alone, on the quotes of the nearest expiry; the exchange asks margin of the class's capital."""
    instruments, batches = _recorded(shared / FILE)
    listed = [*instruments.values(), DRIVER]
    plan = ClassPlan(
        asset_class=AssetClass.OPTIONS, enabled=True, strategy=strategy, parameters=dict(parameters), size=1.0,
        universe=(DRIVER.symbol,), limits=full_limits(mandate, class_times(DAY, AssetClass.OPTIONS)),
        options=OptionSelection(
            underlying="NIFTY", signal_symbol=DRIVER.symbol, expiry=EXPIRY, strikes_each_side=15,
        ),
    )
    session, ledger = open_session(DAY, plan, listed), MemoryLedger()
    rules = Rules(on=DAY, modifications=25, margin=MarginRates(), cash=session.book.account.limits.capital)
    exchange = JournalledExchange({one.symbol: one for one in listed}, FillModel(), rules=rules)
    exchange.journal = Journal(exchange.instruments)
    driver = Driver(session, exchange, ledger)
    for ts, quotes in batches:
        for quote in quotes:
            driver.take(quote)
        price = _forward(ts, quotes, instruments)
        if price:
            driver.take(Bar(ts - NANOSECONDS_A_MINUTE, DRIVER.symbol, price, price, price, price))
        for second in SECONDS_AFTER:
            driver.pass_time(ts + second * NANOSECONDS_A_SECOND)
    driver.pass_time(session.times.close)
    return Replayed(session, ledger, exchange.journal, exchange)


class Minutes:
    """The quotes as bars that end when they were known: what a recorded day gives to the report."""

    def __init__(self, shared: Path) -> None:
        self._instruments, self._batches = _recorded(shared / FILE)

    def instruments(self, day: date) -> list[Instrument]:
        """Of the nearest expiry."""
        del day
        return list(self._instruments.values())

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """Of some of them."""
        del day
        wanted = set(symbols)
        for ts, quotes in self._batches:
            for q in quotes:
                if q.symbol in wanted:
                    yield Bar(ts - NANOSECONDS_A_MINUTE, q.symbol, q.last, q.last, q.last, q.last, 0, 0, q.bid, q.ask)


def offers_by_time(shared: Path) -> Iterator[tuple[int, list[Offer]]]:
    """The whole chain at each time."""
    instruments, batches = _recorded(shared / FILE)
    for ts, quotes in batches:
        yield ts, [
            Offer(instruments[q.symbol], ts, q.bid, q.ask, 0, q.bid_quantity, q.ask_quantity) for q in quotes
        ]


def _forward(ts: int, quotes: list[Quote], instruments: Mapping[str, Instrument]) -> Paise:
    offers = [Offer(instruments[q.symbol], ts, q.bid, q.ask) for q in quotes if 0 < q.bid <= q.ask]
    found = parity_forward(offers, (expires_at(EXPIRY) - ts) / NANOSECONDS_A_YEAR)
    return round(found) if found else 0


@cache
def _recorded(path: Path) -> tuple[dict[str, Instrument], list[tuple[int, list[Quote]]]]:
    """Instruments by symbol, and quotes by the time from which they were known: the later of fetched and collected."""
    table = pq.read_table(path)
    rows = table.filter(pc.equal(table["expiry"], EXPIRY)).to_pylist()
    instruments: dict[str, Instrument] = {}
    batches: dict[int, list[Quote]] = {}
    for row in rows:
        symbol, known = row["symbol"], max(row["fetch_ts"], row["collect_ts"])
        ts = round(known.timestamp()) * NANOSECONDS_A_SECOND
        instruments.setdefault(symbol, Instrument(
            symbol, "NFO", Kind(row["type"]), 5, LOT, 0, "NIFTY", EXPIRY, row["strike"] * 100, FREEZE,
        ))
        last, bid, ask = (paise_from_rupees(row[name] or 0) for name in ("ltp", "bid", "ask"))
        quote = Quote(ts, symbol, last, bid, ask, row["bid_qty"] or 0, row["ask_qty"] or 0)
        batches.setdefault(ts, []).append(quote)
    return instruments, sorted(batches.items())
