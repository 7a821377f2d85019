"""How fast news can be trusted: seconds of patience, of confirmation, between looks; for a replay and for life."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pace:
    """patience_seconds: successful reads must miss an unclear order for so long before it counts as never placed.

    Orders have appeared 8 s late; 20 s is the worst that we allow for, half as much again is the margin.
    confirm_seconds: a cancelled exit is looked up so long afterwards, before another takes its place: cancelled orders
    have been seen to fill. watch_seconds: between reads of the order book while something is being filled, because
    news of orders can be lost; 0: the route loses nothing. window_seconds: over which the order rate is counted (a
    replay of minute bars sees many orders at one moment). coalesce_seconds: between two resizings of one stop.
    prompt: news of orders is told at its own time, and not whenever it arrives.
    """

    patience_seconds: float = 0.0
    confirm_seconds: float = 0.0
    watch_seconds: float = 0.0
    window_seconds: float = 60.0
    coalesce_seconds: float = 0.0
    prompt: bool = True


REPLAY: Final = Pace()
"""A route that answers at once and loses nothing, on minute bars."""
LIVE: Final = Pace(
    patience_seconds=30.0, confirm_seconds=1.0, watch_seconds=2.0, window_seconds=2.0, coalesce_seconds=0.5,
    prompt=False,
)
"""A broker over the network, on quotes and a timer each second."""
