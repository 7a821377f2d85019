"""The local scheduler: steps in order of time under a clock that jumps, each once, ended by the first error."""

from datetime import datetime, timedelta

import pytest

from common.adapters.clock import VirtualClock
from common.market.indian_time import INDIA
from jobs.local.scheduler import Step, run_steps

START = datetime(2026, 11, 20, 8, tzinfo=INDIA)


def run(steps: list[Step], clock: VirtualClock) -> list[str]:
    announced: list[str] = []
    run_steps(steps, clock, lambda step: announced.append(step.name))
    return announced


def test_by_time_whatever_the_order() -> None:
    """Each step runs once, announced before it, at its time, though given in another order."""
    clock, seen = VirtualClock(START), list[tuple[str, datetime]]()

    def step(name: str, minutes: int) -> Step:
        return Step(name, START + timedelta(minutes=minutes), lambda: seen.append((name, clock.now())))

    announced = run([step("close", 450), step("prepare", 30), step("plan", 45)], clock)
    assert announced == ["prepare", "plan", "close"]
    assert seen == [(name, START + timedelta(minutes=m)) for name, m in (("prepare", 30), ("plan", 45), ("close", 450))]


def test_steps_of_one_time_keep_their_order() -> None:
    """Two steps at the same moment run in the order given."""
    moment = START + timedelta(hours=1)
    assert run([Step(name, moment, lambda: None) for name in "bac"], VirtualClock(START)) == ["b", "a", "c"]


def test_an_error_ends_the_day_there() -> None:
    """What a step raises reaches the caller, and no later step runs."""
    def fail() -> None:
        raise RuntimeError("as asked")

    announced: list[str] = []
    steps = [Step("plan", START + timedelta(hours=1), fail), Step("close", START + timedelta(hours=2), lambda: None)]
    with pytest.raises(RuntimeError, match="as asked"):
        run_steps(steps, VirtualClock(START), lambda step: announced.append(step.name))
    assert announced == ["plan"]


def test_nothing_to_do() -> None:
    """No steps leave the clock where it is."""
    clock = VirtualClock(START)
    assert run([], clock) == []
    assert clock.now() == START
