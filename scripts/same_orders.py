"""Proves that the compiled build trades as the plain one does: equal order_hash, run by run, each in its own process.

Recorded days are those of tests/simulation/test_pinned_strategies.py, where their data is; the bench's session trades
100,000 bars of a seeded walk besides.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
DATA: Final = Path(os.environ.get("TRON_SHARED") or ROOT.parent / "shared") / "data"
FIRST_RECORDED: Final = date(2016, 8, 16)
BARS: Final = 100_000
MINUTES_A_DAY: Final = 375
FIRST_OPEN: Final = 1_704_080_700 * 10**9
"""2024-01-01 09:15 IST, nanoseconds."""


def main() -> int:
    """0: every hash is equal. 1: one is not, or what should be compiled is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compiled", type=Path, help="folder that holds the compiled `common`")
    parser.add_argument("--hashes", action="store_true", help="print this process's own hashes as JSON")
    chosen = parser.parse_args()
    if chosen.hashes:
        print(json.dumps(hashes()))
        return 0
    plain, compiled = _of(ROOT), _of(chosen.compiled.resolve())
    if not compiled.pop("machine code") or plain.pop("machine code"):
        print(f"{chosen.compiled} was not used: build it with `make compiled`", file=sys.stderr)
        return 1
    for name, found in plain.items():
        print(f"{'equal' if compiled[name] == found else 'DIFFERENT':9} {found[:16]} {compiled[name][:16]}  {name}")
    return 0 if plain == compiled else 1


def hashes() -> dict[str, Any]:
    """order_hash by run, of the `common` that this process imports."""
    from common.trading import session
    from common.trading.order_hash import order_hash
    from tests.bench import session_engine

    found: dict[str, Any] = {"machine code": not str(session.__file__).endswith(".py")}
    for strategy in ("vwap", "ema"):
        market = session_engine.prepare("single", strategy, _walk())
        for how, run in (("every bar", session_engine.trade), ("woken", session_engine.sparse)):
            ledger = run(market, strategy, {}).ledger
            found[f"bench {strategy}, {how}: {len(ledger.trades)} trades"] = order_hash(ledger.orders.values())
    return found | _recorded()


def _recorded() -> dict[str, str]:
    from common.planning.mandate import default_mandate_text, parse_mandate
    from common.research.backtest import backtest
    from common.research.backtest_plan import Request
    from tests.simulation.test_pinned_strategies import PINNED

    found = {}
    mandate = parse_mandate(default_mandate_text())
    for strategy, files, symbols, parameters, _, _ in PINNED:
        paths = tuple(DATA / name for name in files)
        if all(path.is_file() for path in paths):
            request = Request(strategy, paths, symbols, FIRST_RECORDED if symbols else None, None, parameters, 0)
            result = backtest(request, mandate)
            found[f"recorded {strategy}: {len(result['trades'])} trades"] = result["order_hash"]
    return found


def _walk() -> dict[str, Any]:
    """Whole sessions of one share at about 1,000 rupees, in the bench's columns."""
    import numpy as np

    chance, price = random.Random(11), 1000.0  # noqa: S311 (a market, not a secret)
    rows = []
    for number in range(BARS):
        day, minute = divmod(number, MINUTES_A_DAY)
        ts = FIRST_OPEN + (day * 1440 + minute) * 60 * 10**9
        steps = [price + 0.05 * round(chance.gauss(0, 12)) for _ in range(4)]
        volume = float(chance.randrange(1_000, 90_000))
        rows.append((ts, steps[0], max(steps), min(steps), steps[3], volume, day, minute))
        price = max(100.0, steps[3])
    columns = zip(*rows, strict=True)
    return dict(zip(("ts", "open", "high", "low", "close", "volume", "day", "k"), map(np.array, columns), strict=True))


def _of(source: Path) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{ROOT}", "TRON_COMPILED": str(source)}
    command = [sys.executable, "-P", __file__, str(source), "--hashes"]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
