"""The compiled build: the same files, and the same orders to the last hash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.compile import LEFT_PLAIN, TARGET, sources

ROOT = Path(__file__).resolve().parents[2]


def test_every_pure_module_but_those_named_is_compiled() -> None:
    """A new module of trading, exchange or strategies is compiled without anybody listing it."""
    compiled = set(sources())
    for room in ("trading", "exchange", "strategies"):
        for path in (ROOT / "common" / room).glob("*.py"):
            assert (str(path.relative_to(ROOT)) in compiled) is (path.stem not in LEFT_PLAIN), path


def test_what_was_built_trades_as_the_plain_build() -> None:
    """Recorded days and a seeded walk, each in both builds: every order_hash is equal.

    Skipped where nothing is built, or what is built is older than the source: TRON_COMPILE=1 builds it first (minutes).
    """
    if os.environ.get("TRON_COMPILE"):
        if shutil.which("gcc") is None and shutil.which("cc") is None:
            pytest.skip("no C compiler: apt-get install gcc")
        command = [sys.executable, str(ROOT / "scripts" / "compile.py"), "--no-proof"]
        subprocess.run(command, check=True, cwd=ROOT)
    built = [(TARGET / source, ROOT / source) for source in sources()]
    if not all(copy.is_file() and copy.read_bytes() == source.read_bytes() for copy, source in built):
        pytest.skip("no compiled build of this source: make compiled, or TRON_COMPILE=1")
    command = [sys.executable, str(ROOT / "scripts" / "same_orders.py"), str(TARGET)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equal") >= 2
