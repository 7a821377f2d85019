"""What a workload asks of a market that goes on by itself, and of who keeps what it says."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Any, Protocol

from common.market.bar import Bar, Quote
from common.ports import MarketData


class LiveMarket(MarketData, Protocol):
    """A market that is heard as it happens."""

    def watch(self, day: date, symbols: Sequence[str]) -> None:
        """Hear of these from now on; the first call connects."""
        ...

    def so_far(self, day: date, symbols: Sequence[str], waiting: Callable[[], None] = ...) -> Iterator[Bar]:
        """The bars of `day` that have ended by now, in order of time; `waiting` is called now and then until they come.

        Raises BrokerUnavailable.
        """
        ...

    def news(self, seconds: float) -> Sequence[Bar | Quote]:
        """What has come since the last call, waiting at most so long; nothing, early, when orders have news."""
        ...

    def news_was_lost(self) -> bool:
        """Whether the connection was away since the last call: the broker's books are to be read."""
        ...

    def is_whole(self, bar: Bar) -> bool:
        """Whether no tick of its minute was missed."""
        ...

    def silent(self, symbols: Sequence[str], seconds: float) -> Collection[str]:
        """Those of `symbols` that have not been heard of for so long, or never."""
        ...

    def figures(self) -> dict[str, Any]:
        """Counters, for people and logs."""
        ...

    def close(self) -> None: ...


class Recorder(Protocol):
    """Keeps what the market says of `symbols`."""

    @property
    def symbols(self) -> Sequence[str]: ...

    def take(self, events: Sequence[Bar | Quote], now: int) -> None: ...

    def close(self) -> None: ...
