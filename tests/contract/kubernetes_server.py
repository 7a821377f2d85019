"""The small Kubernetes API of the shared tools, for tests; they skip where it is missing."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import requests

from jobs.local.simulated_kite import free_port
from tests.architecture.source_files import ROOT
from tests.process.waiting import until

PROGRAM: Final = ROOT.parent / "shared" / "tools" / "kubernetes" / "mini_kubernetes_api.py"


@contextmanager
def kubernetes(image: str, command: str, log: Path) -> Iterator[str]:
    """Its address. image: the end of a name; its entrypoint is `command` here."""
    if not PROGRAM.exists():
        pytest.skip(f"the small Kubernetes API is not at {PROGRAM}")
    port = free_port()
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(port), f"{image}={command}"], cwd=ROOT, stdout=out, stderr=out,
        )
    try:
        until(lambda: _answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait()


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/version", timeout=5).ok
    except OSError:
        return False
