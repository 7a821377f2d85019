"""Recorded sessions at the pace of a clock, as `tron up` plays them."""

from collections.abc import Iterator, Sequence
from datetime import date

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.indian_time import at
from common.ports import Clock
from common.research.market import RecordedMarket


class PlayedMarket:
    """MarketData of recorded sessions: no bar is told before it has ended."""

    def __init__(self, market: RecordedMarket, clock: Clock) -> None:
        self._market = market
        self._clock = clock
        self.instruments = market.instruments
        self.without_volume = market.without_volume
        self.history = market.history
        self.quotes = market.quotes

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """As recorded. A minute is whole for its reader when the first bar of the next one comes, or the end does:

        so each bar comes when it begins, and the end when the last one has ended.
        """
        last = 0
        for bar in self._market.feed(day, symbols):
            if bar.ts != last:
                self._wait(bar.ts)
                last = bar.ts
            yield bar
        self._wait(last + NANOSECONDS_A_MINUTE)

    def _wait(self, ts: int) -> None:
        while (left := (at(ts) - self._clock.now()).total_seconds()) > 0:
            self._clock.sleep(left)
