"""The decoder of the stream: every size to the digit, and nothing that is sent can hurt it."""

import base64
import json
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from common.adapters.kite.decoder import FrameCounts, Tick, decode
from common.market.indian_time import INDIA
from tests.unit.kite_frames import frame, full, index, ltp, quote

TCS, NIFTY, USDINR, GOLD = 4000 << 8 | 1, 1000 << 8 | 9, 500 << 8 | 3, 600 << 8 | 7


def one(packet: bytes) -> Tick:
    counts = FrameCounts()
    (tick,) = decode(frame([packet]), counts)
    assert (counts.ticks, counts.unknown, counts.truncated, counts.surplus) == (1, 0, 0, 0)
    return tick


def as_json(tick: Tick) -> dict[str, Any]:
    """As the broker's own decoding writes it."""

    def rupees(price: int) -> float:
        return price / tick.divisor

    def stamp(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, INDIA).isoformat()

    bids, asks = tick.depth
    names = ("quantity", "price", "orders")
    sides = [[dict(zip(names, (one.quantity, rupees(one.price), one.orders), strict=True)) for one in side]
             for side in (bids, asks)]
    return {
        "mode": tick.mode, "tradable": tick.tradable, "instrument_token": tick.token, "last_price": rupees(tick.last),
        "last_quantity": tick.last_quantity, "average_price": rupees(tick.average), "volume": tick.volume,
        "buy_quantity": tick.buy_quantity, "sell_quantity": tick.sell_quantity,
        "ohlc": {"open": rupees(tick.open), "high": rupees(tick.high), "low": rupees(tick.low),
                 "close": rupees(tick.close)},
        "last_trade_time": stamp(tick.last_trade_time), "oi": tick.oi, "oi_day_high": tick.oi_high,
        "oi_day_low": tick.oi_low, "timestamp": stamp(tick.time),
        "change": rupees(tick.last) - rupees(tick.close), "depth": {"buy": sides[0], "sell": sides[1]},
    }


def test_the_recorded_packet_is_its_json(shared: Path) -> None:
    """The broker's own packet decodes to the broker's own decoding of it, to the digit."""
    recorded = shared.parent / "kite"
    if not (recorded / "ticker_full.packet").is_file():
        pytest.skip(f"the broker's recorded answers are not in {recorded}")
    packet = base64.b64decode((recorded / "ticker_full.packet").read_text())
    assert as_json(one(packet)) == json.loads((recorded / "ticker_full.json").read_text())


def test_a_full_packet() -> None:
    """Each field stands where the documentation has it, with every depth level, and the change is against the close."""
    levels = [(100 + n, 41_000 + n, 1 + n) for n in range(10)]
    tick = one(full(
        TCS, 41_005, 9_000_000, 1_787_000_001, quantity=7, average=41_002, bought=11, sold=12,
        ohlc=(40_000, 42_000, 39_000, 40_500), traded=1_787_000_000, oi=(5, 6, 4), levels=levels,
    ))
    assert (tick.mode, tick.tradable, tick.divisor, tick.change) == ("full", True, 100, 505)
    assert (tick.last, tick.last_quantity, tick.average, tick.volume) == (41_005, 7, 41_002, 9_000_000)
    assert (tick.buy_quantity, tick.sell_quantity) == (11, 12)
    assert (tick.open, tick.high, tick.low, tick.close) == (40_000, 42_000, 39_000, 40_500)
    assert (tick.last_trade_time, tick.time, tick.oi, tick.oi_high, tick.oi_low) == (
        1_787_000_000, 1_787_000_001, 5, 6, 4,
    )
    assert [tuple(level) for level in (*tick.depth[0], *tick.depth[1])] == levels
    assert tick.touch == (100, 41_000, 105, 41_005)


def test_smaller_packets_leave_the_rest_empty() -> None:
    """ltp, quote and both of an index, whose prices stand in another order; no depth, no touch, no time invented."""
    last, quoted = one(ltp(TCS, 41_005)), one(quote(TCS, 41_005, 77))
    assert (last.mode, last.token, last.last, last.volume, last.time) == ("ltp", TCS, 41_005, 0, 0)
    assert (quoted.mode, quoted.last, quoted.volume, quoted.time) == ("quote", 41_005, 77, 0)
    short = one(index(NIFTY, 2_500_000, (1, 3, 0, 2), 5))
    long = one(index(NIFTY, 2_500_000, (1, 3, 0, 2), 5, 1_787_000_000))
    assert (short.mode, short.tradable, long.mode) == ("quote", False, "full")
    for tick in (short, long):
        assert (tick.open, tick.high, tick.low, tick.close) == (1, 3, 0, 2)
    assert (short.time, long.time) == (0, 1_787_000_000)
    for tick in (last, quoted, short, long):
        assert tick.depth == ((), ())
        assert tick.touch == (0, 0, 0, 0)


