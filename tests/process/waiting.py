"""Waiting for processes and threads within a bound, for tests of the local cloud."""

import os
import time
from collections.abc import Callable
from pathlib import Path

BOUND_SECONDS = 60


def until(reached: Callable[[], bool]) -> None:
    """Returns as soon as `reached` says so; fails after BOUND_SECONDS."""
    deadline = time.monotonic() + BOUND_SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"not within {BOUND_SECONDS} s"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet waited for does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    return state != "Z"
