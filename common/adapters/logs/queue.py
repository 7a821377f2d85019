"""The bounded queue between who logs and the destinations: taken in a moment, handed over by one thread."""

from collections import defaultdict, deque
from collections.abc import Mapping
from itertools import count
from threading import RLock
from typing import Final, TypeAlias

from common.adapters.logs.destinations import Route, parcel_name
from common.adapters.logs.output import LineOutput
from common.ports import Clock

Place: TypeAlias = tuple[str, str]
"""Date and room: what shares an object of the archive."""

ROLL_SECONDS: Final = 60.0
ROLL_BYTES: Final = 4 * 1024 * 1024
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
MAX_OBJECT_BYTES: Final = 8 * 1024 * 1024
MAX_PARCEL_LINES: Final = 100
MAX_STORED: Final = 2_000
"""Records of one process in the store, CRITICAL as many more: a storm must not use up the day's writes."""
CRITICAL: Final = b'{"severity":"CRITICAL"'


class LogQueue:
    """take: by anyone, at any time. turn: by one thread, about each second. run: unique to this process."""

    def __init__(self, output: LineOutput, archive: Route, store: Route, clock: Clock, run: str) -> None:
        self.run = run
        self.clock = clock
        self.numbers = count(1)
        self.failed = 0
        self._output = output
        self._archive = archive
        self._store = store
        self._lock = RLock()  # a signal's handler may log in the middle of a record
        self._lines: defaultdict[Place, list[bytes]] = defaultdict(list)
        self._urgent: deque[tuple[str, bytes]] = deque()
        self._bytes = self._full = self._stored = 0
        self._objects = count(1)
        self._rolled_at = clock.monotonic()

    @property
    def dropped(self) -> int:
        """Records, once a destination, that did not and will not arrive there."""
        return self.failed + self._full + self._output.dropped + self._archive.lost + self._store.lost

    @property
    def waiting(self) -> bool:
        """Whether anything has not arrived yet."""
        return bool(self._lines or self._urgent or self._output.waiting or self._archive.spool or self._store.spool)

    @property
    def output_waits(self) -> bool:
        """Whether standard output could not take all of it at once."""
        return self._output.waiting

    def take(self, place: Place, line: bytes, stored: bool) -> None:
        """To standard output now, to the other destinations later; dropped, and counted, where the queue is full."""
        with self._lock:
            self._output.write(line)
            size = self._bytes + len(line)
            if size > MAX_WAITING_BYTES:
                self._full += 1
                return
            self._bytes = size
            self._lines[place].append(line)
            if stored and self._stored < (2 * MAX_STORED if line.startswith(CRITICAL) else MAX_STORED):
                self._stored += 1
                self._urgent.append((place[0], line))

    def turn(self, *, roll: bool = False) -> None:
        """Hand over what waits: the store's at once, the archive's once a minute, when much has come, or on `roll`."""
        with self._lock:
            self._output.drain()
            urgent, self._urgent = self._urgent, deque()
            lines: Mapping[Place, list[bytes]] = {}
            now = self.clock.monotonic()
            if roll or now - self._rolled_at >= ROLL_SECONDS or self._bytes > ROLL_BYTES:
                lines, self._lines = self._lines, defaultdict(list)
                self._bytes, self._rolled_at = 0, now
        self._pack_urgent(urgent)
        self._pack(lines)
        self._store.deliver()
        self._archive.deliver()

    def _pack_urgent(self, urgent: deque[tuple[str, bytes]]) -> None:
        while urgent:
            part = [urgent.popleft() for _ in range(min(MAX_PARCEL_LINES, len(urgent)))]
            day = part[0][0]
            self._store.add(parcel_name(day, self._object_name("")), b"".join(line for _, line in part))

    def _pack(self, lines: Mapping[Place, list[bytes]]) -> None:
        for (day, room), some in lines.items():
            part, size = list[bytes](), 0
            for line in some:
                if size + len(line) > MAX_OBJECT_BYTES:
                    self._archive.add(parcel_name(day, self._object_name(room)), b"".join(part))
                    part, size = [], 0
                part.append(line)
                size += len(line)
            self._archive.add(parcel_name(day, self._object_name(room)), b"".join(part))

    def _object_name(self, room: str) -> str:
        """Sorts by time; unique over restarts and processes."""
        name = f"{self.clock.now():%H%M%S}-{self.run}-{next(self._objects):04d}.ndjson"
        return f"logs/{room}/{name}" if room else name
