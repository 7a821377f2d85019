"""Option prices of the generated market: Black-76 on the future, a skewed smile, spreads that widen off the money."""

import math
from typing import Final

RATE: Final = 0.065
"""Yearly rate that discounts premiums and lifts the future above the index."""

SKEW: Final = -0.06
CURVE: Final = 0.5
LOWEST_VOLATILITY: Final = 0.04
HIGHEST_VOLATILITY: Final = 1.2
_ROOT_TWO: Final = math.sqrt(2)
_SHORTEST_SMILE_YEARS: Final = 2 / 365
"""Below this the smile stops getting steeper in strikes."""


def discount(years: float) -> float:
    """Today's value of one unit in `years`."""
    return math.exp(-RATE * years)


def volatility(at_the_money: float, forward: float, strike: float, years: float) -> float:
    """Yearly volatility of a strike: lower strikes dearer than higher ones, both wings above the middle."""
    distance = math.log(strike / forward) / math.sqrt(max(years, _SHORTEST_SMILE_YEARS))
    smiled = at_the_money + SKEW * distance + CURVE * distance * distance
    return min(max(smiled, LOWEST_VOLATILITY), HIGHEST_VOLATILITY)


def call_price(forward: float, strike: float, years: float, sigma: float) -> float:
    """Black-76 price of a European call, in the unit of `forward`; `years`, `sigma` above zero."""
    deviation = sigma * math.sqrt(years)
    upper = math.log(forward / strike) / deviation + deviation / 2
    value = forward * _normal(upper) - strike * _normal(upper - deviation)
    return discount(years) * max(value, forward - strike, 0.0)


def put_price(call: float, forward: float, strike: float, years: float) -> float:
    """The put that put-call parity asks for."""
    return max(call - discount(years) * (forward - strike), 0.0)


def deviations(forward: float, strike: float, years: float, sigma: float) -> float:
    """How many standard deviations the strike lies from the forward; never negative."""
    return abs(math.log(strike / forward)) / (sigma * math.sqrt(max(years, _SHORTEST_SMILE_YEARS)))


def spread(middle: float, away: float, tick: int) -> int:
    """Ask less bid in paise around `middle`, `away` deviations from the money: at least one tick."""
    wanted = middle * 0.0015 * (1 + 0.8 * min(away, 4.0) ** 2)
    return max(1, round(wanted / tick)) * tick


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / _ROOT_TWO)
