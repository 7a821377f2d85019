"""The function host, a child process that serves the functions: started, waited for, stopped.

Run as a module it is that process; jobs.local.function_server has its inside.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import IO, Final, Self

from jobs.local.parent_watch import PARENT_VARIABLE

HOST: Final = "127.0.0.1"
LOG_TAIL_BYTES: Final = 4000


class HostFailed(RuntimeError):
    """The function host did not become ready, with the end of what it said."""


class FunctionHost:
    """Serves `targets` in a child process that falls with this one; a context manager, or start() and stop()."""

    def __init__(
        self, targets: Mapping[str, Path], environment: Mapping[str, str], log_path: Path, *,
        port: int = 0, ready_within_seconds: float = 30.0,
    ) -> None:
        """targets: function name -> source file. environment: the child's whole environment. port: 0 picks one."""
        self._targets = dict(targets)
        self._environment = dict(environment)
        self._log_path = log_path
        self._wanted_port = port
        self._ready_within_seconds = ready_within_seconds
        self._ready = Event()
        self._port: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._reader: Thread | None = None

    def start(self) -> None:
        """Returns when the functions answer. Raises HostFailed; then nothing is left running."""
        if self._child is not None:
            raise HostFailed("the function host was started already; make another")
        try:
            self._spawn()
            self._ready.wait(self._ready_within_seconds)
        finally:
            if self._port is None:
                self.stop()
        if self._port is None:
            raise HostFailed(
                f"the function host gave no port within {self._ready_within_seconds} s and ended with status "
                f"{self._child_status()}; its log {self._log_path} ends:\n{self._log_tail()}"
            )

    def url(self, target: str) -> str:
        """Where `target` answers. Raises KeyError for a target that is not served, HostFailed before start()."""
        if target not in self._targets:
            raise KeyError(f"{target} is not served here; targets are {sorted(self._targets)}")
        if self._port is None:
            raise HostFailed("the function host is not started; call start() first")
        return f"http://{HOST}:{self._port}/{target}"

    @property
    def port(self) -> int:
        """Where it listens; 0 before start()."""
        return self._port or 0

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def stop(self, grace_seconds: float = 5.0) -> None:
        """SIGTERM, then SIGKILL after the grace. Safe to call at any time, also twice."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._reader is not None:
            self._reader.join(grace_seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self) -> None:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            self._child = subprocess.Popen(
                self._command(), env={**self._environment, PARENT_VARIABLE: str(os.getpid())},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
            )
        self._reader = Thread(target=self._read, args=(self._child.stdout,), name="function-host-output", daemon=True)
        self._reader.start()

    def _command(self) -> list[str]:
        targets = [part for name, file in self._targets.items() for part in ("--target", f"{name}={file}")]
        return [sys.executable, "-m", "jobs.local.function_host", "--port", str(self._wanted_port), *targets]

    def _read(self, output: IO[bytes]) -> None:
        """The port from the first line that gives one; everything else is the functions' own output: to the log."""
        with output, self._log_path.open("ab", buffering=0) as log:
            for line in output:
                if self._port is None and (port := _port_of(line)):
                    self._port = port
                    self._ready.set()
                else:
                    log.write(line)
        self._ready.set()  # it ended: whoever waits need not wait on

    def _child_status(self) -> int | None:
        return None if self._child is None else self._child.poll()

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return self._log_path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        return "(no log)"


def _port_of(line: bytes) -> int | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    port = said.get("port") if isinstance(said, dict) and said.keys() == {"port"} else None
    return port if isinstance(port, int) else None


if __name__ == "__main__":
    from jobs.local.function_server import main

    sys.exit(main())
