"""Standard output as the crash-safe path: whole lines, in order, written by the caller unless that would wait."""

import os
import select
import stat
from collections import deque
from typing import Final

MAX_WAITING_BYTES: Final = 4 * 1024 * 1024
ATOMIC_BYTES: Final = select.PIPE_BUF
"""What a pipe that is ready takes at once and in one piece."""


class LineOutput:
    """Lines to a file descriptor. Not safe for threads: its user holds a lock, which is never held while it waits."""

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._ready: select.poll | None = None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # a regular file is always ready
            self._ready = select.poll()
            self._ready.register(descriptor, select.POLLOUT)

    @property
    def waiting(self) -> bool:
        """Whether `drain` has something to write."""
        return bool(self._waiting)

    def write(self, line: bytes) -> None:
        """At once where that does not block; else the line waits for `drain`, or is dropped where too much does."""
        if not self._waiting and (self._ready is None or (len(line) <= ATOMIC_BYTES and self._ready.poll(0))):
            written = self._try(line)
            if written == len(line):
                return
            line = line[written:]
        elif self._waiting_bytes + len(line) > MAX_WAITING_BYTES:
            self.dropped += 1
            return
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    def drain(self) -> None:
        """Write what waits, as far as it goes without blocking."""
        while self._waiting and (self._ready is None or self._ready.poll(0)):
            line = self._waiting.popleft()
            written = self._try(line if self._ready is None else line[:ATOMIC_BYTES])
            self._waiting_bytes -= written
            if written < len(line):
                self._waiting.appendleft(line[written:])
            if not written:
                return

    def _try(self, data: bytes) -> int:
        """Bytes written; 0 where the other end is full. A reader that is gone, or a full disk, takes everything."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError:
            self.dropped += 1
            return len(data)
