"""Kite's binary frames to ticks: every packet size, lengths checked, prices signed, nothing raised."""

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

CURRENCY: Final = 3
INDEX: Final = 9
DIVISORS: Final = {CURRENCY: 10_000_000, 6: 10_000, 12: 10_000}
"""Of the segments (token & 255) cds, bcd and nco; every other has prices in paise."""
PAISE: Final = 100
HEARTBEAT_BYTES: Final = 4
"""A message, or a packet's body, of so many bytes or fewer says only that the other side lives."""

LTP: Final = 8
INDEX_QUOTE: Final = 28
INDEX_FULL: Final = 32
QUOTE: Final = 44
FULL: Final = 184
MODES: Final = {LTP: "ltp", INDEX_QUOTE: "quote", INDEX_FULL: "full", QUOTE: "quote", FULL: "full"}

_FRAMED: Final = Struct(">HIiIiIIIiiiiIIIII120x")
_FULL: Final = Struct(">IiIiIIIiiiiIIIII")
_QUOTE: Final = Struct(">IiIiIIIiiii")
_INDEX_FULL: Final = Struct(">I6iI")
_INDEX_QUOTE: Final = Struct(">I6i")
_LTP: Final = Struct(">Ii")
_DEPTH: Final = Struct(">" + "IiHxx" * 10)
_TOUCH: Final = Struct(">Ii52xIi")
_DEPTH_AT: Final = 64


@dataclass(slots=True)
class FrameCounts:
    """What the frames held. unknown: packets of a size that is not documented, skipped.

    truncated: frames that end before the packets they announce, of which the whole ones are used; surplus: that go on.
    """

    frames: int = 0
    heartbeats: int = 0
    ticks: int = 0
    unknown: int = 0
    truncated: int = 0
    surplus: int = 0


class Level(NamedTuple):
    """One price of the book. price: as the tick's; quantity: units."""

    quantity: int
    price: int
    orders: int


class Touch(NamedTuple):
    """Best bid and ask, 0 where there is none."""

    bid_quantity: int
    bid: int
    ask_quantity: int
    ask: int


NO_TOUCH: Final = Touch(0, 0, 0, 0)


class Tick:
    """What one packet says; 0 for what its size does not carry.

    Prices are integers in units of 1/`divisor` rupee: paise, but for currencies and commodities. last_trade_time, time:
    the exchange's, seconds since the epoch (UTC).
    The depth is read from the frame when it is asked for. A plain class with slots: thousands are made a second.
    """

    __slots__ = (
        "_at", "_frame", "average", "buy_quantity", "close", "high", "last", "last_quantity", "last_trade_time", "low",
        "oi", "oi_high", "oi_low", "open", "sell_quantity", "size", "time", "token", "volume",
    )

    def __init__(
        self, frame: bytes, at: int, size: int, token: int, last: int, last_quantity: int, average: int, volume: int,
        buy_quantity: int, sell_quantity: int, open: int, high: int, low: int, close: int, last_trade_time: int = 0,
        oi: int = 0, oi_high: int = 0, oi_low: int = 0, time: int = 0,
    ) -> None:
        self.size = size
        self.token = token
        self.last = last
        self.last_quantity = last_quantity
        self.average = average
        self.volume = volume
        self.buy_quantity = buy_quantity
        self.sell_quantity = sell_quantity
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.last_trade_time = last_trade_time
        self.oi = oi
        self.oi_high = oi_high
        self.oi_low = oi_low
        self.time = time
        self._frame = frame
        self._at = at

    @property
    def mode(self) -> str:
        """ltp, quote or full."""
        return MODES[self.size]

    @property
    def tradable(self) -> bool:
        """False for an index."""
        return self.token & 255 != INDEX

    @property
    def divisor(self) -> int:
        """Units of price in a rupee."""
        return divisor_of(self.token)

    @property
    def change(self) -> int:
        """Last price less the close of the day before; 0 where that is not known."""
        return self.last - self.close if self.close else 0

    @property
    def touch(self) -> Touch:
        """Best bid and ask."""
        return Touch._make(_TOUCH.unpack_from(self._frame, self._at)) if self.size == FULL else NO_TOUCH

    @property
    def depth(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Five bids and five asks, best first; none where the packet is not a full one of something tradable."""
        if self.size != FULL:
            return (), ()
        flat = _DEPTH.unpack_from(self._frame, self._at)
        levels = [Level._make(flat[at : at + 3]) for at in range(0, len(flat), 3)]
        return tuple(levels[:5]), tuple(levels[5:])


def divisor_of(token: int) -> int:
    """Units of price in a rupee, by the segment that ends the token."""
    return DIVISORS.get(token & 255, PAISE)


def decode(frame: bytes, counts: FrameCounts) -> list[Tick]:
    """The ticks of one binary message, in its order; whatever is wrong with it is counted and left out."""
    counts.frames += 1
    length = len(frame)
    if length <= HEARTBEAT_BYTES:
        counts.heartbeats += 1
        return []
    announced = frame[0] << 8 | frame[1]
    if length == 2 + announced * _FRAMED.size:
        ticks = _uniform(frame)
        if ticks is not None:
            counts.ticks += announced
            return ticks
    return _walk(frame, announced, counts)


def _uniform(frame: bytes) -> list[Tick] | None:
    """A frame of full packets alone, as most are; None for another that has the same length by chance."""
    found: list[Tick] = []
    add, at = found.append, 2 + 2 + _DEPTH_AT
    for fields in _FRAMED.iter_unpack(memoryview(frame)[2:]):
        if fields[0] != FULL:
            return None
        add(Tick(frame, at, *fields))
        at += _FRAMED.size
    return found


def _walk(frame: bytes, announced: int, counts: FrameCounts) -> list[Tick]:
    found: list[Tick] = []
    at, length = 2, len(frame)
    for _ in range(announced):
        if at + 2 > length:
            counts.truncated += 1
            break
        size = frame[at] << 8 | frame[at + 1]
        at += 2
        if at + size > length:
            counts.truncated += 1
            break
        tick = _packet(frame, at, size)
        if tick is not None:
            found.append(tick)
        elif size <= HEARTBEAT_BYTES:
            counts.heartbeats += 1
        else:
            counts.unknown += 1
        at += size
    else:
        counts.surplus += at < length
    counts.ticks += len(found)
    return found


def _packet(frame: bytes, at: int, size: int) -> Tick | None:
    if size == FULL:
        return Tick(frame, at + _DEPTH_AT, size, *_FULL.unpack_from(frame, at))
    if size == QUOTE:
        return Tick(b"", 0, size, *_QUOTE.unpack_from(frame, at))
    if size == LTP:
        token, last = _LTP.unpack_from(frame, at)
        return Tick(b"", 0, size, token, last, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    if size == INDEX_FULL:
        token, last, high, low, open, close, _, time = _INDEX_FULL.unpack_from(frame, at)
    elif size == INDEX_QUOTE:
        token, last, high, low, open, close, _ = _INDEX_QUOTE.unpack_from(frame, at)
        time = 0
    else:
        return None
    return Tick(b"", 0, size, token, last, 0, 0, 0, 0, 0, open, high, low, close, time=time)
