"""Black-76 by vector: prices, Greeks and implied volatilities of options on a forward.

Everything broadcasts: a number or an array of any shape may stand for each argument, and float64 arrays come back.
Prices, strikes and forwards share one unit (paise here); years are calendar years; sigma and rate are yearly shares of
one (0.12 is 12 %). side: +1 for calls, -1 for puts. NumPy is loaded with this module, so import it where it is used.
"""

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.polynomial.chebyshev import chebval
from numpy.typing import ArrayLike, NDArray

Numbers: TypeAlias = NDArray[np.float64]

HIGHEST_VOLATILITY: Final = 10.0
"""1000 % a year: what is dearer than that is no price but a slip of the pen."""
MOST_STEPS: Final = 80
_NEARLY: Final = 1e-6
"""Of the deviation: a step so short is taken and is the last, because the next would be of the order of its cube."""
_ROOT_TWO_PI: Final = float(np.sqrt(2 * np.pi))
_ROOT_HALF: Final = float(np.sqrt(0.5))
_SMALLEST: Final = 1e-290
_WORTHLESS: Final = 1e-250
_ROUNDING: Final = 8 * float(np.finfo(np.float64).eps)
_NO_DEVIATION: Final = 1e-12
# ln(erfc(z)) + z^2 - ln(t) over t = 2 / (2 + z) in (0, 1], as a Chebyshev series in 2t - 1: computed to 50 digits with
# mpmath at 400 points; the terms that are left out are below 3e-18.
_ERFC: Final = (
    -0.6513268598908547171, 0.6419697923564902603, 0.019476473204185836312, -0.0095615147868086316419,
    -0.0009465953444820368663, 0.00036683949785276145187, 0.000042523324806907771645, -0.000020278578112534243154,
    -1.6242900046470255135e-6, 1.3036558355805232018e-6, 1.5626441722066143178e-8, -8.5238095914926542525e-8,
    6.5290544390988514964e-9, 5.0593434955514689418e-9, -9.9136415649303308674e-10, -2.2736512229318358557e-10,
    9.646791102015526802e-11, 2.3940380830391147447e-12, -6.8860275264975533984e-12, 8.9448792730907257167e-13,
    3.1309213993429580783e-13, -1.1270822361367252366e-13, 3.8109052551892320552e-16, 7.1060976136092369878e-15,
    -1.5230282014571043043e-15, -9.4574945712912340005e-17, 1.2102371892242789923e-16, -2.8166630877471769718e-17,
)


class Greeks(NamedTuple):
    """price: discounted, in the unit of the forward. delta: of the price, for a forward one unit higher.

    gamma: of delta, likewise. vega: for a sigma higher by 1 (a hundredth of it is a volatility point's). theta: of the
    price for one year nearer to expiry, forward and sigma unchanged (a 365th is a day's). rho: for a rate higher by 1,
    forward unchanged.
    """

    price: Numbers
    delta: Numbers
    gamma: Numbers
    vega: Numbers
    theta: Numbers
    rho: Numbers


class Implied(IntEnum):
    """What became of an implied volatility. Where it is not FOUND the volatility is 0, never NaN."""

    FOUND = 0
    NO_TIME_VALUE = 1
    """The price is not above what the option is worth when it is exercised: no volatility is so low."""
    TOO_DEAR = 2
    """No volatility up to the highest explains the price."""
    EXPIRED = 3
    UNUSABLE = 4
    """A forward or strike that is not a positive finite number, a price below 0, or anything that is not finite."""


def normal(x: ArrayLike) -> Numbers:
    """The standard normal distribution function; relative error below 1e-13 over the whole left tail."""
    z = np.asarray(x, dtype=np.float64) * _ROOT_HALF
    size = np.abs(z)
    t = 2 / (2 + size)
    tail = 0.5 * t * np.exp(chebval(2 * t - 1, _ERFC, tensor=False) - size * size)
    found: Numbers = np.where(z > 0, 1 - tail, tail)
    return found


def greeks(
    forward: ArrayLike, strike: ArrayLike, years: ArrayLike, sigma: ArrayLike, side: ArrayLike, rate: ArrayLike = 0.0,
) -> Greeks:
    """Price and Greeks. Without time or volatility: what exercise brings, its delta, and no other Greek.

    forward, strike must be above 0 and sigma not below it: what came from `implied` always is.
    """
    f, k, t, s, c, r = _arrays(forward, strike, years, sigma, side, rate)
    t = np.maximum(t, 0.0)
    discount = np.exp(-r * t)
    root = np.sqrt(t)
    deviation = s * root
    lives = deviation > _NO_DEVIATION
    safe = np.where(lives, deviation, 1.0)
    moneyness = np.log(f / k)
    at_the_end = np.where(moneyness == 0, 0.0, np.copysign(np.inf, moneyness))
    upper = np.where(lives, moneyness / safe + deviation / 2, at_the_end)
    lower = np.where(lives, upper - deviation, upper)
    both = normal(c * np.stack((upper, lower)))
    density = np.where(lives, np.exp(-0.5 * upper * upper) / _ROOT_TWO_PI, 0.0)
    price = discount * c * (f * both[0] - k * both[1])
    vega = discount * f * density * root
    decay = np.where(lives, discount * f * density * s / (2 * np.where(root > 0, root, 1.0)), 0.0)
    return Greeks(
        np.maximum(price, 0.0), discount * c * both[0], np.where(lives, discount * density / (f * safe), 0.0), vega,
        r * price - decay, -t * price,
    )


