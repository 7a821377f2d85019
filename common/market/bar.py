"""One-minute bars and quotes, the two things a market says."""

from typing import Final

NANOSECONDS_A_SECOND: Final = 1_000_000_000
NANOSECONDS_A_MINUTE: Final = 60 * NANOSECONDS_A_SECOND


class Bar:
    """Trades of one symbol over an interval that starts at `ts`.

    ts: start, nanoseconds since the epoch (UTC). Prices: paise. volume, oi: units, not lots.
    bid, ask: paise at the end of the interval, 0 where unknown.
    A plain class with slots: a replay makes millions, and a frozen dataclass costs four times as much.
    """

    __slots__ = ("ask", "bid", "close", "high", "low", "oi", "open", "symbol", "ts", "volume")

    def __init__(
        self, ts: int, symbol: str, open: int, high: int, low: int, close: int, volume: int = 0, oi: int = 0,
        bid: int = 0, ask: int = 0,
    ) -> None:
        self.ts = ts
        self.symbol = symbol
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.oi = oi
        self.bid = bid
        self.ask = ask

    def __repr__(self) -> str:
        return (
            f"Bar({self.ts}, {self.symbol!r}, {self.open}, {self.high}, {self.low}, {self.close}, "
            f"volume={self.volume}, oi={self.oi}, bid={self.bid}, ask={self.ask})"
        )


class Quote:
    """Top of the book of one symbol at `ts` (nanoseconds, UTC). Prices: paise; quantities: units; 0 where unknown.

    volume: units traded so far today. oi: open contracts, in units.
    """

    __slots__ = ("ask", "ask_quantity", "bid", "bid_quantity", "last", "oi", "symbol", "ts", "volume")

    def __init__(
        self, ts: int, symbol: str, last: int, bid: int = 0, ask: int = 0, bid_quantity: int = 0,
        ask_quantity: int = 0, volume: int = 0, oi: int = 0,
    ) -> None:
        self.ts = ts
        self.symbol = symbol
        self.last = last
        self.bid = bid
        self.ask = ask
        self.bid_quantity = bid_quantity
        self.ask_quantity = ask_quantity
        self.volume = volume
        self.oi = oi

    def __repr__(self) -> str:
        return f"Quote({self.ts}, {self.symbol!r}, {self.last}, bid={self.bid}, ask={self.ask}, volume={self.volume})"


class Moment(Bar):
    """A quote as a bar of one moment: what is traded on it is traded at its touch."""

    __slots__ = ()


def bar_of(quote: Quote) -> Moment:
    """The last price, and the touch where it is known."""
    last = quote.last
    return Moment(quote.ts, quote.symbol, last, last, last, last, 0, 0, quote.bid, quote.ask)
