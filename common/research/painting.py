"""One-minute bars around a path of closes: highs and lows, ticks, and a book one or two ticks wide."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from common.market.bar import Bar
from common.market.instrument import Instrument, Kind

_WICK: Final = 0.45
_SKIP: Final = 0.12


@dataclass(frozen=True, slots=True)
class Sketch:
    """One session of one symbol. opens: unrounded paise of the first trade; closes: unrounded paise minute by minute.

    noise: usual log move of each minute; volumes, ois: units. All lists as long as `stamps` (ns UTC).
    """

    stamps: Sequence[int]
    opens: float
    closes: Sequence[float]
    noise: Sequence[float]
    volumes: Sequence[int]
    ois: Sequence[int]


def paint(rng: Random, instrument: Instrument, sketch: Sketch) -> list[Bar]:
    """Bars on the tick; what can be traded also has bid and ask at the end of each minute, around the last price."""
    symbol, tick = instrument.symbol, instrument.tick
    is_quoted = instrument.kind is not Kind.INDEX
    bars: list[Bar] = []
    last = sketch.opens
    for ts, close, noise, volume, oi in zip(
        sketch.stamps, sketch.closes, sketch.noise, sketch.volumes, sketch.ois, strict=True
    ):
        first = last * (1.0 + _SKIP * noise * rng.gauss(0.0, 1.0)) if bars else last
        top = max(first, close) * (1.0 + _WICK * noise * abs(rng.gauss(0.0, 1.0)))
        bottom = min(first, close) * (1.0 - _WICK * noise * abs(rng.gauss(0.0, 1.0)))
        opened, closed = on_tick(first, tick), on_tick(close, tick)
        high, low = max(on_tick(top, tick), opened, closed), min(on_tick(bottom, tick), opened, closed)
        bid, ask = _book(rng, closed, tick) if is_quoted else (0, 0)
        bars.append(Bar(ts, symbol, opened, high, low, closed, volume, oi, bid, ask))
        last = close
    return bars


def on_tick(price: float, tick: int) -> int:
    """The nearest multiple of `tick`, at least one."""
    return max(tick, round(price / tick) * tick)


def _book(rng: Random, last: int, tick: int) -> tuple[int, int]:
    """Bid and ask one or two ticks apart; the last trade was at one of them."""
    width = tick if rng.random() < 0.7 else 2 * tick
    if last <= width or rng.random() < 0.5:
        return last, last + width
    return last - width, last
