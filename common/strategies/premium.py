"""What sellers of premium share: the day's times, one structure at a time, when it is over, when it is rolled."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, TypeAlias

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import Instrument, Kind
from common.market.money import Paise
from common.market.option_chain import Chain, Liquidity, Row
from common.strategies.parameters import PremiumParameters, StrikeChoice
from common.trading.chain_view import chain_of
from common.trading.strategy import EnterBasket, ExitBasket, Signal, Strategy, View

Outline: TypeAlias = tuple[tuple[Kind, int, Paise], ...]
"""Legs before there are quotes: kind, side, strike."""

OLDEST_QUOTE_SECONDS: Final = 180.0
ROLL_AFTER_MINUTES: Final = 2
"""From giving a structure up to looking for the next: time for its legs to be bought back."""
ROLL_WITHIN_MINUTES: Final = 10
WATCHED_STRIKES_PERCENT: Final = 2.0
"""Of the driver's price, on each side: strikes whose quotes give the forward that deltas are of."""


class Structure:
    """What was signalled last. legs: options with their sides, hedges first. credit: paise a unit, at the touch.

    spot: the driver's price then. side: of the market's move that it was for, 0 for none.
    """

    __slots__ = ("credit", "legs", "loss_limit", "profit_target", "side", "spot")

    def __init__(
        self, legs: Sequence[tuple[Instrument, int]], credit: float, signal: EnterBasket, spot: int, side: int = 0,
    ) -> None:
        self.legs = tuple(legs)
        self.credit = credit
        self.profit_target = signal.profit_target
        self.loss_limit = signal.loss_limit
        self.spot = spot
        self.side = side


class PremiumSeller(Strategy):
    """Gets the bars of the driver alone; sells options of its chain behind bought ones, as one basket, once a day.

    A structure whose short has become too likely, or from whose middle the market has gone, is closed, and where
    `max_rolls` permits, another is looked for some minutes later: never both at once. All of this is read from the
    market, with the structure's prices at the touch, whether or not the session took it; the view only says what
    there is to close.
    """

    __slots__ = ("_count", "_first", "_left", "_over", "_roll_from", "_settled", "_structure", "basket", "parameters")

    def __init__(self, parameters: PremiumParameters, basket: str) -> None:
        self.parameters = parameters
        self.basket = basket
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._first = 0
        self._count = 0
        self._over = self._settled = False
        self._roll_from = 0
        self._structure: Structure | None = None
        self._left: tuple[str, ...] = ()

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """`bar`: the driver's. What is to be closed is asked for on every bar, while it is there."""
        if not self._first:
            self._first = bar.ts
            self._open_day(bar)
        minute = (bar.ts - self._first) // NANOSECONDS_A_MINUTE
        entry = self._look(minute, bar, view)
        names = [self._name(n) for n in range(max(1, self._count))]
        there = [name for name in names if view.basket_open(name)]
        if not there:
            return entry
        if minute >= self.parameters.exit_minutes:
            return ExitBasket(there[0], "its time is over")
        for name, why in zip(names, self._left, strict=False):
            if name in there:
                return ExitBasket(name, why)
        return None

    @abstractmethod
    def _open_day(self, bar: Bar) -> None:
        """The day's first bar of the driver."""

    @abstractmethod
    def _build(self, name: str, bar: Bar, view: View) -> tuple[EnterBasket, Structure] | None:
        """The structure that is right on this bar, from market data alone; None without one."""

    @property
    def _liquidity(self) -> Liquidity:
        """What every leg must show."""
        own = self.parameters
        return Liquidity(own.max_spread_percent, OLDEST_QUOTE_SECONDS, own.min_size, own.min_open_interest)

    def _strayed(self, structure: Structure, bar: Bar) -> str:  # noqa: ARG002 - a spread has no middle to leave
        """Why the market has left the structure, '' while it has not."""
        return ""

    def _look(self, minute: int, bar: Bar, view: View) -> EnterBasket | None:
        """Follow what was signalled, then what may be signalled now."""
        parameters = self.parameters
        structure = self._structure
        if structure is not None and not self._over:
            self._follow(structure, minute, bar, view)
            return None
        first = structure is None and parameters.start_minutes <= minute <= parameters.last_minutes
        since = minute - self._roll_from
        again = self._roll_from and 0 <= since <= ROLL_WITHIN_MINUTES and minute <= parameters.last_minutes
        if not first and not again:
            return None
        built = self._build(self._name(self._count), bar, view)
        if built is None:
            return None
        self._count += 1
        self._over = self._settled = False
        self._roll_from, self._structure = 0, built[1]
        return built[0]

    def _follow(self, structure: Structure, minute: int, bar: Bar, view: View) -> None:
        """Given up when the market has left it; not rolled when its profit or its loss had been reached before."""
        credit, closing = structure.credit, closing_cost(structure, view)
        if closing is not None and not -structure.loss_limit < credit - closing < structure.profit_target:
            self._settled = True
        why = self._strayed(structure, bar) or self._breached(structure, bar, view)
        if why:
            self._over = True
            self._left = (*self._left, why)
            if not self._settled and self._count <= self.parameters.max_rolls:
                self._roll_from = minute + ROLL_AFTER_MINUTES

    def _breached(self, structure: Structure, bar: Bar, view: View) -> str:
        """Why a sold option has become too likely to be exercised, '' while none has."""
        most = self.parameters.max_short_delta
        if not most:
            return ""
        symbol, delta = self._likeliest(structure, bar, view)
        return f"the delta of {symbol} is {delta:.2f}" if delta > most else ""

    def _likeliest(self, structure: Structure, bar: Bar, view: View) -> tuple[str, float]:
        """The sold option whose delta is the largest, and its delta without the sign; 0 where no quotes say it."""
        room = int(bar.close * WATCHED_STRIKES_PERCENT / 100)
        sold = [option for option, side in structure.legs if side < 0]
        strikes = [option.strike for option in sold]
        expiry = sold[0].expiry
        assert expiry is not None
        around = (min(bar.close - room, *strikes), max(bar.close + room, *strikes))
        now = bar.ts + NANOSECONDS_A_MINUTE
        chain = chain_of(view, self.parameters.underlying, expiry, now, strikes=around)
        rows = [chain.row(option.symbol) for option in sold] if chain is not None else []
        found = [(row.instrument.symbol, abs(row.delta)) for row in rows if row is not None and row.sigma]
        return max(found, key=lambda one: one[1], default=("", 0.0))

    def _name(self, number: int) -> str:
        return self.basket if not number else f"{self.basket} {number + 1}"


def pick(
    chain: Chain, kind: Kind, by: StrikeChoice, steps: int, delta: float, premium_paise: int, distance_percent: float,
) -> Row | None:
    """The option that the parameters describe, if it may be traded; only the value that belongs to `by` is read."""
    if by == "delta":
        return chain.by_delta(kind, delta)
    if by == "premium":
        return chain.by_premium(kind, premium_paise)
    if by == "distance":
        return chain.by_distance(kind, distance_percent)
    return chain.by_steps(kind, steps)


def closing_cost(structure: Structure, view: View) -> float | None:
    """What closing takes at the touch, paise a unit; None where a side that is needed is not quoted."""
    total = 0
    for option, side in structure.legs:
        bar = view.bar(option.symbol)
        price = 0 if bar is None else bar.bid if side > 0 else bar.ask
        if not price:
            return None
        total -= side * price
    return total
