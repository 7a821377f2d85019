"""A realistic session from a seed: correlated stocks, their index, its future and an option chain, with days before.

Only `random.Random` and `math`: the same seed gives the same bars on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import MarketClosed, Session, next_trading_day, previous_trading_day, session_on
from common.market.instrument import Instrument, Kind
from common.market.rules import equity_tick, freeze_quantity, index_tick, lot_size
from common.market.tables import OutsideTable
from common.research.contract_dates import future_expiry, last_moment, option_expiries
from common.research.factors import MOODS, Mood, Path, Regime, draw_regime, noise_shape, volume_shape, walk
from common.research.large_caps import LARGE_CAPS, Stock
from common.research.listing import INDEX_TICK, future_symbol
from common.research.option_chain import NANOSECONDS_A_YEAR, option_chain
from common.research.painting import Sketch, paint
from common.research.recorded import Recording
from common.research.smile import RATE

INDEX: Final = "NIFTY 50"
UNDERLYING: Final = "NIFTY"
INDEX_PAISE: Final = 2_450_000
MAX_SESSIONS_BEFORE: Final = 60
MARKET_DEVIATION: Final = 0.006
SECTOR_DEVIATION: Final = 0.0045
_STREAM: Final = "tron-session-2"
"""Part of every seed: change it when the generator changes, so that an old seed is not taken for the new day."""

_IMPLIED: Final = 0.12
_FUTURE_LOTS_A_MINUTE: Final = 180.0
_FUTURE_OPEN_LOTS: Final = 220_000


@dataclass(frozen=True, slots=True)
class _Hours:
    """Minutes of one session (ns UTC): all while derivatives trade; the first `stock` of them while stocks do."""

    date: date
    stamps: list[int]
    stock: int
    noise: list[float]
    activity: list[float]


@dataclass(slots=True)
class _Market:
    """What carries over from session to session: unrounded prices in paise, volatility as a multiple of the usual
    one, and the bars so far.
    """

    prices: dict[str, float]
    starts: dict[str, float]
    index_start: float
    interest: int
    bars: dict[str, list[Bar]]
    volatility: float = 1.0


def generate(
    day: date, seed: int, *, stocks: Sequence[Stock] = LARGE_CAPS, sessions_before: int = 5
) -> Recording:
    """Bars of `day` and of `sessions_before` trading days before it (fewer where the calendar begins); options on
    `day` only.

    Stocks, NIFTY 50, its nearest future, options of the two nearest expiries. Same arguments, same bars. A stock's
    noise depends on seed, date and its own symbol, so leaving one out leaves the others as they are.
    Raises MarketClosed when the exchange is closed on `day`, OutsideTable beyond the calendar (contracts that outlive
    it expire as if there were no holidays), ValueError for absurd arguments.
    """
    if not stocks or not 0 <= sessions_before <= MAX_SESSIONS_BEFORE:
        wanted = f"at least one stock and 0 to {MAX_SESSIONS_BEFORE} sessions before"
        raise ValueError(f"{len(stocks)} stocks and {sessions_before} sessions before were asked for; give {wanted}")
    session = session_on(day)
    if session is None:
        raise MarketClosed(f"{day} is not a trading day; the next one is {next_trading_day(day)}")
    instruments = _instruments(day, seed, stocks)
    future = instruments[-1]
    future_close = last_moment(future.expiry or day, day)
    market = _opening_market(seed, stocks)
    for date_ in [*_days_before(day, sessions_before), day]:
        _trade_session(market, instruments, stocks, _hours(date_), seed)
    today = [bar for bar in market.bars[future.symbol] if bar.ts >= session.open]
    closes = [(expiry, last_moment(expiry, day)) for expiry in option_expiries(UNDERLYING, day)]
    sigma = _IMPLIED * (0.5 + 0.5 * market.volatility)
    options, bars = option_chain(_stream(seed, day, "options"), UNDERLYING, today, future_close, closes, sigma)
    listed = {instrument.symbol: instrument for instrument in sorted([*instruments, *options], key=_by_symbol)}
    return Recording(listed, {symbol: (market.bars | bars)[symbol] for symbol in listed})


def _days_before(day: date, sessions: int) -> list[date]:
    """Up to `sessions` trading days, oldest first."""
    days = [day]
    try:
        for _ in range(sessions):
            days.append(previous_trading_day(days[-1]))
    except OutsideTable:
        pass
    return days[:0:-1]


def _mood(seed: int, day: date) -> Mood:
    """The market's in the month of `day`."""
    return _stream(seed, None, f"mood of {day:%Y-%m}").choice(MOODS)


