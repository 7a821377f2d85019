"""How far prices may reach when we protect and leave: percentages of the price, with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.market.instrument import AssetClass


@dataclass(frozen=True, slots=True)
class ExitPolicy:
    """stop_gap: from a stop's trigger to its limit (the broker caps it: 3% cash and futures, 20% options).

    widths: how far through the touch each step of the exit ladder reaches; the last one repeats.
    entry_width: how far through the touch an entry may pay. modifications: of one order (the broker allows 25).
    entry_timeout_seconds: after it an entry's remainder is cancelled.
    """

    stop_gap: float = 2.0
    widths: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    entry_width: float = 0.3
    modifications: int = 23
    entry_timeout_seconds: int = 10


# Premiums move by whole percents between two looks: everything reaches further than in cash.
EXIT_POLICIES: Final[Mapping[AssetClass, ExitPolicy]] = {
    AssetClass.STOCK: ExitPolicy(),
    AssetClass.FUTURES: ExitPolicy(stop_gap=1.0, widths=(0.1, 0.25, 0.5, 1.0), entry_width=0.1),
    AssetClass.OPTIONS: ExitPolicy(stop_gap=10.0, widths=(2.0, 4.0, 8.0, 15.0), entry_width=2.0),
}
