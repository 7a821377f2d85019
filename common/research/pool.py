"""Work over the cores of one machine: processes that share what was loaded before they were made."""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Final, TypeVar

from common.research.replay import rare_collections

Task = TypeVar("Task")
Result = TypeVar("Result")

ATTEMPTS: Final = 3

_work: Callable[[Any], Any] | None = None


class ProcessesDied(RuntimeError):
    """Children were killed again and again; the text says what to do."""


def spread(tasks: Sequence[Task], work: Callable[[Task], Result], jobs: int = 0) -> list[Result]:
    """`work` of each task, in the order of the tasks. jobs: 0 for as many as there are cores, 1 for this process.

    Children are forked: they see what `work` refers to without a copy. What a task raises is raised here.
    When one of them is killed, what is not done is tried again. Raises ProcessesDied.
    """
    found = dict(each_done(tasks, work, jobs))
    return [found[number] for number in range(len(tasks))]


def each_done(
    tasks: Sequence[Task], work: Callable[[Task], Result], jobs: int = 0,
) -> Iterator[tuple[int, Result]]:
    """(number of the task, result) as they are done."""
    jobs = min(jobs or cores(), len(tasks))
    if jobs <= 1:
        with rare_collections():
            for number, task in enumerate(tasks):
                yield number, _freed(work, task)
        return
    global _work  # what forked children find without its being sent to them
    _work = work
    size = max(1, min(8, len(tasks) // (jobs * 32)))  # small: processes end together
    left = set(range(0, len(tasks), size))
    try:
        with rare_collections():  # children inherit it; what is frozen is not written to, and so not copied
            yield from _with_patience(tasks, left, size, jobs)
    finally:
        _work = None


def _with_patience(tasks: Sequence[Any], left: set[int], size: int, jobs: int) -> Iterator[tuple[int, Any]]:
    for _ in range(ATTEMPTS):
        with suppress(BrokenProcessPool):
            for start, found in _once(tasks, sorted(left), size, jobs):
                left.discard(start)
                yield from found
            return
    raise ProcessesDied(f"processes died {ATTEMPTS} times, most often for want of memory: give fewer --jobs")


def _once(
    tasks: Sequence[Any], starts: Sequence[int], size: int, jobs: int,
) -> Iterator[tuple[int, list[tuple[int, Any]]]]:
    """(start, results) of each piece. Raises BrokenProcessPool when a child dies."""
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        waiting = {pool.submit(_some, start, tasks[start : start + size]): start for start in starts}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _some(start: int, tasks: Sequence[Any]) -> list[tuple[int, Any]]:
    assert _work is not None
    return [(start + number, _freed(_work, task)) for number, task in enumerate(tasks)]


def _freed(work: Callable[[Task], Result], task: Task) -> Result:
    """`work` of the task. Sessions refer to themselves: they are freed while they are few, and in the cache."""
    result = work(task)
    gc.collect(1)
    return result
