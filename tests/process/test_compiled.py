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
    _skip_where_nothing_is_built()
    command = [sys.executable, str(ROOT / "scripts" / "same_orders.py"), str(TARGET)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equal") >= 2


PLUGIN = """
from common.trading import session
from common.trading.strategy import Enter, Exit, Strategy
from tests.bench import session_engine
from tests.unit.test_sweep_sparse import _walk

class Turns(Strategy):
    name = "turns"

    def on_bar(self, bar, view):
        if view.quantity:
            return Exit("enough")
        return Enter(1, bar.close / 10, reason="again") if bar.close > bar.open else None

    def __init__(self, parameters):
        self.parameters = parameters

market = session_engine.prepare("single", "vwap", _walk(7))
driver = session_engine._driver(market[0], market[1][0][0], market[1][0][1], "vwap", {})
driver.session.slots["S00"].strategy = Turns(None)
driver.run(market[1][0][2])
print(session.__file__.endswith(".py"), len(driver.ledger.trades))
"""


def test_a_plugin_that_derives_from_strategy_trades_alike_in_both_builds() -> None:
    """A class of plain Python on the base class that the docs name: as many round trips compiled as plain."""
    _skip_where_nothing_is_built()
    said = []
    for source in (ROOT, TARGET):
        environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{ROOT}", "TRON_COMPILED": str(source)}
        command = [sys.executable, "-P", "-c", PLUGIN]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.split())
    (plain, plain_trades), (compiled, compiled_trades) = said
    assert (plain, compiled) == ("True", "False")
    assert plain_trades == compiled_trades
    assert int(plain_trades) > 10


def _skip_where_nothing_is_built() -> None:
    built = [(TARGET / source, ROOT / source) for source in sources()]
    if not all(copy.is_file() and copy.read_bytes() == source.read_bytes() for copy, source in built):
        pytest.skip("no compiled build of this source: make compiled, or TRON_COMPILE=1")
