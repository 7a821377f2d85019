"""What the day needs from whoever calls its steps: jobs by the name of their step, each with a time and a switch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """When a step is called: `cron` in Asia/Kolkata, or not at all while paused."""

    cron: str
    paused: bool = False


@dataclass(frozen=True, slots=True)
class FoundCall:
    """One as it is. called_at: the last time (aware) that it was called; None before the first."""

    call: Call
    time_zone: str
    called_at: datetime | None = None


class Schedule(Protocol):
    """Both raise OSError where nobody answers or who asks may not."""

    def calls(self) -> Mapping[str, FoundCall]:
        """By step."""
        ...

    def change(self, step: str, found: FoundCall, wanted: Call) -> None:
        """Of a step that there is, what differs."""
        ...
