"""How long a request is on its way to the exchange."""

from dataclasses import dataclass
from typing import Final
from zlib import crc32

MILLISECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Latency:
    """shortest, longest: nanoseconds, both included. 0 to 0 is at once: a bar of a minute knows no milliseconds.

    Drawn by seed, order and number of the request, so that a restart draws the same.
    """

    shortest: int = 0
    longest: int = 0
    seed: int = 0

    def delay(self, key: str, number: int) -> int:
        """Nanoseconds that the n-th request of the order with this key (its tag, or its id) takes."""
        width = self.longest - self.shortest
        if not width:
            return self.shortest
        return self.shortest + (crc32(f"{self.seed}:{key}:{number}".encode()) * (width + 1) >> 32)


BROKER_LATENCY: Final = Latency(20 * MILLISECOND, 300 * MILLISECOND)
"""In quiet times, from this country through the broker's order system; a storm's seconds are the fault simulator's."""
