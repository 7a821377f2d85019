"""Log records a second of CPU time and the caller's wait, beside logging and structlog: medians of rounds."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

CALLER: Final = Path(__file__).with_name("log_caller.py")
ENGINES: Final = ("tron", "logging, JSON", "logging, JSON, queue", "structlog", "structlog, orjson")
FIGURES: Final = ("rate", "median_ns", "p99_ns", "p999_ns")


def measure(python: Path, rounds: int) -> None:
    """Prints the table. python: of an environment that has structlog and orjson."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ENGINES}
    for _ in range(rounds):
        for name in ENGINES:
            with tempfile.TemporaryDirectory() as folder:
                command = [str(python), str(CALLER), name, str(Path(folder) / "log")]
                found[name].append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
            sys.stdout.flush()
    print("| engine | records/s of CPU time | caller, median | p99 | p99.9 | rate, tron's over theirs |")
    print("|---|---|---|---|---|---|")
    for name in ENGINES:
        rate, *waits = (statistics.median(one[figure] for one in found[name]) for figure in FIGURES)
        pairs = zip(found["tron"], found[name], strict=True)
        times = statistics.median(ours["rate"] / one["rate"] for ours, one in pairs)
        shown = " | ".join(f"{wait / 1000:.1f} µs" for wait in waits)
        print(f"| {name} | {rate:,.0f} | {shown} | {times:.2f} |")
