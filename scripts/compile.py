"""`make compiled`: the pure rooms as machine code (mypyc) in build/compiled, used where PYTHONPATH names that folder.

The modules are the same files, copied; the plain build stays the reference, and the last step proves that both trade
alike (scripts/same_orders.py).
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "build" / "compiled"
WHOLE_ROOMS: Final = ("trading", "exchange", "strategies")
MARKET: Final = ("bar", "instrument", "money")
RESEARCH: Final = ("memory_ledger", "schedules", "sparse", "tape")
LEFT_PLAIN: Final = ("__init__", "compiling", "parameters", "registry", "timed_route")
"""Pydantic and runtime_checkable need classes of Python; what looks for plug-ins is called once."""
SETTINGS: Final = "[mypy]\nexplicit_package_bases = true\nignore_missing_imports = true\n"
SETUP: Final = (
    "import sys; from setuptools import setup; from mypyc.build import mypycify; "
    "setup(name='tron-compiled', ext_modules=mypycify(['--config-file', 'mypy.ini', *sys.argv.pop().split(',')], "
    "opt_level='3', debug_level='0'))"
)


def main() -> int:
    """0: built, and it trades as the plain build does. 2: there is no compiler."""
    parser = argparse.ArgumentParser(prog="make compiled", description=__doc__)
    parser.add_argument("--no-proof", action="store_true", help="build only")
    chosen = parser.parse_args()
    if not any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang")):
        print("make compiled needs a C compiler (apt-get install gcc); without it use the plain build", file=sys.stderr)
        return 2
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.copytree(ROOT / "common", TARGET / "common", ignore=shutil.ignore_patterns("__pycache__"))
    (TARGET / "mypy.ini").write_text(SETTINGS)
    print("compiling the pure rooms (a minute or two) ...", flush=True)
    command = [sys.executable, "-c", SETUP, "-q", "build_ext", "--inplace", ",".join(sources())]
    done = subprocess.run(command, cwd=TARGET, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:] + done.stderr[-4000:], file=sys.stderr)
        return done.returncode
    shutil.rmtree(TARGET / "build")
    print(f"compiled: {TARGET.relative_to(ROOT)}; use it with PYTHONPATH={TARGET.relative_to(ROOT)}")
    if chosen.no_proof:
        return 0
    return subprocess.run([sys.executable, ROOT / "scripts" / "same_orders.py", TARGET], check=False).returncode


def sources() -> list[str]:
    """Modules to compile, as paths below the folder that holds `common`."""
    found = [Path("common") / "market" / f"{name}.py" for name in MARKET]
    found += [Path("common") / "research" / f"{name}.py" for name in RESEARCH]
    for room in WHOLE_ROOMS:
        paths = sorted((ROOT / "common" / room).glob("*.py"))
        found += [path.relative_to(ROOT) for path in paths if path.stem not in LEFT_PLAIN]
    return [str(path) for path in found]


if __name__ == "__main__":
    sys.exit(main())