def _by_symbol(instrument: Instrument) -> str:
    return instrument.symbol


def _stream(seed: int, day: date | None, name: str) -> Random:
    """A generator of its own for each part, so that a change in one part leaves the others as they are."""
    return Random(f"{_STREAM}/{seed}/{day}/{name}")  # noqa: S311 - a repeatable market, not a secret


def _instruments(day: date, seed: int, stocks: Sequence[Stock]) -> list[Instrument]:
    """Stocks, then the index, then its future."""
    starts = _opening_market(seed, stocks).starts
    listed = [
        Instrument(stock.symbol, "NSE", Kind.EQUITY, equity_tick(round(starts[stock.symbol]), day)) for stock in stocks
    ]
    expiry = future_expiry(UNDERLYING, day)
    future = Instrument(
        future_symbol(UNDERLYING, expiry), "NFO", Kind.FUTURE, index_tick(Kind.FUTURE, INDEX_PAISE, day),
        lot=lot_size(UNDERLYING, expiry), underlying=UNDERLYING, expiry=expiry,
        freeze_quantity=freeze_quantity(UNDERLYING, day),
    )
    return [*listed, Instrument(INDEX, "NSE", Kind.INDEX, INDEX_TICK), future]


def _opening_market(seed: int, stocks: Sequence[Stock]) -> _Market:
    starts = {
        stock.symbol: stock.rupees * 100 * math.exp(_stream(seed, None, stock.symbol).gauss(0.0, 0.04))
        for stock in stocks
    }
    index_start = INDEX_PAISE * math.exp(_stream(seed, None, "index").gauss(0.0, 0.03))
    interest = round(_FUTURE_OPEN_LOTS * _stream(seed, None, "interest").uniform(0.85, 1.15))
    return _Market(dict(starts), starts, index_start, interest, {})


def _hours(day: date) -> _Hours:
    session = session_on(day)
    if session is None:
        raise MarketClosed(f"{day} is not a trading day; the next one is {next_trading_day(day)}")
    stamps = _minutes(session)
    stock = sum(ts < session.stock_close for ts in stamps)
    tail = len(stamps) - stock
    return _Hours(
        day, stamps, stock, [*noise_shape(stock), *[0.5] * tail], [*volume_shape(stock), *[0.5] * tail]
    )


def _minutes(session: Session) -> list[int]:
    """Bar starts of all windows, the last one lengthened to the end of derivatives trading."""
    windows = [*session.windows[:-1], (session.windows[-1][0], max(session.windows[-1][1], session.derivatives_close))]
    return [ts for opens, closes in windows for ts in range(opens, closes, NANOSECONDS_A_MINUTE)]


def _trade_session(
    market: _Market, instruments: Sequence[Instrument], stocks: Sequence[Stock], hours: _Hours, seed: int
) -> None:
    """Adds one session's bars to `market`."""
    rng, mood = _stream(seed, hours.date, "market"), _mood(seed, hours.date)
    regime = draw_regime(rng, MARKET_DEVIATION, mood, market.volatility)
    market.volatility = regime.volatility
    common = walk(rng, regime, MARKET_DEVIATION, hours.noise, 0.8)
    sectors = {name: _sector(seed, hours, name) for name in sorted({stock.sector for stock in stocks})}
    weights = sum(stock.weight for stock in stocks)
    index_open, index = 0.0, [0.0] * len(hours.stamps)
    for stock, instrument in zip(stocks, instruments, strict=False):
        rng = _stream(seed, hours.date, stock.symbol)
        shared = common, sectors[stock.sector]
        opens, closes = _trade_stock(rng, market, instrument, stock, hours, shared, regime, mood)
        share = market.index_start * stock.weight / weights / market.starts[stock.symbol]
        index_open += share * opens
        index = [level + share * close for level, close in zip(index, closes, strict=True)]
    noise = _noise(MARKET_DEVIATION * regime.volatility, hours)
    spot, future = instruments[-2:]
    end, rng = hours.stock, _stream(seed, hours.date, "index")
    sketch = Sketch(hours.stamps[:end], index_open, index[:end], noise[:end], [0] * end, [0] * end)
    market.bars.setdefault(spot.symbol, []).extend(paint(rng, spot, sketch))
    _trade_future(_stream(seed, hours.date, "future"), market, future, hours, (index_open, index, noise), common)