def implied(
    price: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, side: ArrayLike, rate: ArrayLike = 0.0,
) -> tuple[Numbers, NDArray[np.int8]]:
    """Volatilities, and for each what became of it (values of `Implied`)."""
    p, f, k, t, c, r = _arrays(price, forward, strike, years, side, rate)
    good = np.isfinite(r * t) & np.isfinite(p) & (p >= 0) & np.isfinite(f) & (f > 0) & np.isfinite(k) & (k > 0)
    f, k, p = np.where(good, f, 1.0), np.where(good, k, 1.0), np.where(good, p, 1.0)
    alive = good & (t > 0)
    root = np.sqrt(np.where(alive, t, 1.0))
    paid = p * np.exp(np.where(alive, r * t, 0.0))
    scale = np.sqrt(f * k)
    # Time value is the price of the option on the other side of the money, in units of the root of forward and strike.
    value = (paid - np.maximum(c * (f - k), 0.0)) / scale
    distance = -np.abs(np.log(f / k))
    worthless = value <= np.maximum(_WORTHLESS, _ROUNDING * paid / scale)
    most = HIGHEST_VOLATILITY * root
    dear = value >= _time_value(distance, most)[0]
    status = np.select(
        [~good, ~alive, worthless, dear],
        [Implied.UNUSABLE, Implied.EXPIRED, Implied.NO_TIME_VALUE, Implied.TOO_DEAR], Implied.FOUND,
    ).astype(np.int8)
    found = status == Implied.FOUND
    sigma = np.zeros(value.shape)
    if found.any():
        sigma[found] = _solve(value[found], distance[found], most[found]) / root[found]
    return sigma, status


def _arrays(*values: ArrayLike) -> tuple[Numbers, ...]:
    return np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))


def _time_value(distance: Numbers, deviation: Numbers) -> tuple[Numbers, Numbers]:
    """Undiscounted price of an option `distance` (log, never positive) out of the money, and its slope in deviation."""
    upper = distance / deviation + deviation / 2
    both = normal(np.stack((upper, upper - deviation)))
    growth = np.exp(distance / 2)
    return growth * both[0] - both[1] / growth, growth * np.exp(-0.5 * upper * upper) / _ROOT_TWO_PI


def _solve(value: Numbers, distance: Numbers, most: Numbers) -> Numbers:
    """Deviations (sigma times root of time) by Halley's steps on the logarithm of the price, kept inside a bracket.

    For what is cheaper than where the price turns from bent up to bent down the logarithm goes as the square of
    distance over deviation: the first guess is from there. One step a cube nearer: four or five are usual.
    """
    low, high = np.zeros(value.shape), most.copy()
    wanted = np.log(value)
    turn = np.sqrt(-2 * distance)
    below = np.minimum(wanted - np.log(np.maximum(_time_value(distance, np.maximum(turn, 1e-3))[0], _SMALLEST)), 0.0)
    now = np.where(distance > -1e-6, value * _ROOT_TWO_PI, -distance / np.sqrt(-distance / 2 - 2 * below + _SMALLEST))
    now = np.clip(now, _NO_DEVIATION, most)
    nearly, settled = np.zeros(value.shape, dtype=bool), np.zeros(value.shape, dtype=bool)
    for _ in range(MOST_STEPS):
        price, slope = _time_value(distance, now)
        price = np.maximum(price, _SMALLEST)
        error = np.log(price) - wanted
        low, high = np.where(error < 0, now, low), np.where(error > 0, now, high)
        first = np.maximum(slope / price, _SMALLEST)
        bend = (distance * distance / (now * now * now) - now / 4) * first - first * first
        under = 2 * first * first - error * bend
        step = 2 * error * first / np.where(under > first * first, under, 2 * first * first)
        then = now - step
        nearly |= np.abs(step) <= _NEARLY * now
        inside = (then > low) & (then < high)
        now = np.where(settled, now, np.where(nearly | inside, then, (low + high) / 2))
        settled = nearly.copy()
        if settled.all():
            break
    return now
