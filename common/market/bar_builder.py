"""Ticks to one-minute bars: volume by difference of the day's total, nothing invented where nothing was said."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.indian_time import day_number


@dataclass(slots=True)
class TickCounts:
    """What became of the ticks of one symbol. gap_minutes: minutes inside the day without a tick, hence without a bar.

    late: older than the newest tick or than a bar already closed. duplicate: said nothing new. unpriced: no last price.
    volume_falls: ticks whose day's total went back; the bar's volume then ignores the step.
    """

    used: int = 0
    late: int = 0
    duplicate: int = 0
    unpriced: int = 0
    volume_falls: int = 0
    gap_minutes: int = 0


@dataclass(slots=True)
class _Forming:
    """The minute being built of one symbol, and what is needed to judge its next tick."""

    newest: Quote
    day: int
    total_volume: int
    bar: Bar | None
    closed_until: int = 0
    """End of the last bar given out; 0 before the first of the day."""
    counts: TickCounts = field(default_factory=TickCounts)


class BarBuilder:
    """Builds the bars of any number of symbols from quotes with cumulative volume.

    The first tick of a day sets the volume's base, so what was traded before it (pre-open) is in no bar. A minute
    without a tick has no bar and is counted as a gap. Bars come out when a later minute's tick arrives, or by `close`.
    """

    def __init__(self) -> None:
        self._forming: dict[str, _Forming] = {}

    @property
    def counts(self) -> dict[str, TickCounts]:
        """Counts by symbol, of all days so far."""
        return {symbol: forming.counts for symbol, forming in self._forming.items()}

    def add(self, quote: Quote) -> Bar | None:
        """Take one tick in; the bar of an earlier minute if this tick ends it. Late and duplicate ticks are dropped."""
        forming = self._forming.get(quote.symbol)
        if forming is None:
            forming = self._forming[quote.symbol] = _Forming(quote, -1, 0, None)
        if quote.last <= 0:
            forming.counts.unpriced += 1
            return None
        day = day_number(quote.ts)
        if day > forming.day:
            finished, forming.bar = forming.bar, None
            forming.day, forming.total_volume, forming.closed_until = day, quote.volume, 0
            self._use(forming, quote)
            return finished
        if quote.ts < max(forming.newest.ts, forming.closed_until):
            forming.counts.late += 1
            return None
        if _says_nothing_new(forming.newest, quote):
            forming.counts.duplicate += 1
            return None
        return self._use(forming, quote)

    def close(self, now: int) -> list[Bar]:
        """Bars whose minute has ended at `now` (nanoseconds, UTC), by symbol; ticks of those minutes are late then."""
        return list(self._closing(now))

    def flush(self) -> list[Bar]:
        """Every bar still forming, by symbol: the end of the session."""
        return [self._give_out(self._forming[symbol]) for symbol in self._with_bar()]

    def _closing(self, now: int) -> Iterator[Bar]:
        for symbol in self._with_bar():
            forming = self._forming[symbol]
            if forming.bar is not None and forming.bar.ts + NANOSECONDS_A_MINUTE <= now:
                yield self._give_out(forming)

    def _with_bar(self) -> list[str]:
        return sorted(symbol for symbol, forming in self._forming.items() if forming.bar is not None)

    def _give_out(self, forming: _Forming) -> Bar:
        bar, forming.bar = forming.bar, None
        if bar is None:
            raise ValueError("no bar is forming; ask only for symbols that have one")
        forming.closed_until = bar.ts + NANOSECONDS_A_MINUTE
        return bar

    def _use(self, forming: _Forming, quote: Quote) -> Bar | None:
        traded = quote.volume - forming.total_volume
        if traded < 0:
            forming.counts.volume_falls += 1
            traded = 0
        forming.total_volume += traded
        forming.newest = quote
        forming.counts.used += 1
        start = quote.ts - quote.ts % NANOSECONDS_A_MINUTE
        if forming.bar is not None and forming.bar.ts == start:
            _extend(forming.bar, quote, traded)
            return None
        finished = self._give_out(forming) if forming.bar is not None else None
        if forming.closed_until:
            forming.counts.gap_minutes += (start - forming.closed_until) // NANOSECONDS_A_MINUTE
        forming.bar = Bar(
            start, quote.symbol, quote.last, quote.last, quote.last, quote.last, traded, 0, quote.bid, quote.ask
        )
        return finished


def _extend(bar: Bar, quote: Quote, traded: int) -> None:
    bar.high = max(bar.high, quote.last)
    bar.low = min(bar.low, quote.last)
    bar.close = quote.last
    bar.volume += traded
    bar.bid, bar.ask = quote.bid, quote.ask


def _says_nothing_new(before: Quote, now: Quote) -> bool:
    return (
        now.ts == before.ts and now.last == before.last and now.volume == before.volume
        and now.bid == before.bid and now.ask == before.ask
    )