def _sector(seed: int, hours: _Hours, name: str) -> Path:
    rng = _stream(seed, hours.date, f"sector {name}")
    regime = draw_regime(rng, SECTOR_DEVIATION, _mood(seed, hours.date))
    return walk(rng, regime, SECTOR_DEVIATION, hours.noise, 0.3)


def _trade_stock(
    rng: Random, market: _Market, instrument: Instrument, stock: Stock, hours: _Hours, shared: tuple[Path, Path],
    regime: Regime, mood: Mood,
) -> tuple[float, list[float]]:
    """Adds the stock's bars; returns its unrounded open and closes, to the end of derivatives trading."""
    own_regime = draw_regime(rng, stock.deviation, mood)
    own, (common, sector) = walk(rng, own_regime, stock.deviation, hours.noise, 0.3), shared
    before, symbol = market.prices[stock.symbol], stock.symbol
    opens = before * math.exp(stock.beta * common.gap + sector.gap + own.gap)
    closes = [
        before * math.exp(stock.beta * m + s + o) for m, s, o in zip(common.log, sector.log, own.log, strict=True)
    ]
    market.prices[symbol] = closes[-1]
    deviation = math.hypot(
        stock.beta * MARKET_DEVIATION * regime.volatility, SECTOR_DEVIATION, stock.deviation * own_regime.volatility
    )
    noise = _noise(deviation, hours)
    heats = [0.5 * m + o for m, o in zip(common.heat, own.heat, strict=True)]
    volumes = _volumes(rng, stock.volume / hours.stock, hours, (opens, closes, noise), heats)
    end = hours.stock
    sketch = Sketch(hours.stamps[:end], opens, closes[:end], noise[:end], volumes[:end], [0] * end)
    market.bars.setdefault(symbol, []).extend(paint(rng, instrument, sketch))
    return opens, closes


def _trade_future(
    rng: Random, market: _Market, future: Instrument, hours: _Hours,
    index: tuple[float, list[float], list[float]], common: Path,
) -> None:
    """The index lifted by the rate until expiry, with a basis that wanders by a few points."""
    expires = last_moment(future.expiry or hours.date, hours.date)
    stamps = [ts for ts in hours.stamps if ts < expires]
    index_open, levels, noise = index
    basis = rng.gauss(0.0, 0.0001)
    closes: list[float] = []
    opens = index_open * math.exp(_carry(hours.stamps[0], expires) + basis)
    for ts, level in zip(stamps, levels, strict=False):
        basis = 0.95 * basis + rng.gauss(0.0, 0.00004)
        closes.append(level * math.exp(_carry(ts, expires) + basis))
    lots = _volumes(rng, _FUTURE_LOTS_A_MINUTE, hours, (opens, closes, noise), common.heat)
    interests: list[int] = []
    for traded in lots:
        market.interest = max(0, market.interest + round(0.03 * traded * rng.gauss(0.15, 1.0)))
        interests.append(market.interest * future.lot)
    volumes = [traded * future.lot for traded in lots]
    sketch = Sketch(stamps, opens, closes, noise[: len(stamps)], volumes, interests)
    market.bars.setdefault(future.symbol, []).extend(paint(rng, future, sketch))


def _carry(ts: int, expires: int) -> float:
    return RATE * max(0, expires - ts) / NANOSECONDS_A_YEAR


def _noise(deviation: float, hours: _Hours) -> list[float]:
    return [deviation / math.sqrt(hours.stock) * scale for scale in hours.noise]


def _volumes(
    rng: Random, mean: float, hours: _Hours, path: tuple[float, list[float], list[float]], heats: Sequence[float]
) -> list[int]:
    """Units a minute: U-shaped, more when the price moves and after jumps; at least one."""
    last, closes, noise = path
    level = mean * math.exp(rng.gauss(0.0, 0.25))
    volumes: list[int] = []
    for close, wiggle, activity, heat in zip(closes, noise, hours.activity, heats, strict=False):
        move = min(4.0, abs(math.log(close / last)) / wiggle)
        surprise = math.exp(rng.gauss(0.0, 0.35))
        volumes.append(max(1, round(level * activity * (0.6 + 0.5 * move) * (1.0 + heat) * surprise)))
        last = close
    return volumes
