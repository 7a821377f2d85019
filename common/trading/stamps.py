"""Time stamps of news against our clock: one that claims to come from the future moves nothing."""

from collections.abc import Callable
from copy import copy
from typing import Final, TypeVar

from common.market.bar import NANOSECONDS_A_SECOND, Quote
from common.trading.messages import Log
from common.trading.orders import OrderUpdate

AHEAD: Final = 5 * NANOSECONDS_A_SECOND
"""News may be so much later than our clock: two clocks never agree. What claims more is not believed."""

Stamped = TypeVar("Stamped", Quote, OrderUpdate)


class Stamps:
    """clock: nanoseconds now; without it, in a replay, news is what says the time. tell: hears of the first offence."""

    __slots__ = ("_clock", "_said", "_tell")

    def __init__(self, clock: Callable[[], int] | None, tell: Callable[[Log], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._said = False

    def ahead(self, ts: int) -> bool:
        """Whether `ts` (nanoseconds UTC) is later than our clock allows."""
        if self._clock is None:
            return False
        now = self._clock()
        if ts <= now + AHEAD:
            return False
        if not self._said:
            self._said = True
            seconds = (ts - now) / NANOSECONDS_A_SECOND
            text = f"news is {seconds:.0f} s ahead of our clock: its time is not believed; check the feed and the clock"
            self._tell(Log(now, "ERROR", text, {}))
        return True

    def believed(self, news: Stamped) -> Stamped:
        """As of now where it claims to be later, so that one wrong stamp does not make all that follows old news."""
        if self._clock is None or not self.ahead(news.ts):
            return news
        believed = copy(news)
        believed.ts = self._clock()
        return believed
