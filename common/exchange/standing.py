"""The market as it stands: the last bar or quote of each symbol, and the reference prices of derivatives."""

from collections import deque
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.money import Paise

WINDOW: Final = 30 * NANOSECONDS_A_SECOND
"""The exchange averages the trades of 30 seconds (NSE's circular on limit price protection, 2022-10-28)."""
MOST: Final = 64
"""Quotes kept a symbol: they come about once a second, and each counts as one trade."""


class Standing:
    """last: by symbol."""

    def __init__(self) -> None:
        self.last: dict[str, Bar | Quote] = {}
        self._seen: dict[str, deque[tuple[int, Paise]]] = {}

    def note(self, quote: Quote) -> None:
        """One more quote for the reference price, in order of time."""
        seen = self._seen.get(quote.symbol)
        if seen is None:
            seen = self._seen[quote.symbol] = deque(maxlen=MOST)
        seen.append((quote.ts, quote.last))

    def price(self, symbol: str, ts: int) -> Paise:
        """The last price at `ts`, paise: of the bar that lasts its opening, which is all that has been seen of it then.

        0 where nothing was seen.
        """
        event = self.last.get(symbol)
        if event is None:
            return 0
        if isinstance(event, Quote):
            return event.last
        return event.close if ts >= event.ts + NANOSECONDS_A_MINUTE else event.open

    def reference(self, symbol: str, ts: int) -> float:
        """Of a derivative's band at `ts`, paise: the average of the last half minute, else the last price, or 0."""
        recent = [last for seen, last in self._seen.get(symbol, ()) if ts - WINDOW < seen <= ts]
        return sum(recent) / len(recent) if recent else self.price(symbol, ts)


def is_news(quote: Quote, before: Quote) -> bool:
    """Neither older than `before` nor the same again."""
    if quote.ts != before.ts:
        return quote.ts > before.ts
    return (
        quote.last != before.last or quote.volume != before.volume or quote.bid != before.bid or quote.ask != before.ask
        or quote.bid_quantity != before.bid_quantity or quote.ask_quantity != before.ask_quantity
    )
