"""Packets and frames as the broker sends them, written from its documentation and not by what is tested."""

import struct
from collections.abc import Iterable, Sequence

Levels = Sequence[tuple[int, int, int]]
NO_LEVELS: Levels = ((0, 0, 0),) * 10


def full(
    token: int, last: int, volume: int = 0, time: int = 0, *, quantity: int = 1, average: int = 0, bought: int = 0,
    sold: int = 0, ohlc: tuple[int, int, int, int] = (0, 0, 0, 0), traded: int = 0,
    oi: tuple[int, int, int] = (0, 0, 0), levels: Levels = NO_LEVELS,
) -> bytes:
    """184 bytes. levels: five bids and five asks as (quantity, price, orders). ohlc: open, high, low, close."""
    head = struct.pack(">IiIiIII", token, last, quantity, average, volume, bought, sold) + struct.pack(">4i", *ohlc)
    times = struct.pack(">IIIII", traded, *oi, time)
    return head + times + b"".join(struct.pack(">IiHH", *level, 0) for level in levels)


def touched(token: int, last: int, volume: int, time: int, bid: int, ask: int, oi: int = 0) -> bytes:
    """A full packet with one bid and one ask of 10 units."""
    levels = [(10, bid, 1), *NO_LEVELS[:4], (10, ask, 1), *NO_LEVELS[:4]]
    return full(token, last, volume, time, levels=levels, oi=(oi, oi, oi))


def quote(token: int, last: int, volume: int = 0) -> bytes:
    """44 bytes."""
    return full(token, last, volume)[:44]


def ltp(token: int, last: int) -> bytes:
    """8 bytes."""
    return struct.pack(">Ii", token, last)


def index(token: int, last: int, ohlc: tuple[int, int, int, int], change: int, time: int | None = None) -> bytes:
    """28 bytes, or 32 with a time. ohlc: open, high, low, close; the packet has another order."""
    open, high, low, close = ohlc
    body = struct.pack(">I6i", token, last, high, low, open, close, change)
    return body if time is None else body + struct.pack(">I", time)


def frame(packets: Iterable[bytes]) -> bytes:
    """One message."""
    all_of = list(packets)
    return struct.pack(">H", len(all_of)) + b"".join(struct.pack(">H", len(one)) + one for one in all_of)
