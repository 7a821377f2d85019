"""Correlated minute paths of one generated session: regimes, U-shaped activity, drift, reversion, fat tails, jumps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

VOLATILITIES: Final = (0.65, 1.0, 1.7)
"""Quiet, normal and volatile sessions, as multiples of the usual deviation."""

_VOLATILITY_ODDS: Final = (0.3, 0.5, 0.2)
_MEMORY: Final = 0.5
"""Of the session before in this one's volatility: the autocorrelation of NIFTY 50's in the first half of 2024."""

_PERSISTENCE: Final = 0.97
_DRIFT: Final = 0.015
_CLUSTERING: Final = 0.08
_COOLING: Final = 0.88
_FAT_ODDS: Final = 0.05
_FAT_SIZE: Final = 2.5
_CALM: Final = math.exp(-(_CLUSTERING**2) / (1 - _PERSISTENCE**2)) / math.sqrt(1 + _FAT_ODDS * (_FAT_SIZE**2 - 1))
"""Brings the mean square of the noise back to that of its shape."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How often sessions trend and revert; the rest wander. A market keeps its mood for weeks, so that the sessions
    before a day say something about it.
    """

    trend_odds: float
    reversion_odds: float


MIXED: Final = Mood(0.4, 0.35)
MOODS: Final = (Mood(0.75, 0.1), MIXED, Mood(0.15, 0.65))


@dataclass(frozen=True, slots=True)
class Regime:
    """How one series behaves for one session.

    volatility: multiple of the usual deviation. trend: the session's drift in usual daily deviations.
    reversion: share of the way back to the open that is pulled each minute. gap: overnight log return.
    """

    volatility: float
    trend: float
    reversion: float
    gap: float


@dataclass(frozen=True, slots=True)
class Path:
    """log: log price minute by minute, 0 at the previous close; heat: 0 and above, what a jump leaves behind."""

    gap: float
    log: list[float]
    heat: list[float]


def draw_regime(rng: Random, deviation: float, mood: Mood = MIXED, before: float = 1.0) -> Regime:
    """A session's regime for a series with this usual daily deviation (log); before: the last session's volatility."""
    surprise = rng.choices(VOLATILITIES, _VOLATILITY_ODDS)[0] * math.exp(rng.gauss(0.0, 0.1))
    volatility = before**_MEMORY * surprise ** math.sqrt(1 - _MEMORY**2)
    kind = rng.random()
    trend = rng.choice((-1.0, 1.0)) * rng.uniform(0.6, 1.5) if kind < mood.trend_odds else 0.0
    reverts = mood.trend_odds <= kind < mood.trend_odds + mood.reversion_odds
    reversion = rng.uniform(0.006, 0.03) if reverts else 0.0
    news = 3.0 if rng.random() < 0.1 else 1.0
    return Regime(volatility, trend, reversion, rng.gauss(0.0, 0.4 * deviation * news))


def walk(rng: Random, regime: Regime, deviation: float, shape: Sequence[float], jumps_a_session: float) -> Path:
    """One session's path with this usual daily deviation; `shape` scales each minute's noise (mean square 1)."""
    minutes = len(shape)
    sigma = deviation * regime.volatility / math.sqrt(minutes)
    push = regime.trend * deviation / minutes
    odds = jumps_a_session / minutes
    level = drift = mood = heat = 0.0
    log: list[float] = []
    heats: list[float] = []
    for scale in shape:
        mood = _PERSISTENCE * mood + _CLUSTERING * rng.gauss(0.0, 1.0)
        drift = _PERSISTENCE * drift + _DRIFT * rng.gauss(0.0, 1.0)
        heat *= _COOLING
        fat = _FAT_SIZE if rng.random() < _FAT_ODDS else 1.0
        noise = _CALM * scale * math.exp(mood) * fat * (1.0 + 0.5 * heat) * rng.gauss(0.0, 1.0)
        level += sigma * (noise + drift) + push - regime.reversion * level
        if rng.random() < odds:
            level += rng.choice((-1.0, 1.0)) * rng.uniform(4.0, 9.0) * sigma
            heat += 2.5
        log.append(regime.gap + level)
        heats.append(heat)
    return Path(regime.gap, log, heats)


def noise_shape(minutes: int) -> list[float]:
    """How lively prices are minute by minute: most after the open, a little more before the close; mean square 1."""
    return _normalised([0.75 + 1.3 * math.exp(-x / 0.06) + 0.45 * math.exp((x - 1) / 0.08) for x in _clock(minutes)], 2)


def volume_shape(minutes: int) -> list[float]:
    """How much is traded minute by minute, U-shaped; mean 1."""
    return _normalised([0.6 + 2.8 * math.exp(-x / 0.07) + 1.5 * math.exp((x - 1) / 0.09) for x in _clock(minutes)], 1)


def _clock(minutes: int) -> list[float]:
    return [minute / max(1, minutes - 1) for minute in range(minutes)]


def _normalised(values: list[float], power: int) -> list[float]:
    mean = (sum(value**power for value in values) / len(values)) ** (1 / power)
    return [value / mean for value in values]
