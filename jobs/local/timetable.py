"""When the functions are called on one date: the session table's steps once, the supervisor each minute."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass

ONCE: Final = ("remind_login", "prepare_day", "plan_day", "square_off", "close_day")
"""Functions that are called at the step of their name, where there is such a function.

Not sync_schedule: here the session table itself is the schedule.
"""
SUPERVISE: Final = "supervise"
MINUTE: Final = timedelta(minutes=1)
RETRY_AFTER: Final = timedelta(seconds=30)
TRIES: Final = 5
"""Of a step that fails, as the cloud's scheduler is told to."""


@dataclass
class Timetable:
    """Of one date. present: the functions that there are. Times are aware, of the day that is traded."""

    day: date
    present: Collection[str]
    _tries: dict[str, int] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _not_before: dict[str, datetime] = field(default_factory=dict)
    _next_look: datetime | None = None

    @property
    def steps(self) -> dict[str, datetime]:
        """Each once-a-day function and its time, in order."""
        times = session_times(self.day, AssetClass.STOCK).steps
        return {name: at(ts) for name, ts in times.items() if name in ONCE and name in self.present}

    @property
    def ended(self) -> bool:
        """Nothing is left to call."""
        return self._ended >= self.steps.keys()

    @property
    def failed(self) -> list[str]:
        """Steps that were tried as often as they may be."""
        return sorted(name for name, tries in self._tries.items() if tries >= TRIES)

    def due(self, now: datetime) -> str | None:
        """The next function to call, None where it is not time yet; a late start catches up in order."""
        for name, time in self.steps.items():
            if name not in self._ended:
                if now >= self._not_before.get(name, time):
                    return name
                break
        return SUPERVISE if SUPERVISE in self.present and self._looks(now) else None

    def done(self, name: str) -> None:
        """It has answered."""
        self._ended.add(name)

    def again(self, name: str, now: datetime) -> bool:
        """It has failed; whether it is tried again."""
        self._tries[name] = self._tries.get(name, 0) + 1
        self._not_before[name] = now + RETRY_AFTER
        if self._tries[name] >= TRIES:
            self._ended.add(name)
        return name not in self._ended

    def _looks(self, now: datetime) -> bool:
        times = session_times(self.day, AssetClass.STOCK).steps
        first, last = at(times["supervise_from"]), at(times["supervise_until"])
        if not first <= now < last or now < (self._next_look or first):
            return False
        self._next_look = now + MINUTE
        return True
