"""Recent sessions of one symbol, and the few numbers that planning takes from them."""

import itertools
import math
from collections.abc import Sequence
from datetime import date
from statistics import fmean, median
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from common.market.bar import Bar
from common.market.indian_time import day_of
from common.market.money import Paise
from common.planning.document import Record

EFFICIENCY_STEP_BARS: Final = 15
"""Closes this far apart measure the path: one-minute steps are mostly bid-ask bounce."""
RECENT_SESSIONS: Final = 5
LEAST_VOLATILITY_PERCENT: Final = 0.01
"""Below it a symbol stood still, and a ratio to that says nothing."""
MAX_SESSIONS: Final = 20

Count: TypeAlias = Annotated[int, Field(ge=0)]
Size: TypeAlias = Annotated[float, Field(ge=0)]


class LookAhead(ValueError):
    """A session of the planned day, or of a later one, was offered as history: hand over earlier sessions only."""


class DaySummary(Record):
    """One symbol's session. Prices: paise. turnover_paise: sum of close times volume.

    volatility_percent: root of the sum of squared one-bar log returns, from the open on.
    atr_paise_1m: mean true range of the bars. gap_percent: open against the close before, None where that is unknown.
    efficiency: net move over path length, closes 15 bars apart, 0 to 1 (a random walk of a day has about 0.2).
    """

    symbol: str
    date: date
    open: Count
    high: Count
    low: Count
    close: Count
    volume: Count
    turnover_paise: Count
    bars: Annotated[int, Field(ge=1)]
    volatility_percent: Size
    atr_paise_1m: Size
    gap_percent: float | None
    efficiency: Annotated[float, Field(ge=0, le=1)]


class SymbolFeatures(Record):
    """What planning knows of one symbol; per cent, paise; None where the sessions do not suffice.

    range_percent: mean true daily range over the last five sessions, of the close before (of the open for the first).
    return_percent: over the last five sessions, or as many as there are. volatility_ratio: the last session's
    volatility against the median of the earlier ones. gap_percent: median size of the opening gaps.
    """

    symbol: str
    sessions: Count
    last_session: date | None = None
    previous_close_paise: Count | None = None
    return_percent: float | None = None
    range_percent: Size | None = None
    median_turnover_paise: Count | None = None
    volatility_percent: Size | None = None
    volatility_ratio: Size | None = None
    atr_1m_percent: Size | None = None
    efficiency: Size | None = None
    gap_percent: Size | None = None

    @property
    def liveliness(self) -> float:
        """Turnover times range: how much money moves how far; 0 without history."""
        return (self.median_turnover_paise or 0) * (self.range_percent or 0.0)


def summarise(bars: Sequence[Bar], previous_close: Paise = 0) -> DaySummary:
    """One symbol's bars of one session, in order of time. Raises ValueError naming what does not belong."""
    if not bars:
        raise ValueError("no bars to summarise: leave the session out instead")
    first, last = bars[0], bars[-1]
    closes, squares, true_range, volume, turnover, before = [first.open], 0.0, 0, 0, 0, first.open
    previous_ts = first.ts - 1
    for bar in bars:
        if bar.symbol != first.symbol or bar.ts <= previous_ts:
            raise ValueError(f"{bar!r} does not follow the bars of {first.symbol}: one symbol, in order of time")
        if bar.low <= 0:
            raise ValueError(f"{bar!r} has a price that is not positive: remove the bar")
        previous_ts = bar.ts
        squares += math.log(bar.close / before) ** 2
        true_range += max(bar.high, before) - min(bar.low, before)
        volume += bar.volume
        turnover += bar.volume * bar.close
        closes.append(bar.close)
        before = bar.close
    if day_of(last.ts) != day_of(first.ts):
        raise ValueError(f"{first.symbol}: bars of {day_of(first.ts)} and {day_of(last.ts)}: summarise one session")
    return DaySummary(
        symbol=first.symbol, date=day_of(first.ts), open=first.open, close=last.close,
        high=max(bar.high for bar in bars), low=min(bar.low for bar in bars), volume=volume, turnover_paise=turnover,
        bars=len(bars), volatility_percent=round(math.sqrt(squares) * 100, 4),
        atr_paise_1m=round(true_range / len(bars), 4), efficiency=_efficiency(closes),
        gap_percent=round((first.open / previous_close - 1) * 100, 4) if previous_close > 0 else None,
    )


def features_of(symbol: str, day: date, summaries: Sequence[DaySummary]) -> SymbolFeatures:
    """From the sessions before `day`, in any order, at most the last 20. Raises LookAhead, ValueError."""
    days = sorted(summaries, key=lambda s: s.date)
    if not days:
        return SymbolFeatures(symbol=symbol, sessions=0)
    _check(symbol, day, days)
    days = days[-MAX_SESSIONS:]
    recent, last = days[-RECENT_SESSIONS:], days[-1]
    earlier = [s.volatility_percent for s in days[:-1]]
    usual = median(earlier) if earlier else 0.0
    gaps = [abs(gap) for gap in (_gap(days, i) for i in range(len(days))) if gap is not None]
    base = days[-RECENT_SESSIONS - 1].close if len(days) > RECENT_SESSIONS else days[0].open
    start = len(days) - len(recent)
    return SymbolFeatures(
        symbol=symbol, sessions=len(days), last_session=last.date, previous_close_paise=last.close,
        return_percent=round((last.close / base - 1) * 100, 4),
        range_percent=round(fmean(_true_range_percent(days, i) for i in range(start, len(days))), 4),
        median_turnover_paise=int(median(s.turnover_paise for s in days)),
        volatility_percent=round(median(s.volatility_percent for s in recent), 4),
        volatility_ratio=round(last.volatility_percent / usual, 4) if usual >= LEAST_VOLATILITY_PERCENT else None,
        atr_1m_percent=round(fmean(s.atr_paise_1m / s.close for s in recent) * 100, 4),
        efficiency=round(median(s.efficiency for s in recent), 4),
        gap_percent=round(median(gaps), 4) if gaps else None,
    )


def _check(symbol: str, day: date, days: Sequence[DaySummary]) -> None:
    for one, after in zip(days, (*days[1:], None), strict=True):
        if one.date >= day:
            raise LookAhead(f"{symbol}: a session of {one.date} is no history for a plan of {day}: leave it out")
        if one.symbol != symbol:
            raise ValueError(f"history of {symbol} holds a session of {one.symbol}: file it under its own symbol")
        if after is not None and after.date == one.date:
            raise ValueError(f"{symbol}: {one.date} is there twice: hand over one summary a session")


def _efficiency(closes: Sequence[int]) -> float:
    path = [*closes[:-1:EFFICIENCY_STEP_BARS], closes[-1]]
    length = sum(abs(b - a) for a, b in itertools.pairwise(path))
    return round(abs(path[-1] - path[0]) / length, 4) if length else 0.0


def _gap(days: Sequence[DaySummary], i: int) -> float | None:
    if i == 0:
        return days[i].gap_percent
    return (days[i].open / days[i - 1].close - 1) * 100


def _true_range_percent(days: Sequence[DaySummary], i: int) -> float:
    one, before = days[i], days[i - 1].close if i else days[i].open
    return (max(one.high, before) - min(one.low, before)) / before * 100
