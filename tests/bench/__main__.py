"""`make bench`: commits on every store; the stream's decoder, a tick's way to an order; the API; session, logs.

Uses the peers' benchmark folder (TRON_BENCH, or ../shared/bench beside the repository); makes what it needs there once.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.bench import logs

ROOT: Final = Path(__file__).resolve().parents[2]
COMPILED: Final = ROOT / "build" / "compiled"
ENGINE: Final = Path(__file__).with_name("session_engine.py")
PARTS: Final = ("stores", "instruments", "decoder", "latency", "memory", "api", "session", "sweep", "logs")
ALONE: Final = {
    "stores": "tests.bench.commits", "decoder": "tests.bench.decoder", "latency": "tests.bench.latency",
    "memory": "tests.bench.memory", "api": "tests.bench.api", "instruments": "tests.bench.instruments",
}
"""Parts that need no peer's environment."""
PEERS: Final = ("nautilus", "backtestingpy", "vectorbt_", "hftbacktest_")


def main() -> int:
    """0: measured. 2: the peers, or what was to be measured, are not here."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--strategy", choices=("vwap", "ema"), action="append")
    parser.add_argument("--only", choices=PARTS, action="append", help="parts of it; all without")
    parser.add_argument("--compiled", action="store_true", help="what `make compiled` has built, not the plain build")
    parser.add_argument("--woken", action="store_true", help="only minutes on which something can happen, as a sweep")
    chosen = parser.parse_args()
    if chosen.compiled and not (COMPILED / "common").is_dir():
        print(f"nothing is compiled in {COMPILED}: run `make compiled` first", file=sys.stderr)
        return 2
    environment = os.environ | ({"TRON_COMPILED": str(COMPILED)} if chosen.compiled else {})
    environment |= {"TRON_WOKEN": "1"} if chosen.woken else {}
    parts = chosen.only or PARTS
    for part, module in ALONE.items():
        if part in parts:
            subprocess.run([sys.executable, "-m", module], check=True)
    if set(parts) <= set(ALONE):
        return 0
    folder = Path(os.environ.get("TRON_BENCH", ROOT.parent / "shared" / "bench"))
    if not (folder / "run_inproc.py").is_file():
        print(f"no peers' benchmark in {folder}: name its folder in TRON_BENCH", file=sys.stderr)
        return 2
    home = Path(os.environ.get("BENCH_ROOT", Path.home() / ".cache" / "peers-bench"))
    python = home / "venvs" / "all" / "bin" / "python"
    if not python.exists() or not (home / "data" / "single_1m.parquet").exists():
        print(f"setting up the peers in {home} (minutes, gigabytes, once) ...", flush=True)
        subprocess.run(["sh", str(folder / "setup.sh")], check=True)
    for strategy in (chosen.strategy or ["vwap", "ema"]) if "session" in parts else []:
        command = [str(python), "run_inproc.py", "--n", str(chosen.bars), "--rounds", str(chosen.rounds)]
        command += ["--strategy", strategy, str(ENGINE)]
        command += [peer for peer in PEERS if strategy == "vwap" or peer != "hftbacktest_"]
        subprocess.run(command, check=True, cwd=folder, env=environment)
    if "sweep" in parts:
        command = [str(python), "run_inproc.py", "--task", "sweep", "--strategy", "ema", "--n", str(chosen.bars)]
        command += ["--rounds", str(chosen.rounds), str(ENGINE), "vectorbt_"]
        subprocess.run(command, check=True, cwd=folder, env=environment)
    if "logs" in parts:
        logs.measure(home / "venvs" / "micro" / "bin" / "python", chosen.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
