"""The system's clock, one that runs at another pace, and a virtual one that stands still until it is told."""

import time
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

INDIA: Final = ZoneInfo("Asia/Kolkata")
# Where there is one, the clock that also counts while the machine sleeps: a lease must not outlive a closed lid.
_SINCE_BOOT: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Now, as the machine knows it."""

    def now(self) -> datetime:
        return datetime.now(INDIA)

    def monotonic(self) -> float:
        """Seconds since the machine started; setting its clock changes nothing."""
        return time.monotonic() if _SINCE_BOOT is None else time.clock_gettime(_SINCE_BOOT)

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class SessionClock:
    """The time of a session that is played: every process that is told the same has the same."""

    def __init__(self, began: float, start: float, speed: float) -> None:
        """At `began` (seconds since 1970 by this machine) it was `start` in the session; `speed` times as fast."""
        self._began = began
        self._start = start
        self._speed = speed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._start + (time.time() - self._began) * self._speed, INDIA)

    def monotonic(self) -> float:
        """Seconds of the session, as `sleep` takes them."""
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) / self._speed)


class VirtualClock:
    """A clock of its own for one replay: `sleep` moves it and returns at once; it never goes back, unless it jumps."""

    def __init__(self, start: datetime) -> None:
        """start: aware. Raises ValueError for a naive moment."""
        self._lock = Lock()
        self._now = _aware(start)
        self._passed = timedelta()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Seconds of this clock's time that have passed since it was made, jumps left out."""
        with self._lock:
            return self._passed.total_seconds()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._move(timedelta(seconds=max(0.0, seconds)))

    def advance_to(self, moment: datetime) -> None:
        """Moves to `moment`, aware. Raises ValueError for a naive moment or one before now."""
        with self._lock:
            later = _aware(moment)
            if later < self._now:
                raise ValueError(f"the virtual clock is at {self._now} and cannot go back to {later}")
            self._move(later - self._now)

    def jump(self, seconds: float) -> None:
        """Someone sets the clock, forwards or back: `now` changes and no time passes."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def _move(self, by: timedelta) -> None:
        self._now += by
        self._passed += by


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give an aware moment, such as one in Asia/Kolkata")
    return moment.astimezone(INDIA)
