"""Virtual time: order, waits that overlap without nesting, and an end for whoever still waits."""

import pytest

from common.market.bar import NANOSECONDS_A_SECOND
from common.simulation.world import Killed, World

SECOND = NANOSECONDS_A_SECOND


def test_events_in_order() -> None:
    """By time, then by who came first; what is scheduled meanwhile is dispatched too, what is later is not."""
    world, seen = World(0), list[tuple[str, int]]()
    world.after(2, lambda: seen.append(("b", world.now)))
    world.after(1, lambda: world.after(1, lambda: seen.append(("c", world.now))))
    world.after(2, lambda: seen.append(("d", world.now)))
    world.after(9, lambda: seen.append(("late", world.now)))
    world.run(5 * SECOND)
    assert seen == [("b", 2 * SECOND), ("d", 2 * SECOND), ("c", 2 * SECOND)]
    assert world.steps == 4


def test_waits_overlap() -> None:
    """A short wait that begins inside a long one ends at its own time, not at the long one's."""
    world, seen = World(0), list[tuple[str, float]]()

    def sleeper(name: str, seconds: float) -> None:
        world.wait(seconds)
        seen.append((name, world.now / SECOND))

    world.begin(SECOND, lambda: sleeper("long", 10))
    world.begin(2 * SECOND, lambda: sleeper("short", 3))
    world.begin(int(2.5 * SECOND), lambda: sleeper("longest", 20))
    world.run(60 * SECOND)
    assert seen == [("short", 5.0), ("long", 11.0), ("longest", 22.5)]


def test_the_end_kills_who_waits() -> None:
    """At the end every parked call is unwound, one after the other, and may not wait again."""
    world, ended = World(0), list[str]()

    def sleeper(name: str) -> None:
        try:
            world.wait(100)
        finally:
            ended.append(name)
            with pytest.raises(Killed):
                world.wait(1)

    for name in ("a", "b", "c"):
        world.begin(SECOND, lambda name=name: _guarded(lambda: sleeper(name)))  # type: ignore[misc]
    world.run(10 * SECOND)
    assert sorted(ended) == ["a", "b", "c"]
    assert world.now == SECOND


def test_a_fault_of_an_action_comes_out() -> None:
    """An error of the simulation itself is not lost in a thread, whoever waits meanwhile."""
    world = World(0)

    def broken() -> None:
        raise ZeroDivisionError("mine")

    world.begin(SECOND, lambda: _guarded(lambda: world.wait(50)))
    world.after(2, broken)
    with pytest.raises(ZeroDivisionError, match="mine"):
        world.run(10 * SECOND)


def test_many_waits_one_after_the_other() -> None:
    """A thread is used again: a thousand waits in turn do not make a thousand threads."""
    world, count = World(0), [0]

    def again() -> None:
        world.wait(0.5)
        count[0] += 1
        if count[0] < 1000:
            world.begin(world.now + SECOND // 2, again)

    world.begin(0, again)
    world.run(2000 * SECOND)
    assert count == [1000]


def test_who_waits_keeps_the_baton() -> None:
    """What cannot wait happens during a wait without another thread, in its order, and breaks the day if it breaks."""
    world, seen = World(0), list[str]()

    def sleeper() -> None:
        world.after(1, lambda: seen.append("meanwhile"))
        world.wait(2)
        seen.append("after")
        world.after(1, lambda: world.wait(1))
        world.wait(5)

    world.begin(0, lambda: _guarded(sleeper))
    with pytest.raises(RuntimeError, match="must not wait"):
        world.run(60 * SECOND)
    assert seen == ["meanwhile", "after"]


def _guarded(action: object) -> None:
    try:
        action()  # type: ignore[operator]
    except Killed:
        return
