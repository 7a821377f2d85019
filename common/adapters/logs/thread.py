"""The one thread that empties the queue, about each second; it tells of drops, and ends within a bound."""

import atexit
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from common.adapters.logs.queue import LogQueue

TURN_SECONDS: Final = 1.0
OUTPUT_SECONDS: Final = 0.02
"""Between two looks while standard output is full."""
EXIT_SECONDS: Final = 5.0


class LogThread:
    """Started by the first record, a daemon: it never keeps a process alive longer than EXIT_SECONDS."""

    def __init__(self, queue: LogQueue, tell_drops: Callable[[int], None]) -> None:
        """tell_drops: writes the record that says how many have been dropped so far."""
        self._queue = queue
        self._tell_drops = tell_drops
        self._told = 0
        self._thread: threading.Thread | None = None
        self._turned = threading.Condition()
        self._asked = self._answered = 0
        self._ending = False

    def start(self) -> None:
        """Once; later calls cost a look."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
            atexit.register(self.close, EXIT_SECONDS)
            self._thread.start()

    def flush(self, timeout_seconds: float) -> bool:
        """Whether everything arrived within the time."""
        if self._thread is None:
            return True
        with self._turned:
            self._asked += 1
            wanted = self._asked
            self._turned.notify_all()
            self._turned.wait_for(lambda: self._answered >= wanted or not self._alive, timeout_seconds)
        return not self._queue.waiting

    def close(self, timeout_seconds: float) -> bool:
        """As `flush`, and the thread ends. A record after this goes to standard output alone."""
        until = time.monotonic() + timeout_seconds
        arrived = self.flush(timeout_seconds)
        with self._turned:
            self._ending = True
            self._turned.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, until - time.monotonic()))
        return arrived

    @property
    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._ending:
            with self._turned:
                pause = OUTPUT_SECONDS if self._queue.output_waits else TURN_SECONDS
                if self._asked == self._answered and not self._ending:
                    self._turned.wait(pause)
                asked = self._asked
            try:
                roll = asked > self._answered
                self._queue.turn(roll=roll)
                if self._say_drops():  # now there is room for it
                    self._queue.turn(roll=roll)
            except Exception as error:  # this thread must not end: the next turn tries again
                self._queue.failed += 1
                with suppress(Exception):
                    print(f"logs: {type(error).__name__}: {error}", file=sys.stderr)
            with self._turned:
                self._answered = asked
                self._turned.notify_all()

    def _say_drops(self) -> bool:
        dropped = self._queue.dropped
        if dropped == self._told:
            return False
        self._tell_drops(dropped)
        self._told = dropped
        return True
