"""How time passes: step by step when told, or by the clock at any speed."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar
from jobs.kite_server.account import Account
from jobs.kite_server.series import ANCHORS
from jobs.kite_server.stream import Hub

PAUSE_SECONDS: Final = 0.1
MOST_TICKS_A_SECOND: Final = 25
"""Of real time, for each instrument: a faster day has fewer ticks, down to the four that make a bar.

Up to 25 times real time a quote is a second old at most: one of more than two is no price to enter at.
"""
LONGEST_STEP: Final = 24 * 60 * NANOSECONDS_A_MINUTE


class Passing:
    """The one place that moves the market. pause: seconds of the day between two ticks, a divisor of 15.

    since: the machine's time (seconds since 1970) at which the market's began; 0 for when `run` begins.
    """

    def __init__(self, account: Account, hub: Hub, pause: int = 15, since: float = 0.0) -> None:
        self._account = account
        self._market = account.market
        self._hub = hub
        self._pause = pause * NANOSECONDS_A_SECOND
        self._since = since
        self._start = self._market.now
        self._speed = 0.0
        self._next = dict.fromkeys(self._market.series, 0)

    def step(self, to: int, symbols: Sequence[str] | None = None) -> int:
        """Everything until `to` (nanoseconds UTC), of all or of these symbols alone, in this order; how many events.

        Backwards is nothing. At most a day.
        """
        to = min(to, self._market.now + LONGEST_STEP)
        return self._bars(to, symbols) if self._market.on_bars else self._quotes(to)

    async def run(self, speed: float) -> None:
        """By the clock, `speed` times as fast, for ever."""
        self._since, self._speed = self._since or time.time(), speed
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            self._quotes(self.clock())

    def clock(self) -> int:
        """The market's time now, nanoseconds UTC, to which `run` moves it with the next beat."""
        if not self._speed:
            return self._market.now
        return self._start + int((time.time() - self._since) * self._speed * NANOSECONDS_A_SECOND)

    def _bars(self, to: int, symbols: Sequence[str] | None) -> int:
        """Bars that have ended, each before its ticks: who acts on a tick acts after the bar."""
        rows: list[tuple[int, int, Bar]] = []
        for place, symbol in enumerate(sorted(self._next) if symbols is None else symbols):
            bars, begun = self._market.series[symbol].bars, self._next[symbol]
            while self._next[symbol] < len(bars) and bars[self._next[symbol]].ts + NANOSECONDS_A_MINUTE <= to:
                self._next[symbol] += 1
            rows += [(bar.ts, place, bar) for bar in bars[begun : self._next[symbol]]]
        for ts, _, bar in sorted(rows, key=lambda row: row[:2]):
            self._market.reached[bar.symbol] = ts + NANOSECONDS_A_MINUTE
            self._market.now = max(self._market.now, ts + NANOSECONDS_A_MINUTE)
            self._account.observe(bar)
            for second in ANCHORS:
                self._hub.tick(bar.symbol, ts + second * NANOSECONDS_A_SECOND)
        self._market.now = max(self._market.now, to)
        self._account.pass_time(self._market.now)
        self._hub.flush()
        return len(rows)

    def _quotes(self, to: int) -> int:
        """One quote of each watched or ordered instrument at every beat on the way."""
        count, market = 0, self._market
        beat = market.now - market.now % self._pause + self._pause
        while beat <= to:
            market.now = beat
            self._account.pass_time(beat)
            books = self._account.exchange.books
            for symbol in sorted(self._hub.symbols | books.working.keys()):
                self._account.refresh(symbol)
                self._account.settle()
                self._hub.tick(symbol, beat)
                count += 1
            beat += self._pause
        market.now = max(market.now, to)
        self._account.pass_time(market.now)
        self._hub.flush()
        return count


def pause_at(speed: float) -> int:
    """Seconds of the day between two ticks at this speed: at most MOST_TICKS_A_SECOND, no less than the bars need."""
    return next((one for one in (1, 3, 5) if speed <= one * MOST_TICKS_A_SECOND), 15)
