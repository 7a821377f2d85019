"""The generated session on which a strategy can be tried without any file."""

from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from common.research.recorded import Recording

DAY: Final = date(2026, 11, 4)
SEED: Final = 1
STOCKS: Final = 4


def generated(day: date | None) -> "tuple[date, Recording]":
    """Four stocks, the index, its future and its options on `day` (or on the usual one). Raises MarketClosed."""
    from common.research.generator import generate
    from common.research.large_caps import LARGE_CAPS

    chosen = day or DAY
    return chosen, generate(chosen, SEED, stocks=LARGE_CAPS[:STOCKS], sessions_before=0)
