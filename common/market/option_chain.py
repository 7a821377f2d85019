"""The option chain of one underlying and expiry: forward from put-call parity, implied volatilities, Greeks, choices.

Made from quotes when it is asked for, by vector; nothing is kept. NumPy is loaded with the first chain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import exp
from statistics import median
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.calendar import session_on
from common.market.instrument import Instrument, Kind
from common.market.money import Paise
from common.market.tables import OutsideTable

RATE: Final = 0.065
"""Yearly rate that premiums are discounted with: near that of treasury bills."""
NANOSECONDS_A_YEAR: Final = 365 * 24 * 60 * 60 * NANOSECONDS_A_SECOND
PAIRS: Final = 7
"""Strikes nearest to the money whose parities are asked; the forward is their median: one bad quote has no say."""
LEAST_DAYS: Final = 20
"""Of volatilities, for a percentile among them."""

_UNPRICED: Final = frozenset({"one-sided", "crossed", "stale"})


@dataclass(frozen=True, slots=True)
class Liquidity:
    """What an option must show to be traded. Spread: of the mid. Age: of its quote. min_size, min_oi: units, at both
    sides of the touch where sizes are known, and open interest; 0 asks for none.
    """

    max_spread_percent: float = 2.0
    max_age_seconds: float = 180.0
    min_size: int = 0
    min_oi: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """What is known of one option. Prices: paise, 0 for nobody. ts: of the quote. Quantities: units, 0: unknown."""

    instrument: Instrument
    ts: int
    bid: Paise
    ask: Paise
    oi: int = 0
    bid_quantity: int = 0
    ask_quantity: int = 0

    @property
    def mid(self) -> float:
        """Between the sides, paise."""
        return (self.bid + self.ask) / 2

    def fault(self, now: int, asked: Liquidity) -> str:
        """Why it may not be traded, or ''."""
        if not 0 < self.bid <= self.ask:
            return "one-sided" if self.bid <= self.ask or not self.ask else "crossed"
        if now - self.ts > asked.max_age_seconds * NANOSECONDS_A_SECOND:
            return "stale"
        if (self.ask - self.bid) * 200 > asked.max_spread_percent * (self.ask + self.bid):
            return "wide"
        sizes = [size for size in (self.bid_quantity, self.ask_quantity) if size]
        if sizes and min(sizes) < asked.min_size:
            return "thin"
        return "few open" if self.oi < asked.min_oi else ""


@dataclass(frozen=True, slots=True)
class Row:
    """One option. sigma: yearly, 0 where its price has none. Greeks of one unit, as `black76.Greeks` has them.

    fault: why it may not be traded, '' when it may.
    """

    offer: Offer
    sigma: float
    delta: float
    gamma: float
    vega: float
    theta: float
    fault: str

    @property
    def instrument(self) -> Instrument:
        """Which option."""
        return self.offer.instrument


@dataclass(frozen=True, slots=True)
class Chain:
    """forward: paise, unrounded. years: to the expiry. rows: of every quoted option, by strike, calls before puts."""

    underlying: str
    expiry: date
    forward: float
    years: float
    rows: tuple[Row, ...]

    @property
    def strikes(self) -> list[Paise]:
        """Of the rows, in order, each once."""
        return sorted({row.instrument.strike for row in self.rows})

    @property
    def at_the_money(self) -> Paise:
        """The strike nearest to the forward."""
        return min(self.strikes, key=lambda strike: abs(strike - self.forward))

    @property
    def sigma(self) -> float:
        """At the money: the mean of call and put; 0 where neither has one."""
        strike = self.at_the_money
        found = [row.sigma for row in self.rows if row.instrument.strike == strike and row.sigma]
        return sum(found) / len(found) if found else 0.0

    def row(self, symbol: str) -> Row | None:
        """Of one option."""
        return next((row for row in self.rows if row.instrument.symbol == symbol), None)

    def at(self, kind: Kind, strike: Paise) -> Row | None:
        """The option of that strike, if it may be traded."""
        return next((row for row in self.tradable(kind) if row.instrument.strike == strike), None)

    def tradable(self, kind: Kind) -> list[Row]:
        """Calls or puts without a fault, by strike."""
        return [row for row in self.rows if row.instrument.kind is kind and not row.fault]

    def by_steps(self, kind: Kind, steps: int, start: Paise | None = None) -> Row | None:
        """So many strikes out of the money from the one at it, or from `start`; None where that cannot be traded."""
        strikes = self.strikes
        place = strikes.index(self.at_the_money if start is None else start) + (steps if kind is Kind.CALL else -steps)
        return self.at(kind, strikes[place]) if 0 <= place < len(strikes) else None

    def by_delta(self, kind: Kind, delta: float) -> Row | None:
        """Whose delta, without its sign, is nearest to `delta`; None without any."""
        return self._nearest(kind, lambda row: abs(abs(row.delta) - delta), needs_sigma=True)

    def by_premium(self, kind: Kind, premium: Paise) -> Row | None:
        """Whose mid price is nearest to `premium`."""
        return self._nearest(kind, lambda row: abs(row.offer.mid - premium))

    def by_distance(self, kind: Kind, percent: float, start: Paise | None = None) -> Row | None:
        """Whose strike is nearest to `percent` of the forward out of the money, from the forward or from `start`."""
        away = self.forward * percent / 100 * (1 if kind is Kind.CALL else -1)
        wanted = (self.forward if start is None else start) + away
        return self._nearest(kind, lambda row: abs(row.instrument.strike - wanted))

    def _nearest(self, kind: Kind, far: Callable[[Row], float], *, needs_sigma: bool = False) -> Row | None:
        rows = [row for row in self.tradable(kind) if row.sigma or not needs_sigma]
        return min(rows, key=far, default=None)


def iv_percentile(history: Sequence[float], sigma: float) -> float | None:
    """Per cent of the earlier days' volatilities below `sigma`; None with fewer than a month of them."""
    if len(history) < LEAST_DAYS:
        return None
    return 100 * sum(before < sigma for before in history) / len(history)


