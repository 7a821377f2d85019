"""Indicators updated bar by bar: floats, constant memory, no look-ahead, each as its textbook has it."""

from collections import deque

from common.market.bar import NANOSECONDS_A_MINUTE, Bar


class Atr:
    """Average true range after Wilder ("New Concepts in Technical Trading Systems", 1978).

    value: in the unit of the prices; 0.0 until `period` bars are in. The first value is their mean, then
    value += (true range - value) / period. A day's first bar has no previous close: its range is high - low.
    """

    __slots__ = ("_close", "_seen", "_sum", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = period
        self.reset()

    def reset(self) -> None:
        """Forget every bar."""
        self.value = 0.0
        self._close = 0.0
        self._seen = 0
        self._sum = 0.0

    def update(self, high: float, low: float, close: float) -> float:
        """Take one bar; returns the new value."""
        if self._seen:
            previous = self._close
            true_high = high if high > previous else previous
            true_low = low if low < previous else previous
            span = true_high - true_low
        else:
            span = high - low
        self._close = close
        if self._seen >= self.period:
            self.value = value = self.value + (span - self.value) / self.period
            return value
        self._seen += 1
        self._sum += span
        if self._seen == self.period:
            self.value = self._sum / self.period
        return self.value


class Ema:
    """Exponential moving average, e += 2 / (period + 1) * (x - e), seeded with the first x; 0.0 before it."""

    __slots__ = ("_seeded", "_weight", "value")

    def __init__(self, period: int) -> None:
        self._weight = 2.0 / (period + 1)
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next x seeds again."""
        self.value = 0.0
        self._seeded = False

    def update(self, x: float) -> float:
        """Take one value; returns the new average."""
        if self._seeded:
            self.value = value = self.value + self._weight * (x - self.value)
            return value
        self._seeded = True
        self.value = float(x)
        return self.value


def ema_column(values: list[int], period: int) -> list[float]:
    """What `Ema` has after each of `values`, all at once; at least one value."""
    weight, mean = 2.0 / (period + 1), float(values[0])
    column = []
    for value in values:
        mean += weight * (value - mean)
        column.append(mean)
    return column


class SessionVwap:
    """Volume-weighted average of (high + low + close) / 3 since the session's start; 0.0 while nothing has traded."""

    __slots__ = ("_turnover", "_volume", "value")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """A new session begins."""
        self.value = 0.0
        self._turnover = 0.0
        self._volume = 0.0

    def update(self, bar: Bar) -> float:
        """Take one bar; returns the new value in paise."""
        self._turnover += (bar.high + bar.low + bar.close) / 3 * bar.volume
        self._volume += bar.volume
        if self._volume:
            self.value = self._turnover / self._volume
        return self.value


class OpeningRange:
    """High and low (paise) of what traded in the first `minutes` from the first bar seen.

    Bars without volume carry an old price forward: they keep the time, but do not widen the range.
    complete: a bar at or after the range's end has been seen. high, low: 0 while nothing has traded.
    """

    __slots__ = ("_ends", "_span", "complete", "high", "low")

    def __init__(self, minutes: int) -> None:
        self._span = minutes * NANOSECONDS_A_MINUTE
        self.reset()

    def reset(self) -> None:
        """A new session begins."""
        self._ends = 0
        self.complete = False
        self.high = 0
        self.low = 0

    def update(self, bar: Bar) -> bool:
        """Take one bar; True if the range was complete before it, so that the bar may break it."""
        if self.complete:
            return True
        if not self._ends:
            self._ends = bar.ts + self._span
        if bar.ts >= self._ends:
            self.complete = True
        elif bar.volume:
            self.high = max(self.high, bar.high)
            self.low = min(self.low, bar.low) if self.low else bar.low
        return self.complete


class Efficiency:
    """Kaufman's efficiency ratio ("Smarter Trading", 1995): |net move| / sum of |moves| over the last `period` moves.

    value: 0.0 (noise, or fewer than `period` moves seen) to 1.0 (a straight line); its sign is that of the net move.
    """

    __slots__ = ("_closes", "_path", "value")

    def __init__(self, period: int) -> None:
        self._closes: deque[int] = deque(maxlen=period + 1)
        self.reset()

    def reset(self) -> None:
        """Forget every close."""
        self._closes.clear()
        self._path = 0
        self.value = 0.0

    def update(self, close: int) -> float:
        """Take one close (integer paise, so that the running sum never drifts); returns the signed ratio."""
        closes = self._closes
        full = len(closes) == closes.maxlen
        if full:
            self._path -= abs(closes[1] - closes[0])
        if closes:
            self._path += abs(close - closes[-1])
        closes.append(close)
        if len(closes) == closes.maxlen and self._path:
            self.value = (close - closes[0]) / self._path
        else:
            self.value = 0.0
        return self.value


class Momentum:
    """Change of the close over the last `minutes` of clock time, paise.

    0.0 while there is no close that old, and after a gap that leaves only closes more than twice that old. Holds the
    closes of one span: `minutes` + 1 of one-minute bars.
    """

    __slots__ = ("_closes", "_span", "value")

    def __init__(self, minutes: int) -> None:
        self._span = minutes * NANOSECONDS_A_MINUTE
        self._closes: deque[tuple[int, int]] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget every close."""
        self._closes.clear()
        self.value = 0.0

    def update(self, ts: int, close: int) -> float:
        """Take the close of the bar that starts at `ts` (nanoseconds); returns the new value."""
        closes = self._closes
        closes.append((ts, close))
        latest = ts - self._span
        while len(closes) > 1 and closes[1][0] <= latest:
            closes.popleft()
        then, reference = closes[0]
        usable = latest - self._span <= then <= latest
        self.value = float(close - reference) if usable else 0.0
        return self.value


class Highest:
    """The highest of the last `period` values, in constant time a value; None before the first."""

    __slots__ = ("_candidates", "_period", "_seen")

    def __init__(self, period: int) -> None:
        self._period = period
        self._candidates: deque[tuple[int, int]] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget every value."""
        self._candidates.clear()
        self._seen = 0

    @property
    def full(self) -> bool:
        """Whether `period` values are in."""
        return self._seen >= self._period

    @property
    def value(self) -> int | None:
        """For the lowest, give negative values and turn the sign of this."""
        return self._candidates[0][1] if self._candidates else None

    def update(self, x: int) -> None:
        """Take one value."""
        candidates = self._candidates
        while candidates and candidates[-1][1] <= x:
            candidates.pop()
        candidates.append((self._seen, x))
        self._seen += 1
        if candidates[0][0] <= self._seen - 1 - self._period:
            candidates.popleft()
