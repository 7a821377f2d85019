"""What can be traded: symbol, kind, tick, lot, freeze; the one place where a price meets its tick."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import ceil, floor

from common.market.money import Paise


class AssetClass(StrEnum):
    """One trading workload each."""

    STOCK = "stock"
    OPTIONS = "options"
    FUTURES = "futures"


class Kind(StrEnum):
    """Instrument types as in the broker's dump; an index cannot be traded."""

    EQUITY = "EQ"
    INDEX = "INDEX"
    FUTURE = "FUT"
    CALL = "CE"
    PUT = "PE"

    asset_class: AssetClass | None


_CLASS_OF_KIND = {
    Kind.EQUITY: AssetClass.STOCK,
    Kind.FUTURE: AssetClass.FUTURES,
    Kind.CALL: AssetClass.OPTIONS,
    Kind.PUT: AssetClass.OPTIONS,
}
# Kept on the member: every entry asks for it, and an enum's hash is a call.
for _kind in Kind:
    _kind.asset_class = _CLASS_OF_KIND.get(_kind)


@dataclass(frozen=True, slots=True)
class Instrument:
    """tick, strike: paise; lot, freeze_quantity: units (None: no freeze quantity is known)."""

    symbol: str
    exchange: str
    kind: Kind
    tick: Paise
    lot: int = 1
    token: int = 0
    underlying: str = ""
    expiry: date | None = None
    strike: Paise = 0
    freeze_quantity: int | None = None

    @property
    def asset_class(self) -> AssetClass | None:
        """None for an index."""
        return self.kind.asset_class

    def round_down(self, price: float) -> Paise:
        """The highest tick at or below `price` (paise), at least one tick."""
        tick = self.tick
        ticks = floor(price / tick + 1e-9)
        return ticks * tick if ticks > 0 else tick

    def round_up(self, price: float) -> Paise:
        """The lowest tick at or above `price` (paise), at least one tick."""
        tick = self.tick
        ticks = ceil(price / tick - 1e-9)
        return ticks * tick if ticks > 0 else tick

    def whole_lots(self, quantity: int) -> int:
        """`quantity` units cut to whole lots."""
        return quantity // self.lot * self.lot
