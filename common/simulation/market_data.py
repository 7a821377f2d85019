"""What a process of a simulated day is told of the market when it asks."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from common.market.bar import Bar, Quote
from common.market.instrument import Instrument

if TYPE_CHECKING:
    from common.simulation.day import SimulatedDay


class SimulatedMarket:
    """MarketData of the simulated day."""

    def __init__(self, day: "SimulatedDay") -> None:
        self._day = day

    def instruments(self, day: date) -> list[Instrument]:
        """The listing."""
        del day
        return list(self._day.listing.instruments.values())

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        """Quotes tell sizes."""
        del day, symbols
        return frozenset()

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """Nobody asks for it."""
        del day, sessions
        return {}

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """The feed is alive: it is not read."""
        del day, symbols
        return iter(())

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        """As the market is, whatever the caller's clock says."""
        del at
        return [self._day.feed.quote(symbol) for symbol in symbols]
