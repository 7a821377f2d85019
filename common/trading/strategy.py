"""What a strategy is: it sees a market view and returns signals; it has no broker, clock or store."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

from common.market.bar import Bar
from common.market.instrument import AssetClass, Instrument


class Parameters(BaseModel):
    """Base of a strategy's parameters: frozen, typed, every number bounded by its Field; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AnyParameters: TypeAlias = Parameters


class Enter:
    """Open a position. side: +1 buys, -1 sells short. stop_distance: paise from the entry price, always set.

    symbol: what to trade (None: the symbol of the bar). target_distance: paise, 0 for none.
    reason: one line for people; numbers: what the decision was made from.
    """

    __slots__ = ("numbers", "reason", "side", "stop_distance", "symbol", "target_distance")

    def __init__(
        self, side: int, stop_distance: float, target_distance: float = 0.0, reason: str = "",
        numbers: Mapping[str, float] | None = None, symbol: str | None = None,
    ) -> None:
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


Signal = Enter | Exit


class View(Protocol):
    """What a strategy may look at besides the bar; kept by the session."""

    quantity: int
    """Signed filled quantity of the symbol of this bar, units; 0 when flat."""

    def position(self, symbol: str) -> int:
        """Signed filled quantity of any symbol of this workload, units."""
        ...

    def bar(self, symbol: str) -> Bar | None:
        """The last bar of any symbol of this workload, None before its first."""
        ...

    def options(self, underlying: str) -> Sequence[Instrument]:
        """Calls and puts of the workload's universe, by expiry, strike, kind."""
        ...

    def days_to_expiry(self, instrument: Instrument) -> int:
        """Calendar days from the session's date to the instrument's expiry."""
        ...


class Strategy(Protocol):
    """One instance per traded symbol or underlying.

    Its state depends on market data alone, never on its own fills (those are in the view), so that a restart can warm
    it from the day's bars and come to the same state.
    """

    name: ClassVar[str]
    asset_classes: ClassVar[frozenset[AssetClass]]
    Parameters: ClassVar[type[Parameters]]

    def __init__(self, parameters: AnyParameters) -> None: ...

    def start_day(self) -> None:
        """A new session begins: forget what belongs to one day."""
        ...

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """The bar has ended. At most one signal."""
        ...


def rupees(price: float) -> float:
    """Paise as rupees for reasons and numbers shown to people."""
    return round(price / 100, 2)


__all__ = ["Enter", "Exit", "Parameters", "Signal", "Strategy", "View", "rupees"]
