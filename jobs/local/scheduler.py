"""Steps of a day in order of time under a virtual clock; a step begins when what it waits for is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.ports import SteppedClock


@dataclass(frozen=True, slots=True)
class Step:
    """name: for people. at: when the day's table has it. run: returns when it, and what it set off, is done."""

    name: str
    at: datetime
    run: Callable[[], None]


def run_steps(steps: Sequence[Step], clock: SteppedClock, announce: Callable[[Step], None]) -> None:
    """Every step once; the clock jumps to each. An error of a step ends the day there."""
    for step in sorted(steps, key=lambda step: step.at):
        clock.advance_to(step.at)
        announce(step)
        step.run()