@cache
def expires_at(expiry: date) -> int:
    """When index options of that date stop (nanoseconds UTC). Raises OutsideTable where the table does not say."""
    session = session_on(expiry)
    if session is None:
        raise OutsideTable(f"{expiry} is no trading day: an expiry moved by a holiday is the trading day before it")
    return session.expiring_index_close


def parity_forward(offers: Sequence[Offer], years: float, rate: float = RATE) -> float | None:
    """The forward (paise) that calls and puts of one strike agree on, by the pairs nearest to the money; None if none.

    offers: two-sided and fresh. Call less put is the discounted forward less the strike.
    """
    calls = {one.instrument.strike: one.mid for one in offers if one.instrument.kind is Kind.CALL}
    puts = {one.instrument.strike: one.mid for one in offers if one.instrument.kind is Kind.PUT}
    both = sorted(calls.keys() & puts.keys(), key=lambda strike: abs(calls[strike] - puts[strike]))[:PAIRS]
    if not both:
        return None
    return median(strike + (calls[strike] - puts[strike]) * exp(rate * years) for strike in both)


def option_chain(
    underlying: str, expiry: date, offers: Sequence[Offer], now: int, asked: Liquidity = Liquidity(),
    rate: float = RATE,
) -> Chain | None:
    """The chain at `now`; None when it has expired, and without one pair of fresh two-sided quotes for its forward.

    offers: of that underlying and expiry. Stale, one-sided and crossed quotes are in no price and no Greek; what is
    only illiquid has them, and a fault. Raises OutsideTable for an expiry beyond the calendar.
    """
    years = (expires_at(expiry) - now) / NANOSECONDS_A_YEAR
    ordered = sorted(offers, key=lambda one: (one.instrument.strike, one.instrument.kind))
    faults = [one.fault(now, asked) for one in ordered]
    priced = [(one, fault) for one, fault in zip(ordered, faults, strict=True) if fault not in _UNPRICED]
    forward = parity_forward([one for one, _ in priced], years, rate) if years > 0 else None
    if forward is None or forward <= 0:
        return None
    from common.market import black76

    mids = [one.mid for one, _ in priced]
    strikes = [float(one.instrument.strike) for one, _ in priced]
    sides = [1.0 if one.instrument.kind is Kind.CALL else -1.0 for one, _ in priced]
    sigma, _ = black76.implied(mids, forward, strikes, years, sides, rate)
    found = black76.greeks(forward, strikes, years, sigma, sides, rate)
    columns = (sigma, found.delta, found.gamma, found.vega, found.theta)
    numbers = zip(*(column.tolist() for column in columns), strict=True)
    rows = [
        Row(one, iv, delta, gamma, vega, theta, fault)
        for (one, fault), (iv, delta, gamma, vega, theta) in zip(priced, numbers, strict=True)
    ]
    rows += [Row(one, 0.0, 0.0, 0.0, 0.0, 0.0, fault)
             for one, fault in zip(ordered, faults, strict=True) if fault in _UNPRICED]
    rows.sort(key=lambda row: (row.instrument.strike, row.instrument.kind))
    return Chain(underlying, expiry, forward, years, tuple(rows))
