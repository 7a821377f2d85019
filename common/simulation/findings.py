"""What the checks found: how often each was made, and every violation with its time and words."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from common.market.indian_time import at
from common.simulation.world import World

MAX_VIOLATIONS: Final = 50
"""Of one day; a day that breaks is not told at length."""


class Invariant(StrEnum):
    """Of the design's section 7, and what must hold besides."""

    ONE_ORDER_AN_INTENT = "I1"
    BOOKS_AGREE = "I2"
    INTENT_BEFORE_ORDER = "I3"
    WITHIN_LIMITS = "I4"
    FLAT_OR_ALARM = "I5"
    CURRENT_EPOCH = "I6"
    NEVER_NAKED = "I7"
    PROTECTED = "I8"
    HANDS_OFF = "I9"
    NO_FLIP = "flip"
    MONEY = "money"
    ALARMS_BOUNDED = "alarms"
    ALIVE = "alive"


@dataclass(frozen=True, slots=True)
class Violation:
    """ts: nanoseconds UTC."""

    ts: int
    invariant: Invariant
    text: str

    @property
    def time(self) -> str:
        """Of the day, in India."""
        return f"{at(self.ts):%H:%M:%S.%f}"

    def __str__(self) -> str:
        return f"{self.time} {self.invariant}: {self.text}"


class Findings:
    """checks: by invariant. violations: each (invariant, key) once."""

    def __init__(self, world: World) -> None:
        self.checks: Counter[Invariant] = Counter()
        self.violations: list[Violation] = []
        self._world = world
        self._seen: set[tuple[Invariant, str]] = set()

    def expect(self, holds: bool, invariant: Invariant, key: str, text: str) -> None:
        """Count a check; a violation where it does not hold. Build `text` beforehand only where that is cheap."""
        self.checks[invariant] += 1
        if not holds:
            self.fail(invariant, key, text)

    def fail(self, invariant: Invariant, key: str, text: str) -> None:
        """A violation, once for each key."""
        if (invariant, key) not in self._seen and len(self.violations) < MAX_VIOLATIONS:
            self._seen.add((invariant, key))
            self.violations.append(Violation(self._world.now, invariant, text))