def test_prices_are_signed_and_divided_by_segment() -> None:
    """A price below zero stays so, in the depth too; currencies have seven decimals, commodities of NCO four."""
    levels = [(1, -5, 1), *[(0, 0, 0)] * 4, (1, -3, 1), *[(0, 0, 0)] * 4]
    tick = one(full(GOLD, -3_763, levels=levels))
    assert (tick.last, tick.touch.bid, tick.touch.ask, tick.depth[0][0].price) == (-3_763, -5, -3, -5)
    divisors = {token & 255: one(ltp(token, 1)).divisor for token in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)}
    assert divisors == {1: 100, 2: 100, 3: 10**7, 4: 100, 5: 100, 6: 10**4, 7: 100, 8: 100, 9: 100, 12: 10**4}


def test_several_packets_of_all_sizes_in_one_frame() -> None:
    """They come out in their order, whatever stands between them."""
    packets = [full(TCS, 1), ltp(USDINR, 2), index(NIFTY, 3, (1, 1, 1, 1), 0), b"\0", quote(TCS, 4), full(TCS, 5)]
    counts = FrameCounts()
    assert [tick.last for tick in decode(frame(packets), counts)] == [1, 2, 3, 4, 5]
    assert (counts.ticks, counts.heartbeats, counts.unknown) == (5, 1, 0)


def test_a_frame_of_full_packets_alone_is_the_same_as_any_other() -> None:
    """The short cut for the common frame reads what the walk reads, and does not take a frame for one by its length."""
    packets = [full(TCS + (n << 8), 100 + n, n, levels=[(n, n, n)] * 10) for n in range(20)]
    quick, slow = decode(frame(packets), FrameCounts()), decode(frame([*packets, ltp(TCS, 9)]), FrameCounts())[:-1]
    assert [(tick.token, tick.last, tick.depth) for tick in quick] == [(t.token, t.last, t.depth) for t in slow]
    # Two packets of 368 bytes in all, as two full ones have.
    odd = frame([b"\7" * 100, b"\7" * 268])
    counts = FrameCounts()
    assert decode(odd, counts) == []
    assert counts.unknown == 2


@pytest.mark.parametrize("beat", [b"", b"\0", b"\0\0", b"\0\0\0\0"])
def test_heartbeats_are_counted(beat: bytes) -> None:
    """Four bytes or fewer say only that the other side lives."""
    counts = FrameCounts()
    assert decode(beat, counts) == []
    assert (counts.heartbeats, counts.truncated) == (1, 0)


def test_unknown_sizes_are_skipped() -> None:
    """A packet of a size to come costs only itself."""
    counts = FrameCounts()
    ticks = decode(frame([ltp(TCS, 1), b"\1" * 50, ltp(TCS, 2)]), counts)
    assert [tick.last for tick in ticks] == [1, 2]
    assert counts.unknown == 1


def test_every_cut_of_a_frame_is_counted_and_keeps_the_whole_packets() -> None:
    """Wherever the frame ends, what stood before is read, nothing is made up, nothing is raised."""
    whole = frame([ltp(TCS, 1), full(TCS, 2), quote(TCS, 3)])
    ends = [2 + 10, 2 + 10 + 186]
    for length in range(5, len(whole)):
        counts = FrameCounts()
        ticks = decode(whole[:length], counts)
        assert len(ticks) == sum(length >= end for end in ends)
        assert counts.truncated == 1, length
    counts = FrameCounts()
    assert len(decode(whole + b"more", counts)) == 3
    assert (counts.surplus, counts.truncated) == (1, 0)


def test_a_count_that_lies_is_no_loop() -> None:
    """65,535 packets announced and one there: one tick, one complaint."""
    counts = FrameCounts()
    lying = struct.pack(">H", 65_535) + frame([ltp(TCS, 1)])[2:]
    assert len(decode(lying, counts)) == 1
    assert counts.truncated == 1
