"""Whether a mean lies above or below a value, looked at after each result: by the capital of bets against it.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal Statistical
Society B 86 (2024) 1-27 (arXiv 2010.09686): their capital process with stakes that never change, mixed evenly over a
grid. Results lie in [-1, 1]; no shape, variance or independence is assumed. Who bets a share f of the capital on "the
mean is above 0" has the factor 1 + f x on a result x. While each result's mean, given all that came before it, is at
most 0, the capital is a supermartingale that begins at 1: by Ville's inequality it ever reaches 1 / error with at most
that probability, whenever and however often one looks. Because 1 + f m <= exp(f m), the same holds while only the
average of those means is at most 0: the market may change as it likes.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

ERROR: Final = 0.05
"""Of both sides together: the mean is called above, or below, wrongly at most once in forty records each."""
STAKES: Final = tuple(0.02 * 45 ** (n / 11) for n in range(12))
"""Shares of the capital, from 2 to 90 per cent: the best is about mean / variance, and nobody knows it before."""
LONGEST: Final = 100_000
"""Results; what would take longer is as good as never."""
_STEPS: Final = 40


class Bets:
    """Bets on a mean above 0, one result at a time; `-x` bets on a mean below."""

    def __init__(self) -> None:
        self._logs = [0.0] * len(STAKES)

    def add(self, x: float) -> None:
        """One more result. Raises ValueError outside [-1, 1]."""
        if not -1 <= x <= 1:
            raise ValueError(f"{x} is not within -1 and 1: bound the results first")
        self._logs = [log + math.log1p(stake * x) for log, stake in zip(self._logs, STAKES, strict=True)]

    @property
    def capital(self) -> float:
        """Of 1 at the beginning; the logarithm is cut at 700, far beyond any decision."""
        return math.exp(min(700.0, _mixed(self._logs)))

    def shown(self, error: float = ERROR) -> bool:
        """Whether the mean is shown to be above 0, now."""
        return self.capital >= 2 / error


def interval(results: Iterable[float], error: float = ERROR) -> tuple[float, float]:
    """(lower, upper) bounds of the mean, valid at all times together; (-1, 1) without results.

    They assume one mean for all results; whether 0 is left outside agrees with `Bets.shown`.
    """
    counts = Counter(results)
    return _lower(counts, error), -_lower(Counter({-x: n for x, n in counts.items()}), error)


def results_needed(results: Sequence[float], error: float = ERROR) -> int | None:
    """How many results like these, mixed as these are, would show their mean; None beyond LONGEST, or of mean 0."""
    total = math.fsum(results)
    if not results or total == 0:
        return None
    sign = 1 if total > 0 else -1
    rates = [math.fsum(math.log1p(stake * sign * x) for x in results) / len(results) for stake in STAKES]
    goal = math.log(2 / error)

    def reached(count: int) -> bool:
        return _mixed([count * rate for rate in rates]) >= goal

    if not reached(LONGEST):
        return None
    low, high = 0, LONGEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _lower(counts: Counter[float], error: float) -> float:
    """The least mean that is not refuted from below, by bisection: the capital falls as the mean bet against rises."""
    goal, low, high = math.log(2 / error), 0.0, 1.0
    for _ in range(_STEPS):
        price = (low + high) / 2
        logs = [
            math.fsum(n * math.log(1 - stake + stake * (1 + x) / 2 / price) for x, n in counts.items())
            for stake in STAKES
        ]
        low, high = (price, high) if _mixed(logs) >= goal else (low, price)
    return 2 * low - 1


def _mixed(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(math.fsum(math.exp(log - most) for log in logs) / len(logs))
