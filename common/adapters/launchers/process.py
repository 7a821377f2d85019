"""Workloads as processes of this machine; a lock that the child holds makes the same launch twice one process."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from common.launch_ports import LaunchError, LaunchState
from common.ports import Launch

PARENT_VARIABLE: Final = "TRON_PARENT_PID"
"""Tells the child whose death it must not survive; jobs.local.parent_watch reads it."""
GATE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.01

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ProcessLauncher:
    """Launcher of `command --date D --asset-class C ...`, with its lock, process id and output in `run_directory`.

    A child inherits the locked file, so the claim lasts exactly as long as it lives, whoever started it, however it
    ends. Several launchers, also in several processes, may share a run directory.
    """

    def __init__(
        self, run_directory: Path, environment: Mapping[str, str], command: Sequence[str] | None = None
    ) -> None:
        """environment: the child's whole environment, to which a launch adds; secrets go there, never in `command`."""
        self._run_directory = run_directory
        self._environment = dict(environment)
        self._command = tuple(command or (sys.executable, "-m", "jobs.trade"))
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, launch: Launch) -> str:
        """The process id as text, of the running one if there is one. Raises LaunchError."""
        with self._gate(launch.id), self._claim_file(launch.id) as claim:
            if not _try_lock(claim):
                return self._recorded(launch.id)
            self._pid_path(launch.id).unlink(missing_ok=True)
            child = self._spawn(launch, claim)
            _write_whole(self._pid_path(launch.id), json.dumps({"pid": child.pid}))
        self._children[launch.id] = child
        return str(child.pid)

    def running(self, launch_id: str) -> bool:
        if not self._claim_path(launch_id).exists():
            return False
        if child := self._children.get(launch_id):
            child.poll()
        with self._gate(launch_id), self._claim_file(launch_id) as claim:
            return not _try_lock(claim)

    def stop(self, launch_id: str, grace_seconds: float = 5.0) -> bool:
        """SIGTERM, then SIGKILL after the grace; returns whether it is gone. Does nothing when it is not running."""
        for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, GATE_SECONDS)):
            if not self._signal(launch_id, number) or self._gone_within(launch_id, seconds):
                return not self.running(launch_id)
        return not self.running(launch_id)

    def exit_status(self, launch_id: str) -> int | None:
        """How the latest process that this launcher started ended; None while it runs or if another started it."""
        child = self._children.get(launch_id)
        return None if child is None else child.poll()

    def state(self, launch_id: str) -> LaunchState:
        """How it ended is known to the launcher that started it alone."""
        if self.running(launch_id):
            return "running"
        status = self.exit_status(launch_id)
        if status is None:
            return "absent"
        return "failed" if status else "succeeded"

    def log_link(self, launch_id: str) -> str:
        """The file's path."""
        return str(self.log_path(launch_id))

    def log_path(self, launch_id: str) -> Path:
        """Standard output and error of the workload, all its starts one after the other."""
        return self._run_directory / f"{_checked(launch_id)}.log"

    def _spawn(self, launch: Launch, claim: IO[bytes]) -> subprocess.Popen[bytes]:
        command = (*self._command, "--date", launch.date.isoformat(), "--asset-class", launch.asset_class)
        environment = {**self._environment, **launch.environment, PARENT_VARIABLE: str(os.getpid())}
        try:
            with self.log_path(launch.id).open("ab") as log:
                # A session of its own: Ctrl-C reaches the person's command, which then stops its children in order.
                return subprocess.Popen(
                    (*command, *launch.arguments), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=(claim.fileno(),), start_new_session=True,
                )
        except (OSError, ValueError) as error:
            raise LaunchError(f"cannot start {launch.id}: {self._command[0]}: {error}; check the command") from error

    def _signal(self, launch_id: str, number: int) -> bool:
        """Sends while the claim is held, so that the number cannot belong to another process."""
        if not self.running(launch_id):
            return False
        recorded = self._recorded(launch_id)
        if not recorded.isdecimal():
            return False
        try:
            os.kill(int(recorded), number)
        except ProcessLookupError:
            return False
        return True

    def _gone_within(self, launch_id: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running(launch_id):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _recorded(self, launch_id: str) -> str:
        try:
            return str(json.loads(self._pid_path(launch_id).read_text())["pid"])
        except (OSError, ValueError, KeyError):
            return "running"  # its launcher was killed between the start and the note

    @contextmanager
    def _gate(self, launch_id: str) -> Iterator[None]:
        """One start or look at a time: a look holds the claim for a moment and must not pass for a workload."""
        with self._open(self._run_directory / f"{_checked(launch_id)}.gate") as gate:
            deadline = time.monotonic() + GATE_SECONDS
            while not _try_lock(gate):
                if time.monotonic() > deadline:
                    raise LaunchError(f"{gate.name} was locked for {GATE_SECONDS} s; look for a stopped launcher")
                time.sleep(POLL_SECONDS)
            yield

    def _claim_file(self, launch_id: str) -> IO[bytes]:
        return self._open(self._claim_path(launch_id))

    def _claim_path(self, launch_id: str) -> Path:
        return self._run_directory / f"{_checked(launch_id)}.lock"

    def _pid_path(self, launch_id: str) -> Path:
        return self._run_directory / f"{_checked(launch_id)}.pid.json"

    def _open(self, path: Path) -> IO[bytes]:
        try:
            self._run_directory.mkdir(parents=True, exist_ok=True)
            return path.open("ab")
        except OSError as error:
            raise LaunchError(f"cannot open {path}: {error}; give another run directory") from error


def _checked(launch_id: str) -> str:
    if not _ID.fullmatch(launch_id):
        raise LaunchError(f"launch id {launch_id!r} is not allowed; give letters, digits, '.', '_' and '-'")
    return launch_id


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_whole(path: Path, text: str) -> None:
    incoming = path.with_suffix(".new")
    incoming.write_text(text)
    incoming.replace(path)
