"""Quotes, instruments and candles as the broker's JSON and CSV."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.indian_time import INDIA, at, moment
from common.market.instrument import Kind
from jobs.kite_server.errors import input_error
from jobs.kite_server.market import SessionMarket
from jobs.kite_server.rows import rupees, stamp
from jobs.kite_server.series import Level, Snapshot

MOST_QUOTES: Final = 500
MOST_PRICES: Final = 1000
MINUTES: Final = {
    "minute": 1, "3minute": 3, "5minute": 5, "10minute": 10, "15minute": 15, "30minute": 30, "60minute": 60, "day": 0,
}
DAYS_A_CALL: Final = {
    "minute": 60, "3minute": 100, "5minute": 100, "10minute": 100, "15minute": 200, "30minute": 200, "60minute": 400,
    "day": 2000,
}
_CIRCUIT_PERCENT: Final = 20


def full_quotes(market: SessionMarket, names: Sequence[str]) -> dict[str, Any]:
    """By the names that were asked for; unknown ones are left out. Raises KiteError."""
    return {name: _full(market, symbol) for name, symbol in _asked(market, names, MOST_QUOTES)}


def ohlc_quotes(market: SessionMarket, names: Sequence[str]) -> dict[str, Any]:
    """As `full_quotes`, shorter."""
    return {
        name: {**_price(market, symbol), "ohlc": _ohlc(_now(market, symbol))}
        for name, symbol in _asked(market, names, MOST_PRICES)
    }


def last_prices(market: SessionMarket, names: Sequence[str]) -> dict[str, Any]:
    """As `full_quotes`, shortest."""
    return {name: _price(market, symbol) for name, symbol in _asked(market, names, MOST_PRICES)}


def candles(
    market: SessionMarket, token: str, interval: str, first: str, last: str, *, oi: bool,
) -> dict[str, Any]:
    """Times as `YYYY-MM-DD HH:MM:SS`. Raises KiteError."""
    instrument = market.named(token) if token.isdecimal() else None
    if instrument is None:
        raise input_error("invalid token")
    if interval not in MINUTES:
        raise input_error("invalid interval")
    begin, end = _time(first, "from"), _time(last, "to")
    if end < begin:
        raise input_error("invalid from date: after `to`")
    most = DAYS_A_CALL[interval]
    if (end - begin).days >= most:
        raise input_error(f"interval exceeds max limit: {most} days")
    found = market.candles(instrument.symbol, _nanoseconds(begin), _nanoseconds(end), MINUTES[interval])
    return {"candles": [
        [
            f"{at(bar.ts):%Y-%m-%dT%H:%M:%S%z}" if MINUTES[interval] else f"{at(bar.ts):%Y-%m-%dT00:00:00%z}",
            *(rupees(price) for price in (bar.open, bar.high, bar.low, bar.close)), bar.volume,
            *((bar.oi,) if oi else ()),
        ]
        for bar in found
    ]}


def _asked(market: SessionMarket, names: Sequence[str], most: int) -> list[tuple[str, str]]:
    if not names:
        raise input_error("Missing or empty field `i`")
    if len(names) > most:
        raise input_error(f"Too many instruments: at most {most}")
    found = ((name, market.named(name)) for name in dict.fromkeys(names))
    return [(name, one.symbol) for name, one in found if one is not None]


def _now(market: SessionMarket, symbol: str) -> Snapshot:
    return market.series[symbol].at(market.seen(symbol))


def _price(market: SessionMarket, symbol: str) -> dict[str, Any]:
    token = market.instruments[symbol].token
    return {"instrument_token": token, "last_price": rupees(_now(market, symbol).last)}


def _ohlc(now: Snapshot) -> dict[str, float]:
    return {name: rupees(getattr(now, name)) for name in ("open", "high", "low", "close")}


def _full(market: SessionMarket, symbol: str) -> dict[str, Any]:
    now, instrument = _now(market, symbol), market.instruments[symbol]
    tick = instrument.tick
    band = now.close * _CIRCUIT_PERCENT // 100 // tick * tick if instrument.kind is not Kind.INDEX else 0
    return {
        "instrument_token": instrument.token, "timestamp": stamp(now.ts),
        "last_trade_time": stamp(now.traded_at) if now.traded_at else None, "last_price": rupees(now.last),
        "last_quantity": now.last_quantity, "buy_quantity": sum(level.quantity for level in now.bids),
        "sell_quantity": sum(level.quantity for level in now.asks), "volume": now.volume,
        "average_price": rupees(now.average), "oi": now.oi, "oi_day_high": now.oi_high, "oi_day_low": now.oi_low,
        "net_change": rupees(now.last - now.close), "lower_circuit_limit": rupees(max(0, now.close - band)),
        "upper_circuit_limit": rupees(now.close + band), "ohlc": _ohlc(now),
        "depth": {"buy": _levels(now.bids), "sell": _levels(now.asks)},
    }


def _levels(levels: Sequence[Level]) -> list[dict[str, Any]]:
    return [{"price": rupees(one.price), "quantity": one.quantity, "orders": one.orders} for one in levels]


def _time(text: str, name: str) -> datetime:
    try:
        return datetime.strptime(text.replace("+", " "), "%Y-%m-%d %H:%M:%S" if len(text) > 10 else "%Y-%m-%d").replace(
            tzinfo=INDIA
        )
    except ValueError:
        raise input_error(f"invalid {name} date") from None


def _nanoseconds(time: datetime) -> int:
    return moment(time.date(), time.time()) if time.year >= 1971 else -NANOSECONDS_A_SECOND
