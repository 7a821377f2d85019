"""Keeps the parts of the laptop's cloud alive: what has crashed is started again, later and later, and said."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from jobs.local.parent_watch import PARENT_VARIABLE

FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 30.0
HEALTHY_SECONDS: Final = 60.0
"""What has lived for so long is waited for briefly again."""
STOP_SECONDS: Final = 5.0


class Part(Protocol):
    """One thing that runs. start: returns when it answers, raises RuntimeError or OSError. log: what it says."""

    @property
    def running(self) -> bool: ...

    @property
    def log(self) -> Path: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Child:
    """A command as a child process that falls with this one; it is there when `ready` says so."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], bool]
    ready_within_seconds: float = 60.0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Raises RuntimeError where it is not ready in time; then it is ended."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**self.environment, PARENT_VARIABLE: str(os.getpid())}
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the person's command, which then stops its parts in order.
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        until = time.monotonic() + self.ready_within_seconds
        while not self.ready():
            if not self.running or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"{' '.join(self.command[1:4])} did not become ready; see {self.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL. Safe to call twice."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class _Kept:
    part: Part
    since: float
    failures: int = 0
    again_at: float = 0.0
    down: bool = False


@dataclass
class Keeper:
    """say: told in words what happens. started: called with a name after each later start, for what must follow it."""

    say: Callable[[str], None]
    started: Callable[[str], None]
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def start(self, name: str, part: Part) -> None:
        """Start it, and keep it from now on. Raises what its start raises."""
        self._kept[name] = _Kept(part, time.monotonic())
        part.start()

    def look(self) -> None:
        """Once or twice a second: who is dead is started again when his time has come."""
        for name, kept in self._kept.items():
            now = time.monotonic()
            if kept.part.running:
                continue
            if not kept.down:
                kept.down = True
                kept.failures = 0 if now - kept.since > HEALTHY_SECONDS else kept.failures
                self._later(name, kept, "has ended")
            elif now >= kept.again_at:
                self._again(name, kept)

    def stop(self) -> None:
        """The last one first. Safe to call twice."""
        while self._kept:
            _, kept = self._kept.popitem()
            kept.part.stop()

    def _again(self, name: str, kept: _Kept) -> None:
        kept.part.stop()
        try:
            kept.part.start()
            kept.since, kept.down = time.monotonic(), False
            self.say(f"{name} is back")
            self.started(name)
        except (RuntimeError, OSError) as error:
            self._later(name, kept, f"does not start: {str(error)[:300]}")

    def _later(self, name: str, kept: _Kept, what: str) -> None:
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(kept.failures, 10))
        kept.failures += 1
        kept.again_at = time.monotonic() + wait
        self.say(f"{name} {what}; again in {wait:.0f} s; its log is {kept.part.log}")
