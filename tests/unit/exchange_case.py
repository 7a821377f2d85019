"""Instruments, quotes, orders and a way to look at what the exchange says, for its tests; no session in sight."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import Quote
from common.market.instrument import Instrument
from common.market.instrument import Kind as InstrumentKind
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Purpose

DAY: Final = date(2026, 9, 1)
EXPIRY: Final = date(2026, 9, 8)
SECOND: Final = 10**9
OPEN: Final = 1_788_234_300 * SECOND
"""09:15 in India on DAY."""
PLAIN: Final = FillModel(half_spread_bps=0.0, slippage_ticks=0)
TAG: Final = "T260901S00001E"


def at(seconds: float) -> int:
    """Nanoseconds, so many seconds after the open."""
    return OPEN + round(seconds * SECOND)


def share(symbol: str = "AAA", lot: int = 1, freeze: int | None = None) -> Instrument:
    """With a tick of 5 paise."""
    return Instrument(symbol, "NSE", InstrumentKind.EQUITY, 5, lot, freeze_quantity=freeze)


def option(strike: int, kind: InstrumentKind = InstrumentKind.CALL, expiry: date = EXPIRY) -> Instrument:
    """On NIFTY, lot 65. strike: rupees."""
    symbol = f"N{expiry:%d}{strike}{kind}"
    return Instrument(symbol, "NFO", kind, 5, 65, 0, "NIFTY", expiry, strike * 100, 1755)


def future() -> Instrument:
    """On NIFTY, lot 65."""
    return Instrument("NIFTYFUT", "NFO", InstrumentKind.FUTURE, 10, 65, 0, "NIFTY", EXPIRY, 0, 1755)


def opened(*instruments: Instrument, model: FillModel = PLAIN, **more: Any) -> Exchange:
    """An exchange for these, else for one share AAA."""
    listed = instruments or (share(),)
    return Exchange({one.symbol: one for one in listed}, model, **more)


def quote(
    seconds: float, last: int = 100_00, bid: int = 99_90, ask: int = 100_10, sizes: tuple[int, int] = (0, 0),
    volume: int = 0, symbol: str = "AAA",
) -> Quote:
    """sizes: units bid and asked for, 0 where the feed does not say."""
    return Quote(at(seconds), symbol, last, bid, ask, *sizes, volume)


def order(
    side: int = 1, price: int = 100_10, trigger: int = 0, quantity: int = 100, n: int = 1, seconds: float = 0.0,
    symbol: str = "AAA",
) -> Order:
    """The n-th of the day, a stop where it has a trigger."""
    kind = Kind.SL if trigger else Kind.LIMIT
    tag = OrderTag(f"T260901S{n:05d}E")
    return Order(tag, n, symbol, side, quantity, kind, price, trigger, Purpose.ENTRY, at(seconds))


def fills(updates: list[OrderUpdate]) -> list[tuple[int, int]]:
    """(price, quantity) of what these updates say was traded, in that order."""
    return [(fill.price, fill.quantity) for update in updates for fill in update.fills]


def trade(book: Exchange, *quotes: Quote) -> list[tuple[int, int]]:
    """(price, quantity) of what trades on these quotes."""
    for one in quotes:
        book.observe(one)
    return fills(book.drain())


def statuses(updates: list[OrderUpdate]) -> list[str]:
    """In the order told."""
    return [update.status.value for update in updates]


def told(book: Exchange) -> Mapping[str, OrderUpdate]:
    """The order book by tag, or by id where there is none."""
    return {update.tag or update.broker_id: update for update in book.orders()}
