"""The simulated Kite as a part of the laptop's cloud, and what those who trade on it are told."""

import os
import re
import socket
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from common.planning.mandate import default_mandate_text
from jobs.local.keeping import Child

HOST: Final = "127.0.0.1"
PERSON: Final = "AB1234"
KEY: Final = "simulated"
"""Of the app, and its secret: of a market that does not exist."""
TIMEOUT_SECONDS: Final = 10.0


@dataclass
class SimulatedKite:
    """A part for the keeper. environment: of those who trade there; it is told the addresses and the app's key.

    sends: whether orders go there, or stay on paper.
    played: variables of the session's clock. functions_url: where the functions will be. postbacks: whether one of
    them takes order news. cash_rupees: of the account.
    """

    home: Path
    day: date
    sessions: Sequence[Path]
    seed: int
    played: Mapping[str, str]
    environment: dict[str, str]
    functions_url: str
    postbacks: bool
    port: int
    cash_rupees: int
    sends: bool = True
    _child: Child | None = None

    @property
    def url(self) -> str:
        """Of its HTTP interface."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.home / "kite_server.log"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._child is not None and self._child.running

    def start(self) -> None:
        """Serves; started again it knows its journal's login. Raises RuntimeError, OSError."""
        command = [
            sys.executable, "-m", "jobs.cli", "kite-server", "--port", str(self.port), "--date", self.day.isoformat(),
            "--seed", str(self.seed), "--journal", str(self.home / "kite_server.jsonl"),
            "--cash", str(self.cash_rupees),
            "--redirect-url", f"{self.functions_url}/kite_login",
            *(("--postback-url", f"{self.functions_url}/kite_postback") if self.postbacks else ()),
            *(part for path in self.sessions for part in ("--session", str(path))),
        ]
        self._child = Child(command, {**os.environ, **self.played}, self.log, self._answers)
        self._child.start()
        self.environment |= {
            "TRON_BROKER": "kite" if self.sends else "paper", "TRON_MARKET": "kite",
            "TRON_KITE_URL": self.url, "TRON_KITE_STREAM_URL": f"ws://{HOST}:{self.port}",
            "TRON_KITE_LOGIN_URL": f"{self.url}/connect/login", "TRON_KITE_USER": PERSON, "TRON_EGRESS": HOST,
            "TRON_FUNCTIONS_URL": self.functions_url, "TRON_SECRET_KITE_API_KEY": KEY,
            "TRON_SECRET_KITE_API_SECRET": KEY,
        }

    def stop(self) -> None:
        """Safe to call twice."""
        if self._child is not None:
            self._child.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_control/state", timeout=TIMEOUT_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def live_mandate(home: Path, mandate: Path | None) -> Path:
    """A copy of the person's limits, in this run's directory alone, that says live."""
    text = default_mandate_text() if mandate is None else mandate.read_text(encoding="utf-8")
    changed, count = re.subn(r'(?m)^mode\s*=\s*"\w+"', 'mode = "live"', text)
    path = home / "mandate-live.toml"
    path.write_text(changed if count else f'mode = "live"\n{text}', encoding="utf-8")
    return path


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
