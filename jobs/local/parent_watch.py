"""Ends this process when the process that started it is gone, so that nothing is orphaned, at any level.

Linux's parent-death signal is no use here: it comes when the *thread* that started the child ends,
and a threaded function host starts workloads from threads that end with the request.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import MutableMapping
from threading import Thread
from typing import Final

PARENT_VARIABLE: Final = "TRON_PARENT_PID"
"""Set by whoever starts a child that must fall with it: common.adapters.launchers.process and FunctionHost."""
ORPHANED: Final = 75
POLL_SECONDS: Final = 0.2


def exit_with_parent(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Starts the watch when the environment names the parent, and says whether it did (in the cloud it does not).

    The name is taken out of the environment: a grandchild has another parent. The end is abrupt, with status
    ORPHANED: whatever runs here has to survive a kill anyway. Raises ValueError for a parent that is no number.
    """
    named = environment.pop(PARENT_VARIABLE, None)
    if named is None:
        return False
    if not named.isdecimal():
        raise ValueError(f"{PARENT_VARIABLE} is {named!r}; give the process id of the parent, or leave it out")
    Thread(target=_watch, args=(int(named),), name="parent-watch", daemon=True).start()
    return True


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"process {os.getpid()} ends: its parent {parent} is gone\n")
        sys.stderr.flush()
    os._exit(ORPHANED)


def kill_with_parent(parent: int, child: int) -> None:
    """Wait beside `child`, a program that cannot watch by itself, and kill it once `parent`, who started both, is gone.

    Both are process ids. Returns when either is gone.
    """
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    kill_with_parent(*(int(argument) for argument in sys.argv[1:]))
