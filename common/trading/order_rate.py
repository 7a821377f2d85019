"""Orders a second and a minute: a lane for entries, and one that only exits may use."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND

MINUTE_SHARE: Final = 40
"""The broker allows 10 orders a second and 400 a minute: a lane of 1/s has 40 of a minute's."""
ENTRIES_PAUSE_SECONDS: Final = 600
COOL_DOWN_SECONDS: Final = 10
"""After a 429 the broker refuses for about so long; asking earlier only counts against us."""


class _Bucket:
    """Tokens that come back at `rate` a second, up to `capacity`."""

    __slots__ = ("_at", "_capacity", "_rate", "_tokens")

    def __init__(self, rate: float, capacity: float) -> None:
        self._rate = rate
        self._capacity = max(1.0, capacity)
        self._tokens = self._capacity
        self._at = 0

    def full(self, now: int) -> bool:
        """Whether a token is there at `now` (nanoseconds)."""
        if now > self._at:
            self._tokens = min(self._capacity, self._tokens + (now - self._at) / NANOSECONDS_A_SECOND * self._rate)
            self._at = now
        return self._tokens >= 1.0

    def spend(self) -> None:
        """Take one."""
        self._tokens -= 1.0


class _Lane:
    __slots__ = ("_buckets",)

    def __init__(self, rate: float, window_seconds: float) -> None:
        minute = rate * MINUTE_SHARE
        self._buckets = (_Bucket(rate, rate * window_seconds), _Bucket(minute / 60, minute))

    def take(self, now: int) -> bool:
        """Spend one where both the second's and the minute's budget have it."""
        first, second = self._buckets
        # Both are asked, so that both count the time that has passed.
        if not (first.full(now) & second.full(now)):
            return False
        first.spend()
        second.spend()
        return True


class OrderRate:
    """One workload's share of the account's order rate. Rates: orders a second."""

    __slots__ = ("_entries", "_entries_from", "_exits", "_exits_from")

    def __init__(self, orders_per_second: float, exits_per_second: float, window_seconds: float) -> None:
        self._entries = _Lane(orders_per_second, window_seconds)
        self._exits = _Lane(exits_per_second, window_seconds)
        self._entries_from = 0
        self._exits_from = 0

    def throttle(self, now: int) -> None:
        """The broker said that it was too much."""
        self._entries_from = now + ENTRIES_PAUSE_SECONDS * NANOSECONDS_A_SECOND
        self._exits_from = now + COOL_DOWN_SECONDS * NANOSECONDS_A_SECOND

    def throttled(self, now: int) -> bool:
        """Whether entries pause because the broker said so."""
        return now < self._entries_from

    def entry(self, now: int) -> bool:
        """Take room for an entry; exits' room is never given to one."""
        return now >= self._entries_from and self._entries.take(now)

    def exit(self, now: int) -> bool:
        """Take room for an order that protects or closes: the exits' own first, then the entries'."""
        return now >= self._exits_from and (self._exits.take(now) or self._entries.take(now))
