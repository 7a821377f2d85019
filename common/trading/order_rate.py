"""Orders a second and a minute: a lane for entries, and one that only exits may use."""

import math
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND

MINUTE_SHARE: Final = 40
"""The broker allows 10 orders a second and 400 a minute: a lane of 1/s has 40 of a minute's."""
ENTRIES_PAUSE_SECONDS: Final = 600
COOL_DOWN_SECONDS: Final = 10
"""After a 429 the broker refuses for about so long; asking earlier only counts against us."""


class _Lane:
    """Tokens that come back at `rate` a second, up to a window's worth of them and up to a minute's share."""

    __slots__ = ("_at", "_full_after", "_minute", "_minute_most", "_minute_rate", "_rate", "_window", "_window_most")

    def __init__(self, rate: float, window_seconds: float) -> None:
        minute = rate * MINUTE_SHARE
        self._rate = rate
        self._minute_rate = minute / 60
        self._window = self._window_most = max(1.0, rate * window_seconds)
        self._minute = self._minute_most = max(1.0, minute)
        self._at = 0
        longest = max(self._window_most / rate, self._minute_most / self._minute_rate) if rate else math.inf
        self._full_after = (longest + 1.0) * NANOSECONDS_A_SECOND
        """So long after the last one every budget is full again, nanoseconds."""

    def take(self, now: int) -> bool:
        """Spend one (at `now`, nanoseconds) where both the window's and the minute's budget have it."""
        passed = now - self._at
        if passed > self._full_after:
            self._at, self._window, self._minute = now, self._window_most - 1.0, self._minute_most - 1.0
            return True
        window, minute = self._window, self._minute
        if passed > 0:
            seconds = passed / NANOSECONDS_A_SECOND
            window += seconds * self._rate
            if window > self._window_most:
                window = self._window_most
            minute += seconds * self._minute_rate
            if minute > self._minute_most:
                minute = self._minute_most
            self._at = now
        room = window >= 1.0 and minute >= 1.0
        self._window, self._minute = (window - 1.0, minute - 1.0) if room else (window, minute)
        return room


class OrderRate:
    """One workload's share of the account's order rate. Rates: orders a second.

    entries_from: until when entries pause because the broker said that it was too much, nanoseconds UTC.
    """

    __slots__ = ("_entries", "_exits", "_exits_from", "entries_from")

    def __init__(self, orders_per_second: float, exits_per_second: float, window_seconds: float) -> None:
        self._entries = _Lane(orders_per_second, window_seconds)
        self._exits = _Lane(exits_per_second, window_seconds)
        self.entries_from = 0
        self._exits_from = 0

    def throttle(self, now: int) -> None:
        """The broker said that it was too much."""
        self.entries_from = now + ENTRIES_PAUSE_SECONDS * NANOSECONDS_A_SECOND
        self._exits_from = now + COOL_DOWN_SECONDS * NANOSECONDS_A_SECOND

    def throttled(self, now: int) -> bool:
        """Whether entries pause because the broker said so."""
        return now < self.entries_from

    def entry(self, now: int) -> bool:
        """Take room for an entry; exits' room is never given to one."""
        return now >= self.entries_from and self._entries.take(now)

    def exit(self, now: int) -> bool:
        """Take room for an order that protects or closes: the exits' own first, then the entries'."""
        return now >= self._exits_from and (self._exits.take(now) or self._entries.take(now))
