"""Binary ticks as the broker sends them: packets of one instrument each, framed by count and lengths."""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import Kind
from jobs.kite_server.series import Series, Snapshot

LTP: Final = "ltp"
QUOTE: Final = "quote"
FULL: Final = "full"
MODES: Final = (LTP, QUOTE, FULL)
HEARTBEAT: Final = b"\x00"
MOST_PACKETS: Final = 60_000

_LTP: Final = Struct(">Ii")
_INDEX: Final = Struct(">I6i")
_INDEX_FULL: Final = Struct(">I6iI")
_QUOTE: Final = Struct(">IiIiIIIiiii")
_TIMES: Final = Struct(">5I")
_LEVEL: Final = Struct(">IiHxx")
_COUNT: Final = Struct(">H")


def packet(series: Series, now: Snapshot, mode: str) -> bytes:
    """One instrument in one mode. Prices are in paise: the divisor of every segment that a session holds is 100."""
    instrument = series.instrument
    if mode == LTP:
        return _LTP.pack(instrument.token, now.last)
    if instrument.kind is Kind.INDEX:
        prices = (now.last, now.high, now.low, now.open, now.close, now.last - now.close)
        if mode == QUOTE:
            return _INDEX.pack(instrument.token, *prices)
        return _INDEX_FULL.pack(instrument.token, *prices, now.ts // NANOSECONDS_A_SECOND)
    head = _QUOTE.pack(
        instrument.token, now.last, now.last_quantity, now.average, min(now.volume, 2**32 - 1),
        sum(level.quantity for level in now.bids), sum(level.quantity for level in now.asks),
        now.open, now.high, now.low, now.close,
    )
    if mode == QUOTE:
        return head
    times = _TIMES.pack(
        now.traded_at // NANOSECONDS_A_SECOND, now.oi, now.oi_high, now.oi_low, now.ts // NANOSECONDS_A_SECOND,
    )
    depth = (_LEVEL.pack(level.quantity, level.price, level.orders) for level in (*now.bids, *now.asks))
    return head + times + b"".join(depth)


def frame(packets: Sequence[bytes]) -> bytes:
    """At most MOST_PACKETS of them as one message."""
    parts = [_COUNT.pack(len(packets))]
    for one in packets:
        parts += (_COUNT.pack(len(one)), one)
    return b"".join(parts)
