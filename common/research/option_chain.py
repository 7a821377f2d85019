"""The generated option chain: two expiries of index options, priced minute by minute from the bars of the future."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from common.market.bar import Bar
from common.market.indian_time import day_of
from common.market.instrument import Instrument, Kind
from common.market.rules import cycle_of, freeze_quantity, index_tick, lot_size
from common.research import smile
from common.research.factors import volume_shape
from common.research.listing import option_symbol
from common.research.painting import on_tick

STRIKES_EACH_SIDE: Final = 15
STRIKE_STEP_PAISE: Final = 5_000
NANOSECONDS_A_YEAR: Final = 365 * 24 * 60 * 60 * 1_000_000_000
SHORTEST_YEARS: Final = 1 / (365 * 24 * 60)
LOTS_A_MINUTE: Final = 2_500.0
OPEN_LOTS: Final = 40_000.0
LATER_EXPIRY_SHARE: Final = 0.15
LEVERAGE: Final = -3.0
"""How volatility answers the index: down 1%, up 3% of itself."""


@dataclass(frozen=True, slots=True)
class _Minute:
    """One minute as one expiry sees it: forwards in paise, time and yearly volatility at the money."""

    ts: int
    years: float
    sigma: float
    share: float
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True)
class _Prices:
    """Premiums of one option in one minute, unrounded paise; away: deviations of its strike from the forward."""

    open: float
    high: float
    low: float
    close: float
    away: float


def option_chain(
    rng: Random, underlying: str, future: Sequence[Bar], future_close: int, expiries: Sequence[tuple[date, int]],
    sigma: float,
) -> tuple[list[Instrument], dict[str, list[Bar]]]:
    """Instruments and bars of 31 strikes, call and put, for each of `expiries` (date and last moment, ns UTC).

    future: its bars of the day; future_close: when it expires (ns UTC); sigma: yearly volatility at the money.
    """
    middle = round(future[0].open / STRIKE_STEP_PAISE)
    instruments: list[Instrument] = []
    bars: dict[str, list[Bar]] = {}
    for number, (expiry, close) in enumerate(expiries):
        minutes = _minutes(rng, future, future_close, close, sigma)
        activity = LATER_EXPIRY_SHARE**number
        for offset in range(-STRIKES_EACH_SIDE, STRIKES_EACH_SIDE + 1):
            strike = (middle + offset) * STRIKE_STEP_PAISE
            calls = [_call_prices(minute, strike) for minute in minutes]
            puts = [_put_prices(minute, strike, call) for minute, call in zip(minutes, calls, strict=True)]
            for kind, prices in ((Kind.CALL, calls), (Kind.PUT, puts)):
                instrument = _instrument(underlying, expiry, strike, kind, day_of(future[0].ts))
                instruments.append(instrument)
                bars[instrument.symbol] = _bars(rng, instrument, minutes, prices, activity)
    return instruments, bars


def _minutes(
    rng: Random, future: Sequence[Bar], future_close: int, close: int, sigma: float
) -> list[_Minute]:
    """Forwards of the expiry at `close` from the future's bars; volatility moves against the market."""
    carry = math.exp(smile.RATE * (close - future_close) / NANOSECONDS_A_YEAR)
    shares = volume_shape(len(future))
    first, mood = future[0].open, 0.0
    minutes: list[_Minute] = []
    for bar, share in zip(future, shares, strict=True):
        if bar.ts >= close:
            break
        mood = 0.98 * mood + 0.004 * rng.gauss(0.0, 1.0)
        years = max((close - bar.ts) / NANOSECONDS_A_YEAR, SHORTEST_YEARS)
        level = sigma * math.exp(LEVERAGE * math.log(bar.close / first) + mood)
        forwards = (price * carry for price in (bar.open, bar.high, bar.low, bar.close))
        minutes.append(_Minute(bar.ts, years, level, share, *forwards))
    return minutes


def _call_prices(minute: _Minute, strike: int) -> _Prices:
    years = minute.years
    sigma = smile.volatility(minute.sigma, minute.close, strike, years)
    opened, high, low, close = (
        smile.call_price(forward, strike, years, sigma)
        for forward in (minute.open, minute.high, minute.low, minute.close)
    )
    return _Prices(opened, high, low, close, smile.deviations(minute.close, strike, years, sigma))


def _put_prices(minute: _Minute, strike: int, call: _Prices) -> _Prices:
    """By put-call parity; the put is high where the future is low."""
    opened, high, low, close = (
        smile.put_price(premium, forward, strike, minute.years)
        for premium, forward in (
            (call.open, minute.open), (call.low, minute.low), (call.high, minute.high), (call.close, minute.close)
        )
    )
    return _Prices(opened, high, low, close, call.away)


def _instrument(underlying: str, expiry: date, strike: int, kind: Kind, day: date) -> Instrument:
    monthly = cycle_of(underlying, expiry) == "monthly"
    symbol = option_symbol(underlying, expiry, strike // 100, kind.value, monthly=monthly)
    return Instrument(
        symbol, "NFO", kind, index_tick(kind, strike, day), lot=lot_size(underlying, expiry), underlying=underlying,
        expiry=expiry, strike=strike, freeze_quantity=freeze_quantity(underlying, day),
    )


def _bars(
    rng: Random, instrument: Instrument, minutes: Sequence[_Minute], prices: Sequence[_Prices], activity: float
) -> list[Bar]:
    """Without a trade a minute keeps the last price, while bid and ask move on."""
    symbol, tick, lot = instrument.symbol, instrument.tick, instrument.lot
    round_strike = 1.6 if instrument.strike % (10 * STRIKE_STEP_PAISE) == 0 else 1.0
    interest = OPEN_LOTS * activity * round_strike * math.exp(-0.5 * prices[0].away ** 2) * rng.lognormvariate(0.0, 0.3)
    last = on_tick(prices[0].open, tick)
    bars: list[Bar] = []
    for minute, price in zip(minutes, prices, strict=True):
        mean = LOTS_A_MINUTE * activity * round_strike * minute.share * math.exp(-1.2 * price.away**2)
        lots = int(mean * rng.lognormvariate(0.0, 0.5))
        interest = max(0.0, interest + 0.05 * lots * rng.gauss(0.1, 1.0))
        bid, ask = _book(price, tick, rng)
        if lots:
            opened, close = on_tick(price.open, tick) if bars else last, on_tick(price.close, tick)
            high, low = max(on_tick(price.high, tick), opened, close), min(on_tick(price.low, tick), opened, close)
            last = close
        else:
            opened = high = low = last
        bars.append(Bar(minute.ts, symbol, opened, high, low, last, lots * lot, int(interest) * lot, bid, ask))
    return bars


def _book(price: _Prices, tick: int, rng: Random) -> tuple[int, int]:
    """Bid (0: nobody) and ask around the premium at the end of the minute."""
    width = smile.spread(price.close, price.away, tick) + (tick if rng.random() < 0.25 else 0)
    bid = max(0, math.floor((price.close - width / 2) / tick + 0.5) * tick)
    return bid, bid + max(width, tick)
