"""A stretch of market for many replays at once: bars made once, beside them columns and indicators computed once."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from common.market.bar import Bar
from common.market.indian_time import NANOSECONDS_A_DAY, OFFSET_NANOSECONDS
from common.strategies.indicators import ema_column
from common.strategies.scheduled import NEVER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]
    Flags: TypeAlias = NDArray[np.bool_]

_BLOCK: Final = 8
"""Extremes are kept for blocks of 2**8 bars."""


class Extremes:
    """Lowest values of windows of a column (or highest, negated by the caller): whole blocks first."""

    __slots__ = ("_blocks", "_values")

    def __init__(self, values: "Integers") -> None:
        import numpy as np

        self._values = values
        starts = np.arange(0, len(values), 1 << _BLOCK)
        self._blocks: list[int] = np.minimum.reduceat(values, starts).tolist()

    def floor(self, first: int, last: int) -> int:
        """A lower bound of the values from `first` to before `last`, and the lowest of their blocks."""
        block, after = first >> _BLOCK, (last - 1 >> _BLOCK) + 1
        return self._blocks[block] if after - block == 1 else min(self._blocks[block:after])

    def first_below(self, limit: int, first: int, last: int) -> int:
        """The first number from `first` to before `last` whose value is at or below `limit`; NEVER if there is none."""
        if first >= last or self.floor(first, last) > limit:
            return NEVER
        below = self._values[first:last] <= limit
        at = int(below.argmax())
        return first + at if below[at] else NEVER


class Series:
    """One symbol's bars with their columns.

    value: what a position is marked at, per side. days: the number of the first bar of each date.
    """

    def __init__(self, bars: Sequence[Bar], minutes: Sequence[int], minutes_in_all: int) -> None:
        import numpy as np

        self.bars = bars
        self._minutes = minutes
        self._first: Any = None  # every minute has a bar: a look-up the less
        if len(bars) != minutes_in_all:
            self._first = np.searchsorted(minutes, np.arange(minutes_in_all + 1)).data
        self.ts, self.high, self.low, self.close, self.volume = (
            np.array([getattr(bar, name) for bar in bars], np.int64)
            for name in ("ts", "high", "low", "close", "volume")
        )
        dates = (self.ts + OFFSET_NANOSECONDS) // NANOSECONDS_A_DAY
        self.days = np.concatenate(([0], np.flatnonzero(np.diff(dates)) + 1))
        self.reach = {1: Extremes(self.low), -1: Extremes(-self.high)}
        self.value = {
            1: Extremes(np.array([bar.bid or bar.close for bar in bars], np.int64)),
            -1: Extremes(-np.array([bar.ask or bar.close for bar in bars], np.int64)),
        }
        self._kept: dict[Any, Any] = {}

    def at(self, minute: int) -> int:
        """The number of the first bar at or after that minute of the tape; of all where there is none."""
        return minute if self._first is None else int(self._first[minute])

    def minute(self, number: int) -> int:
        """On the tape, of the bar of that number."""
        return number if self._first is None else self._minutes[number]

    def ema(self, period: int) -> "Floats":
        """As `indicators.Ema` and `EmaCross` compute it, operation by operation; kept."""
        import numpy as np

        return self.kept(("ema", period), lambda: np.array(ema_column(self.close.tolist(), period)))

    def turnover(self) -> "Floats":
        """Since the day's first bar, with that bar, as `Vwap` sums it; kept."""
        return self.kept("turnover", lambda: self._by_day((self.high + self.low + self.close) / 3 * self.volume))

    def traded(self) -> "Floats":
        """Units since the day's first bar, with that bar; kept."""
        import numpy as np

        return self.kept("traded", lambda: self._by_day(self.volume.astype(np.float64)))

    def forget(self) -> None:
        """Let go of every column that was kept: the next choice of parameters computes its own."""
        self._kept.clear()

    def _by_day(self, column: "Floats") -> "Floats":
        """Running sums that begin anew each day: one after the other, so that they round as a strategy's do."""
        import numpy as np

        sums = np.empty_like(column)
        for start, end in zip(self.days, [*self.days[1:], len(column)], strict=True):
            np.add.accumulate(column[start:end], out=sums[start:end])
        return sums

    def kept(self, key: Any, make: Callable[[], "Floats"]) -> "Floats":
        """A column under `key`, made where it is not there yet."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        return found


class Tape:
    """Bars in the order of the feed, and by symbol. starts: of the minutes, nanoseconds UTC."""

    def __init__(self, feed: Iterable[Bar]) -> None:
        self.bars = list(feed)
        self.starts: list[int] = []
        self._first: list[int] = []
        bars: dict[str, list[Bar]] = {}
        numbers: dict[str, list[int]] = {}
        ts = None
        for number, bar in enumerate(self.bars):
            if bar.ts != ts:
                ts = bar.ts
                self.starts.append(ts)
                self._first.append(number)
            bars.setdefault(bar.symbol, []).append(bar)
            numbers.setdefault(bar.symbol, []).append(len(self.starts) - 1)
        self._first.append(len(self.bars))
        self._one_each = len(self.starts) == len(self.bars)
        self.series = {symbol: Series(rows, numbers[symbol], len(self.starts)) for symbol, rows in bars.items()}

    def at(self, minute: int) -> int:
        """The number of that minute's first bar, or of the feed's end."""
        return minute if self._one_each else self._first[minute]
