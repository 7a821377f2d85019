"""How often one asker may ask: a bucket each that fills steadily."""

from collections import OrderedDict
from threading import Lock
from typing import Final

MAX_ASKERS: Final = 1000


class RateLimit:
    """rate: requests a second in the long run. burst: at once. Of too many askers the longest silent is forgotten."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, asker: str, now: float) -> float:
        """0 where the request may go on, else the seconds until one may. now: seconds of a clock that only grows."""
        with self._lock:
            left, at = self._left.pop(asker, (float(self._burst), now))
            left = min(float(self._burst), left + max(0.0, now - at) * self._rate)
            allowed = left >= 1
            self._left[asker] = (left - 1 if allowed else left, now)
            while len(self._left) > MAX_ASKERS:
                self._left.popitem(last=False)
            return 0.0 if allowed else (1 - left) / self._rate
