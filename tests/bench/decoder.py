"""Frames of 200 full packets to our tick objects, beside the official client's own decoder, in turns."""

import argparse
import struct
from collections.abc import Callable
from statistics import median
from time import process_time

from common.adapters.kite.decoder import FrameCounts, decode

PACKETS = 200
FRAMES = 20


def frames() -> list[bytes]:
    """Of NFO instruments, prices and depth all different."""
    found = []
    for number in range(FRAMES):
        packets = []
        for one in range(PACKETS):
            last = 150_000 + 7 * one + number
            fields = [(4000 + one) << 8 | 2, last, 75, last - 20, 10**6 + one, 5000, 6000, last, last + 100, last - 100,
                      last - 50, 1_787_000_000, 123_456, 130_000, 110_000, 1_787_000_001 + number]
            depth = b"".join(struct.pack(">IIHH", 50 + level, last - level, 3, 0) for level in range(10))
            packets.append(struct.pack(">H16I", 184, *fields) + depth)
        found.append(struct.pack(">H", PACKETS) + b"".join(packets))
    return found


def check(theirs: list[dict[str, object]], frame: bytes) -> None:
    """Both say the same, or there is nothing to compare."""
    counts = FrameCounts()
    ticks = decode(frame, counts)
    for tick, other in zip(ticks, theirs, strict=True):
        ours = {"instrument_token": tick.token, "last_price": tick.last / 100, "volume_traded": tick.volume,
                "oi": tick.oi, "total_sell_quantity": tick.sell_quantity, "mode": tick.mode}
        assert ours == {name: other[name] for name in ours}
        asks = [(level.quantity, level.price / 100, level.orders) for level in tick.depth[1]]
        depth = other["depth"]
        assert isinstance(depth, dict)
        assert asks == [(level["quantity"], level["price"], level["orders"]) for level in depth["sell"]]
    assert counts.ticks == PACKETS


def rate(work: Callable[[bytes], object], data: list[bytes], times: int) -> float:
    """Packets a second of CPU time."""
    begun = process_time()
    for _ in range(times):
        for frame in data:
            work(frame)
    return len(data) * PACKETS * times / (process_time() - begun)


def main() -> None:
    """Prints both rates and the ratio of each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    from kiteconnect import KiteTicker

    data, counts = frames(), FrameCounts()
    theirs = KiteTicker.__new__(KiteTicker)  # its constructor starts the reactor
    check(theirs._parse_binary(data[0]), data[0])
    ratios, ours_all, theirs_all = [], [], []
    for _ in range(chosen.rounds):
        other = rate(theirs._parse_binary, data, 1)
        ours = rate(lambda frame: decode(frame, counts), data, 10)
        ours_all.append(ours)
        theirs_all.append(other)
        ratios.append(ours / other)
    print("decoder: packets a second of CPU time, 200 full packets a frame, median of rounds")
    print(f"  Tron        {median(ours_all):>12,.0f}")
    print(f"  KiteTicker  {median(theirs_all):>12,.0f}")
    print(f"  ratio       {median(ratios):>12.1f}  (lowest {min(ratios):.1f}, {chosen.rounds} rounds)")


if __name__ == "__main__":
    main()
