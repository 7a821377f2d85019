"""The market's regime: trend, range, volatile or unknown, with the numbers that say so."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final, Literal, TypeAlias

from common.planning.document import Record
from common.planning.history import Count, Size, SymbolFeatures

RegimeName: TypeAlias = Literal["trend", "range", "volatile", "unknown"]

MIN_SESSIONS: Final = 3
"""With fewer, a median is an anecdote: the regime is unknown and the history counts as missing."""
TREND_EFFICIENCY: Final = 0.30
"""A random walk has 0.2 on average; NIFTY 50 in the first half of 2024 was above 0.30 on 18 per cent of days."""
VOLATILE_RATIO: Final = 1.5
"""Last session against the usual one; NIFTY 50 in the first half of 2024 was above it on 11 per cent of days."""
MEDIAN_STOCKS: Final = 50
MEDIAN_STOCK: Final = "the median stock"


class Regime(Record):
    """basis: the index it was read from, 'the median stock', or 'nothing'. The last two numbers are the thresholds."""

    name: RegimeName
    basis: str
    sessions: Count
    efficiency: Size | None
    volatility_ratio: Size | None
    volatility_percent: Size | None
    return_percent: float | None
    trend_efficiency: Size = TREND_EFFICIENCY
    volatile_ratio: Size = VOLATILE_RATIO


def regime_of(indices: Sequence[SymbolFeatures], stocks: Sequence[SymbolFeatures]) -> Regime:
    """From the first index with enough sessions, else from the median of the liveliest fifty stocks."""
    for index in indices:
        if index.sessions >= MIN_SESSIONS:
            return _read(index.symbol, [index])
    known = sorted((s for s in stocks if s.sessions >= MIN_SESSIONS), key=lambda s: (-s.liveliness, s.symbol))
    if known:
        return _read(MEDIAN_STOCK, known[:MEDIAN_STOCKS])
    return _read("nothing", [])


def _read(basis: str, features: Sequence[SymbolFeatures]) -> Regime:
    efficiency = _middle(features, lambda f: f.efficiency)
    ratio = _middle(features, lambda f: f.volatility_ratio)
    return Regime(
        name=_name(efficiency, ratio), basis=basis, efficiency=efficiency, volatility_ratio=ratio,
        sessions=int(median(f.sessions for f in features)) if features else 0,
        volatility_percent=_middle(features, lambda f: f.volatility_percent),
        return_percent=_middle(features, lambda f: f.return_percent),
    )


def _name(efficiency: float | None, ratio: float | None) -> RegimeName:
    if efficiency is None or ratio is None:
        return "unknown"
    if ratio >= VOLATILE_RATIO:
        return "volatile"
    return "trend" if efficiency >= TREND_EFFICIENCY else "range"


def _middle(features: Sequence[SymbolFeatures], of: Callable[[SymbolFeatures], float | None]) -> float | None:
    values = [value for value in map(of, features) if value is not None]
    return round(median(values), 4) if values else None
