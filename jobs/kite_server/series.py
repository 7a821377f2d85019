"""One symbol's day from its one-minute bars: what the broker would say of it at any second."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple
from zlib import crc32

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.instrument import Instrument, Kind
from common.market.money import Paise

ANCHORS: Final = (0, 15, 30, 45)
"""Seconds of a minute at which open, first extreme, second extreme and close are there; straight lines between."""
EQUILIBRIUM: Final = 7 * NANOSECONDS_A_MINUTE
"""So long before the first bar the pre-open auction has found the opening price."""
LEVELS: Final = 5
_LARGEST_SHOWN: Final = 40


class Level(NamedTuple):
    """One price of the book, paise and units; all 0 where there is none."""

    price: Paise
    quantity: int
    orders: int


class Snapshot(NamedTuple):
    """Prices in paise, quantities in units, times in nanoseconds UTC. traded_at: 0 before the first trade.

    close: of the session before. bids, asks: best first.
    """

    ts: int
    last: Paise
    last_quantity: int
    average: Paise
    volume: int
    open: Paise
    high: Paise
    low: Paise
    close: Paise
    oi: int
    oi_high: int
    oi_low: int
    traded_at: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    def quote(self, symbol: str) -> Quote:
        """As the exchange takes it."""
        bid, ask = self.bids[0], self.asks[0]
        return Quote(self.ts, symbol, self.last, bid.price, ask.price, bid.quantity, ask.quantity, self.volume)


class Series:
    """bars: of one day, by time. close: of the session before, 0 where unknown.

    spread: whether a book is made up where the session has none, a tick on each side of the last price.
    """

    def __init__(self, instrument: Instrument, bars: Sequence[Bar], close: Paise, *, spread: bool) -> None:
        self.instrument = instrument
        self.bars = bars
        self.close = close or (bars[0].open if bars else 0)
        self._spread = spread and instrument.kind is not Kind.INDEX
        self._starts = [bar.ts for bar in bars]
        self._high = list(accumulate((bar.high for bar in bars), max))
        self._low = list(accumulate((bar.low for bar in bars), min))
        self._volume = list(accumulate((bar.volume for bar in bars), initial=0))
        self._turnover = list(accumulate(
            ((bar.open + bar.high + bar.low + bar.close) * bar.volume // 4 for bar in bars), initial=0,
        ))
        self._oi_high = list(accumulate((bar.oi for bar in bars), max))
        self._oi_low = list(accumulate((bar.oi for bar in bars), min))

    def at(self, ts: int) -> Snapshot:
        """Whatever `ts` is; before the opening the last price is the one of the session before."""
        place = bisect_right(self._starts, ts) - 1
        if place < 0:
            return self._before(ts)
        bar = self.bars[place]
        second = min(ANCHORS[-1], (ts - bar.ts) // NANOSECONDS_A_SECOND)
        last, high, low = self._path(bar, second)
        high, low = (max(high, self._high[place - 1]), min(low, self._low[place - 1])) if place else (high, low)
        traded = bar.volume * second // ANCHORS[-1]
        volume = self._volume[place] + traded
        turnover = self._turnover[place] + last * traded
        bid, ask = self._touch(bar, last, ended=second == ANCHORS[-1])
        return Snapshot(
            ts, last, max(traded // (second or 1), self.instrument.lot if volume else 0),
            turnover // volume if volume else last, volume, self.bars[0].open, high, low, self.close, bar.oi,
            self._oi_high[place], self._oi_low[place], bar.ts + second * NANOSECONDS_A_SECOND,
            self._side(bid, -1, ts), self._side(ask, 1, ts),
        )

    def _before(self, ts: int) -> Snapshot:
        opening = self.bars[0].open if self.bars and ts >= self._starts[0] - EQUILIBRIUM else 0
        none = (Level(0, 0, 0),) * LEVELS
        last = opening or self.close
        return Snapshot(ts, last, 0, 0, 0, opening, opening, opening, self.close, 0, 0, 0, 0, none, none)

    def _path(self, bar: Bar, second: int) -> tuple[Paise, Paise, Paise]:
        """Last price, highest and lowest of the bar so far."""
        rising = bar.close >= bar.open
        points = (bar.open, *((bar.low, bar.high) if rising else (bar.high, bar.low)), bar.close)
        leg, within = divmod(second, ANCHORS[1])
        seen = points[: leg + 1]
        last = points[leg]
        if within:
            ahead = points[leg + 1] - last
            last = self._on_tick(last + ahead * within // ANCHORS[1], *sorted((last, points[leg + 1])))
        return last, max(last, *seen), min(last, *seen)

    def _on_tick(self, price: int, least: Paise, most: Paise) -> Paise:
        return min(most, max(least, self.instrument.round_down(price)))

    def _touch(self, bar: Bar, last: Paise, *, ended: bool) -> tuple[Paise, Paise]:
        """The bar's bid and ask are those of its end; before they keep their distance to the last price."""
        tick = self.instrument.tick
        if not bar.bid and not bar.ask:
            return (max(tick, last - tick), max(2 * tick, last + tick)) if self._spread else (0, 0)
        if ended:
            return bar.bid, bar.ask
        bid = max(tick, last - max(tick, bar.close - bar.bid)) if bar.bid else 0
        return bid, max(last, last + bar.ask - bar.close, bid + tick) if bar.ask else 0

    def _side(self, touch: Paise, direction: int, ts: int) -> tuple[Level, ...]:
        """Quantities are made up, the same for the same second."""
        levels = []
        for number in range(LEVELS):
            price = touch + direction * number * self.instrument.tick
            if not touch or price <= 0:
                levels.append(Level(0, 0, 0))
                continue
            seed = f"{self.instrument.symbol}:{ts // NANOSECONDS_A_SECOND}:{direction}:{number}"
            shown = 1 + crc32(seed.encode()) % _LARGEST_SHOWN
            levels.append(Level(price, shown * self.instrument.lot * (1 if self.instrument.expiry else 25), shown))
        return tuple(levels)
