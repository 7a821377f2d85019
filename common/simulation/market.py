"""Prices of a simulated day: random walks with gaps, empty sides, wide spreads and locked circuits."""

from collections.abc import Mapping
from math import exp, sqrt
from random import Random
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND, Quote
from common.market.instrument import Instrument, Kind
from common.simulation.instruments import Listing

SIGMA: Final = 0.0004
"""Relative, of one square root of a second: about 6% a day, so that stops a fraction of a percent away are met."""
INDEX_SIGMA: Final = 0.00012
TIME_VALUE: Final = 220_00
"""Of the option at the money, paise."""
TIME_VALUE_WIDTH: Final = 250_00
BAND_PERCENT: Final = 10
OPTION_BAND_PERCENT: Final = 200
LOTS_AT_TOUCH: Final = (2, 400)


class Path:
    """One symbol's price. empty: side (+1 asks, -1 bids) to the time until which nobody is there.

    locked: +1 at the upper bound of its price band, -1 at the lower one, 0 not. lower, upper: paise.
    """

    __slots__ = (
        "_random", "at", "empty", "half_spread", "instrument", "locked", "locked_until", "lower", "mid", "shift",
        "sigma", "underlying", "upper", "volume", "wide_until",
    )

    def __init__(
        self, instrument: Instrument, price: float, sigma: float, at: int, random: Random,
        underlying: "Path | None" = None,
    ) -> None:
        self.instrument = instrument
        self.mid = price
        self.sigma = sigma
        self.at = at
        self.underlying = underlying
        self.shift = 0.0
        self.half_spread = 0.001 if instrument.strike else 0.0003
        self.empty = {1: 0, -1: 0}
        self.wide_until = 0
        self.locked = 0
        self.locked_until = 0
        self.volume = 0
        self._random = random
        reach = price * (OPTION_BAND_PERCENT if instrument.strike else BAND_PERCENT) / 100
        self.lower = instrument.round_up(max(instrument.tick, price - reach))
        self.upper = instrument.round_down(price + reach)

    def quote(self, ts: int) -> Quote:
        """The market at `ts`, nanoseconds UTC, not before the last one told."""
        if ts != self.at:
            self._move(ts)
        instrument, mid = self.instrument, self.mid
        half = self.half_spread * mid * (8 if ts < self.wide_until else 1)
        bid = min(max(instrument.round_down(mid - half), self.lower), self.upper - instrument.tick)
        ask = max(min(instrument.round_up(mid + half), self.upper), bid + instrument.tick)
        last = bid if self._random.random() < 0.5 else ask
        if self.locked:
            bid, ask, last = (self.upper, 0, self.upper) if self.locked > 0 else (0, self.lower, self.lower)
        if ts < self.empty[-1]:
            bid = 0
        if ts < self.empty[1]:
            ask = 0
        few, many = LOTS_AT_TOUCH
        size = int(few * (many / few) ** self._random.random()) * (instrument.lot if instrument.lot > 1 else 5)
        self.volume += size
        return Quote(ts, instrument.symbol, last, bid, ask, size if bid else 0, size if ask else 0, self.volume)

    def gap(self, fraction: float) -> None:
        """News: the price is that much elsewhere at once, bounded by its band."""
        if self.underlying is not None:
            self.shift += self.mid * fraction
        self.mid = min(max(self.mid * (1 + fraction), self.lower), self.upper)

    def lock(self, side: int, until: int) -> None:
        """At a bound of the band until `until`: only buyers at the upper one, only sellers at the lower one."""
        self.locked, self.locked_until = side, until
        self.mid = self.upper if side > 0 else self.lower

    def _move(self, ts: int) -> None:
        if self.locked:
            if ts < self.locked_until:
                self.at = ts
                return
            self.mid *= 1 - 0.01 * self.locked
            self.locked = 0
        seconds = (ts - self.at) / NANOSECONDS_A_SECOND
        self.at = max(ts, self.at)
        if self.underlying is not None:
            self.mid = self._premium(ts, self.underlying)
        elif seconds > 0:
            self.mid *= 1 + self.sigma * sqrt(seconds) * self._random.gauss(0, 1)
        self.mid = min(max(self.mid, self.lower), self.upper)

    def _premium(self, ts: int, underlying: "Path") -> float:
        if underlying.at < ts:
            underlying._move(ts)
        away = underlying.mid - self.instrument.strike
        if self.instrument.kind is Kind.PUT:
            away = -away
        distance = away / TIME_VALUE_WIDTH
        noise = 1 + self.sigma * self._random.gauss(0, 1)
        return (max(away, 0.0) + TIME_VALUE * exp(-distance * distance / 2)) * noise + self.shift


def make_paths(listing: Listing, at: int, random: Random) -> Mapping[str, Path]:
    """A path for every instrument, at its opening price."""
    found: dict[str, Path] = {}
    for symbol, price in listing.prices.items():
        sigma = SIGMA if listing.instruments[symbol].kind is Kind.EQUITY else INDEX_SIGMA
        found[symbol] = Path(listing.instruments[symbol], price, sigma, at, random)
    for symbol in listing.chain:
        option = listing.instruments[symbol]
        index = found[option.underlying]
        away = (index.mid - option.strike) * (1 if option.kind is Kind.CALL else -1)
        premium = max(away, 0.0) + TIME_VALUE * exp(-((away / TIME_VALUE_WIDTH) ** 2) / 2)
        found[symbol] = Path(option, premium, 0.004, at, random, index)
    return found
