"""`python -m jobs.api`: the API as a container of the cluster has it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS = 30.0


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where it answers, with a home of its own and no person at the machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRON_")}
    command = [sys.executable, "-m", "jobs.api", "--host", "127.0.0.1", "--port", str(port)]
    child = subprocess.Popen(command, env={**environment, "TRON_HOME": str(tmp_path)}, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        assert child.wait(20) == 0


def ask(url: str) -> tuple[int, object]:
    """Status and JSON."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_it_answers_whoever_has_a_key_and_nobody_else(address: str) -> None:
    """Alive for the probes; the account for keys alone, also on the machine itself; the day's functions not at all."""
    assert ask(f"{address}/health/live") == (200, {"status": "ok"})
    assert ask(f"{address}/trades")[0] == 401
    assert ask(f"{address}/square_off")[0] == 404
