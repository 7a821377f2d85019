"""How closely the processes of an asset class look: each second while something is on its way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import AssetClass
from common.simulation.feed import restless
from common.simulation.truth import Truth
from common.simulation.world import World

IDLE_SECONDS: Final = 100.0
"""Twice within what a heartbeat may be late, and before half a lease is gone."""
HOLDING_SECONDS: Final = 31.0
"""Each look reads the broker's books, as a process in life does twice a minute."""
WATCHED_SECONDS: Final = 10.0
BUSY_SECONDS: Final = 1.0
PATIENT_SECONDS: Final = 4.0
STIRRED_SECONDS: Final = 2.0
STIRRED_NANOSECONDS: Final = 45 * NANOSECONDS_A_SECOND
"""After something unclear, of which the exchange may know nothing."""
AFTERWARDS_NANOSECONDS: Final = 65 * NANOSECONDS_A_SECOND
"""After the last of it was closed: news of that may be lost, and only the broker's books tell then."""
LASTING_NANOSECONDS: Final = 30 * NANOSECONDS_A_SECOND
"""What has been on its way for so long is stuck: a halt, a locked circuit."""


class Tempo:
    """symbols: of each asset class. watched: from and until when all look closely, because the day's square-off asks
    them to answer within half a minute; nanoseconds UTC.

    In life every process looks each second; here the idle ones are spared.
    """

    def __init__(
        self, world: World, truth: Truth, symbols: Mapping[AssetClass, Sequence[str]], watched: tuple[int, int],
    ) -> None:
        self._world = world
        self._truth = truth
        self._symbols = symbols
        self._classes = {symbol: one for one, held in symbols.items() for symbol in held}
        self._seconds = dict.fromkeys(AssetClass, IDLE_SECONDS)
        self._watched = watched
        self._stirred = dict.fromkeys(AssetClass, 0)
        self._changed = dict.fromkeys(AssetClass, 0)

    def seconds(self, asset_class: AssetClass) -> float:
        """Between two looks at the time."""
        now = self._world.now
        seconds = self._seconds[asset_class]
        if seconds == BUSY_SECONDS and now > self._changed[asset_class] + LASTING_NANOSECONDS:
            seconds = PATIENT_SECONDS
        if seconds == IDLE_SECONDS and now < self._changed[asset_class] + AFTERWARDS_NANOSECONDS:
            seconds = HOLDING_SECONDS
        if now < self._stirred[asset_class]:
            return min(seconds, STIRRED_SECONDS)
        first, last = self._watched
        return min(seconds, WATCHED_SECONDS) if first <= now < last else seconds

    def stir(self, asset_class: AssetClass) -> None:
        """Something is unclear."""
        self._stirred[asset_class] = self._world.now + STIRRED_NANOSECONDS

    def changed(self, symbols: Iterable[str]) -> None:
        """Orders or positions of these symbols are not what they were."""
        for asset_class in {self._classes[symbol] for symbol in symbols}:
            self._changed[asset_class] = self._world.now
            held = [self._truth.holdings.get(symbol) for symbol in self._symbols[asset_class]]
            busy = [one for one in held if one is not None and (one.live or one.net)]
            if any(restless(one) for one in busy):
                self._seconds[asset_class] = BUSY_SECONDS
            else:
                self._seconds[asset_class] = HOLDING_SECONDS if busy else IDLE_SECONDS
