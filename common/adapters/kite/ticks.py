"""Ticks of one date to quotes and one-minute bars in paise: what is old, doubled or of another day moves nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from common.adapters.kite.decoder import PAISE, Tick, divisor_of
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.bar_builder import BarBuilder, TickCounts
from common.market.indian_time import moment
from common.market.instrument import Instrument

GRACE: Final = 2 * NANOSECONDS_A_SECOND
"""So long after its end, by our clock, a minute is closed: its last ticks are still on their way."""


@dataclass(slots=True)
class ReadCounts:
    """unknown: ticks of instruments that nobody asked for. other_day: snapshots of an earlier session, not used.

    unpriced: without a last price. incomplete: bars of minutes in which ticks were lost.
    """

    unknown: int = 0
    other_day: int = 0
    unpriced: int = 0
    incomplete: int = 0


class TickReader:
    """opens: nanoseconds UTC of the first minute that has a bar; ticks before it set the volume's base.

    A tick is dated by the exchange, to the second; one without such a time, by our clock.
    """

    def __init__(self, day: date, opens: int, instruments: Iterable[Instrument]) -> None:
        self._from = moment(day, time())
        self._until = moment(day + timedelta(days=1), time())
        self._opens = opens
        self._builder = BarBuilder()
        self._symbols: dict[int, str] = {}
        self._oi: dict[str, int] = {}
        self._holes: list[tuple[int, int]] = [(self._from, self._until)]
        self._torn: set[tuple[str, int]] = set()
        self.counts = ReadCounts()
        self.last: dict[str, Quote] = {}
        self.watch(instruments)

    @property
    def bar_counts(self) -> dict[str, TickCounts]:
        """What became of the ticks of each symbol."""
        return self._builder.counts

    def watch(self, instruments: Iterable[Instrument]) -> None:
        """Read the ticks of these too. Raises ValueError for one without a token, or whose prices are not in paise."""
        for one in instruments:
            if not one.token:
                raise ValueError(f"{one.symbol} has no token: take it from today's instruments of the broker")
            if divisor_of(one.token) != PAISE:
                raise ValueError(f"{one.symbol} is a currency or commodity: its prices are finer than paise")
            self._symbols[one.token] = one.symbol

    def read(self, tick: Tick, now: int) -> Sequence[Bar | Quote]:
        """What it says at `now` (nanoseconds UTC): the bar that it ends, if any, and the quote."""
        symbol = self._symbols.get(tick.token)
        if symbol is None:
            self.counts.unknown += 1
            return ()
        ts = tick.time * NANOSECONDS_A_SECOND or now
        if not self._from <= ts < self._until:
            self.counts.other_day += 1
            return ()
        if tick.last <= 0:
            self.counts.unpriced += 1
            return ()
        touch = tick.touch
        quote = Quote(
            ts, symbol, tick.last, touch.bid, touch.ask, touch.bid_quantity, touch.ask_quantity, tick.volume,
        )
        before = self.last.get(symbol)
        if before is not None and ts < before.ts:
            self._builder.add(quote)  # which counts it as late
            return ()
        self.last[symbol] = quote
        bar = self._builder.add(quote)
        ended = self._ended([bar]) if bar is not None else []
        self._oi[symbol] = tick.oi
        return (*ended, quote)

    def end_minutes(self, now: int) -> list[Bar]:
        """Bars of minutes that are over by the clock at `now`, for which no later tick has come."""
        return self._ended(self._builder.close(now - GRACE))

    def heard(self, since: int) -> None:
        """From `since` (nanoseconds UTC) the stream is whole, until `lost` is said."""
        begun, _ = self._holes[-1]
        self._holes[-1] = (begun, min(max(since, begun), self._until))

    def lost(self, since: int) -> None:
        """From `since` (nanoseconds UTC) ticks are missing, until `heard` is said."""
        begun, ended = self._holes[-1]
        if since < ended + NANOSECONDS_A_MINUTE:  # no whole minute between the two
            self._holes[-1] = (begun, self._until)
        else:
            self._holes.append((since, self._until))

    def gaps(self, until: int) -> list[tuple[int, int]]:
        """From the open to `until`, the times in which ticks were missed; nanoseconds UTC."""
        cut = [(max(begun, self._opens), min(ended, until)) for begun, ended in self._holes]
        return [(begun, ended) for begun, ended in cut if begun < ended]

    def torn(self, tokens: Collection[int], now: int) -> None:
        """Ticks of these were dropped a moment ago."""
        minute = now - now % NANOSECONDS_A_MINUTE
        for symbol in (self._symbols[token] for token in tokens if token in self._symbols):
            self._torn |= {(symbol, minute), (symbol, minute - NANOSECONDS_A_MINUTE)}

    def is_whole(self, bar: Bar) -> bool:
        """Whether all of the minute's ticks were there to be heard."""
        until = bar.ts + NANOSECONDS_A_MINUTE
        if (bar.symbol, bar.ts) in self._torn:
            return False
        return not any(begun < until and ended > bar.ts for begun, ended in self._holes)

    def _ended(self, bars: Iterable[Bar]) -> list[Bar]:
        found = []
        for bar in bars:
            if bar.ts < self._opens:
                continue
            bar.oi = self._oi.get(bar.symbol, 0)
            self.counts.incomplete += not self.is_whole(bar)
            found.append(bar)
        return found
