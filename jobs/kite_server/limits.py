"""The broker's rate limits: requests a second, a minute and a day by kind of call; those refused count too."""

from collections import deque
from collections.abc import Callable
from typing import Final

from jobs.kite_server.errors import too_many

MINUTE: Final = 60.0
DAY: Final = 86_400.0
LIMITS: Final[dict[str, tuple[tuple[float, int], ...]]] = {
    "quote": ((1.0, 1),), "historical": ((1.0, 3),), "other": ((1.0, 10),),
    "change": ((1.0, 10), (MINUTE, 400)), "place": ((1.0, 10), (MINUTE, 400), (DAY, 5000)),
}
"""(seconds, requests) by kind; changes and cancels count with placements by second and minute, not by day."""
COOL_DOWN_SECONDS: Final = 10.0
_SHARED: Final = {"place": "orders", "change": "orders"}


class Limits:
    """seconds: any steady clock. cool_down: seconds for which a kind of call stays refused after it was too fast."""

    def __init__(self, seconds: Callable[[], float], cool_down: float = COOL_DOWN_SECONDS) -> None:
        self._seconds = seconds
        self._cool_down = cool_down
        self._seen: dict[tuple[str, float], deque[float]] = {}
        self._refused_until: dict[str, float] = {}

    def count(self, kind: str) -> None:
        """One more call. Raises KiteError where it is one too many."""
        now, name = self._seconds(), _SHARED.get(kind, kind)
        late = now < self._refused_until.get(name, 0.0)
        for span, most in LIMITS[kind]:
            seen = self._seen.setdefault((kind if span == DAY else name, span), deque(maxlen=most + 1))
            while seen and seen[0] <= now - span:
                seen.popleft()
            seen.append(now)
            if len(seen) > most:
                self._refused_until[name] = now + self._cool_down
                late = True
        if late:
            raise too_many()
