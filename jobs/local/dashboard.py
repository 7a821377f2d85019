"""The dashboard as a part of the laptop's cloud: Streamlit as a child process that falls with this one."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from jobs.local.parent_watch import PARENT_VARIABLE, exit_with_parent
from jobs.local.proxy import DASHBOARD_PORT, HOST
from jobs.local.simulated_kite import free_port

FOLDER: Final = Path(__file__).resolve().parents[2] / "dashboard"
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0


class DashboardFailed(RuntimeError):
    """Streamlit does not start; the text has the end of what it said."""


@dataclass
class LocalDashboard:
    """A Part. home: of the run that it shows. api: address of the functions. day: that it opens with, None: today."""

    home: Path
    api: str
    port: int
    day: date | None = None
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where it is opened."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What Streamlit says."""
        return self.home / "dashboard.log"

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Returns when it answers. Raises DashboardFailed; then nothing is left running."""
        environment = {
            **os.environ, "TRON_HOME": str(self.home), "TRON_API_URL": self.api, PARENT_VARIABLE: str(os.getpid()),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(FOLDER.parent), os.environ.get("PYTHONPATH", "")))),
            "TRON_DASHBOARD_DAY": self.day.isoformat() if self.day is not None else "",
        }
        command = [sys.executable, "-m", "jobs.local.dashboard", str(self.port)]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command, cwd=FOLDER, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + READY_SECONDS
        while not self._answers():
            if not self.running or time.monotonic() > until:
                self.stop()
                tail = self.log.read_text(encoding="utf-8", errors="replace")[-1500:]
                raise DashboardFailed(f"the dashboard did not start (--no-dashboard leaves it out); it said:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Safe to call at any time, also twice."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2.0) as answer:
            return bool(answer.status == 200)
        return False


def dashboard_port() -> int:
    """Streamlit's own, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, DASHBOARD_PORT))
        except OSError:
            return free_port()
        return DASHBOARD_PORT


def _serve(port: str) -> None:
    """Streamlit in this process, until it is ended. The watch over the parent comes first."""
    exit_with_parent()
    from streamlit.web.cli import main

    main(["run", str(FOLDER / "app.py"), "--server.port", port])


if __name__ == "__main__":
    _serve(sys.argv[1])
