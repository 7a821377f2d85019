"""The deflated Sharpe ratio: how likely the best of many trials has any skill, as the best of many always looks good.

Bailey and Lopez de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting and
Non-Normality", Journal of Portfolio Management 40 (5), 2014. Ratios here are per period, not annualised.
"""

from collections.abc import Sequence
from math import e, sqrt
from statistics import NormalDist, fmean, pstdev, variance
from typing import Final

EULER: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()


def sharpe(returns: Sequence[float]) -> float:
    """Mean over standard deviation, a period; 0 where nothing varies."""
    spread = variance(returns) ** 0.5 if len(returns) > 1 else 0.0
    return fmean(returns) / spread if spread else 0.0


def moments(returns: Sequence[float]) -> tuple[float, float]:
    """Skewness and kurtosis (3 for a normal distribution); (0, 3) where nothing varies."""
    spread = pstdev(returns)
    if not spread:
        return 0.0, 3.0
    mean = fmean(returns)
    third, fourth = (fmean([((one - mean) / spread) ** power for one in returns]) for power in (3, 4))
    return third, fourth


def expected_best(variance_of_ratios: float, trials: float) -> float:
    """The highest ratio that so many independent trials without skill are expected to show (the paper's SR0).

    trials: above 1.
    """
    if trials <= 1:
        return 0.0
    best = (1 - EULER) * _NORMAL.inv_cdf(1 - 1 / trials) + EULER * _NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(variance_of_ratios) * best


def deflated(ratio: float, periods: int, skew: float, kurtosis: float, threshold: float) -> float:
    """Probability, 0 to 1, that the true ratio is above `threshold`, from `periods` returns of that shape."""
    spread = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    if periods < 2 or spread <= 0:
        return 0.0
    return _NORMAL.cdf((ratio - threshold) * sqrt(periods - 1) / sqrt(spread))


def deflated_of(chosen: Sequence[float], ratios: Sequence[float]) -> float:
    """Of the returns of the chosen trial, among the ratios of all trials, the chosen one's included."""
    skew, kurtosis = moments(chosen)
    spread = variance(ratios) if len(ratios) > 1 else 0.0
    return deflated(sharpe(chosen), len(chosen), skew, kurtosis, expected_best(spread, len(ratios)))


def sentence(probability: float, trials: int) -> str:
    """For a person."""
    lead = f"Deflated Sharpe {probability:.2f}: the best of {trials} sets has skill with that probability"
    if probability >= 0.95:
        return f"{lead}, once it is allowed for that it was picked as the best."
    return f"{lead}; below 0.95 it may well be only the luckiest of them."
