"""What a strategy is: it sees a market view and returns signals; it has no broker, clock or store."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, TypeAlias

from pydantic import ConfigDict
from pydantic.main import BaseModel

from common.market.bar import Bar
from common.market.instrument import AssetClass, Instrument
from common.trading.compiling import mypyc_attr


class Parameters(BaseModel):
    """Base of a strategy's parameters: frozen, typed, every number bounded by its Field; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AnyParameters: TypeAlias = Parameters


class Enter:
    """Open a position. side: +1 buys, -1 sells short. stop_distance: paise from the entry price, always set.

    symbol: what to trade (None: the symbol of the bar). target_distance: paise, 0 for none.
    trail_distance: paise that the stop follows behind the best price since the entry, 0 for a stop that stays.
    reason: one line for people; numbers: what the decision was made from.
    """

    __slots__ = ("numbers", "reason", "side", "stop_distance", "symbol", "target_distance", "trail_distance")

    def __init__(
        self, side: int, stop_distance: float, target_distance: float = 0.0, reason: str = "",
        numbers: Mapping[str, float] | None = None, symbol: str | None = None, trail_distance: float = 0.0,
    ) -> None:
        self.trail_distance = trail_distance
        self.side = side
        self.stop_distance = stop_distance
        self.target_distance = target_distance
        self.reason = reason
        self.numbers = numbers
        self.symbol = symbol


class Exit:
    """Close the position in `symbol` (None: the symbol of the bar)."""

    __slots__ = ("reason", "symbol")

    def __init__(self, reason: str, symbol: str | None = None) -> None:
        self.reason = reason
        self.symbol = symbol


class Leg:
    """One leg of a basket. side: +1 buys, -1 sells short.

    hedge: for a short, the index among the basket's legs of the long one that covers it; None for a long leg.
    stop_distance: for a short, paise from its own entry price to its stop; longs rest without one while they hedge.
    """

    __slots__ = ("hedge", "side", "stop_distance", "symbol")

    def __init__(self, symbol: str, side: int, hedge: int | None = None, stop_distance: float = 0.0) -> None:
        self.symbol = symbol
        self.side = side
        self.hedge = hedge
        self.stop_distance = stop_distance


class EnterBasket:
    """Open several legs as one position, the same quantity each, sized by the most that they can lose together.

    name: of the basket, unique within the workload's day. loss_limit, profit_target: paise a unit over all legs, at
    which the whole basket is closed; 0 for none. reason, numbers: as for Enter.
    """

    __slots__ = ("legs", "loss_limit", "name", "numbers", "profit_target", "reason")

    def __init__(
        self, name: str, legs: Sequence[Leg], loss_limit: float = 0.0, profit_target: float = 0.0, reason: str = "",
        numbers: Mapping[str, float] | None = None,
    ) -> None:
        self.name = name
        self.legs = tuple(legs)
        self.loss_limit = loss_limit
        self.profit_target = profit_target
        self.reason = reason
        self.numbers = numbers


class ExitBasket:
    """Close every leg of the basket, shorts first."""

    __slots__ = ("name", "reason")

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason


Signal = Enter | Exit | EnterBasket | ExitBasket


class View(Protocol):
    """What a strategy may look at besides the bar; kept by the session."""

    __slots__ = ()

    quantity: int
    """Signed filled quantity of the symbol of this bar, units; 0 when flat."""

    def position(self, symbol: str) -> int:
        """Signed filled quantity of any symbol of this workload, units."""
        ...

    def bar(self, symbol: str) -> Bar | None:
        """The last bar of any symbol of this workload, None before its first."""
        ...

    def sizes(self, symbol: str) -> tuple[int, int]:
        """Units shown at bid and ask of any symbol of this workload, 0 where unknown (bars do not say)."""
        ...

    def basket_open(self, name: str) -> bool:
        """Whether the basket of that name is open, being opened or being closed."""
        ...

    def options(self, underlying: str) -> Sequence[Instrument]:
        """Calls and puts of the workload's universe, by expiry, strike, kind."""
        ...

    def days_to_expiry(self, instrument: Instrument) -> int:
        """Calendar days from the session's date to the instrument's expiry."""
        ...


@mypyc_attr(allow_interpreted_subclasses=True)  # a plug-in, which is never compiled, derives from it
class Strategy:
    """One instance per traded symbol or underlying.

    Its state depends on market data alone, never on its own fills (those are in the view), so that a restart can warm
    it from the day's bars and come to the same state.
    """

    __slots__ = ()

    name: ClassVar[str]
    asset_classes: ClassVar[frozenset[AssetClass]]
    Parameters: ClassVar[type[Parameters]]

    def __init__(self, parameters: AnyParameters) -> None:
        """Once for each symbol, with checked parameters."""

    def start_day(self) -> None:
        """A new session begins: forget what belongs to one day."""

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """The bar has ended. At most one signal."""
        raise NotImplementedError


def rupees(price: float) -> float:
    """Paise as rupees for reasons and numbers shown to people, to the nearest paisa."""
    return round(price) / 100


__all__ = [
    "Enter", "EnterBasket", "Exit", "ExitBasket", "Leg", "Parameters", "Signal", "Strategy", "View", "rupees",
]
