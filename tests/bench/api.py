"""The API: p50 and p95 of each endpoint by trades stored, first answers cold beside a bare hello, memory."""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from common.adapters.sqlite import SqliteStore
from common.day.api.routes import ROUTES
from tests.process.api_case import DAY, store_day, trade

COUNTS: Final = (10, 1_000, 1_000_000)
COLD: Final = ("health", "plan", "workloads", "trades", "positions", "pnl", "logs", "control")
HELLO: Final = "import functions_framework\n\n@functions_framework.http\ndef hello(request):\n    return 'hello'\n"


def main() -> int:
    """0: measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api", description=__doc__)
    parser.add_argument("--asks", type=int, default=200, help="of each endpoint")
    parser.add_argument("--rounds", type=int, default=7, help="of cold starts")
    parser.add_argument("--counts", type=int, nargs="*", default=list(COUNTS))
    parser.add_argument("--ask", metavar="HOME", help=argparse.SUPPRESS)
    parser.add_argument("--cold", metavar="FILE", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.ask:
        return _ask_all(chosen.asks)
    if chosen.cold:
        return _first(chosen.cold)
    with tempfile.TemporaryDirectory(prefix="tron-bench-", dir=Path.cwd()) as folder:
        tables = {count: _asked(Path(folder) / str(count), count, chosen.asks) for count in chosen.counts}
        _print(tables)
        _cold(Path(folder), Path(folder) / str(chosen.counts[0]), chosen.rounds)
    return 0


def _asked(home: Path, trades: int, asks: int) -> dict[str, Any]:
    """Of each endpoint its milliseconds, in a process of its own."""
    home.mkdir()
    store = SqliteStore(home / "store.sqlite")
    store_day(store, min(trades, 1000), records=200)
    store.close()
    if trades > 1000:
        _fill(home / "store.sqlite", range(1000, trades))
    return _child(["--ask", str(home), "--asks", str(asks)], home)


def _fill(path: Path, numbers: range) -> None:
    """As the store would have it, without its journal of changes."""
    import sqlite3

    model = trade(1)
    with sqlite3.connect(path) as file:
        file.executemany(
            "INSERT INTO documents (collection, id, version, fields) VALUES ('trades', ?, 1, ?)",
            ((f"{DAY}-stock-{n:07d}", json.dumps({**model, **_times(n), "number": n})) for n in numbers),
        )


def _times(number: int) -> dict[str, str]:
    second = number % 20_000
    left = f"{9 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{number:07d}"[:15]
    return {"exit_time": f"{DAY}T{left}+05:30"}


def _child(arguments: list[str], home: Path) -> dict[str, Any]:
    environment = {
        **os.environ, "TRON_HOME": str(home), "TRON_LOCAL": "1", "TRON_API_RATE": "1e9", "PYTHONPATH": os.getcwd(),
    }
    command = [sys.executable, "-m", "tests.bench.api", *arguments]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return answer


def _ask_all(asks: int) -> int:
    from common.bootstrap import application
    from tests.process.api_case import Api

    api, took = Api(application()), dict[str, Any]()
    deep = None
    for path in ["/trades?limit=10&", "/trades?limit=200&", "/trades?limit=200&strategy=scalp&", *(
        f"{route.full_path}?" for route in ROUTES if route.method == "GET" and not {"symbol", "name"} & {
            one.name for one in route.parameters}
    )]:
        asked = f"{path}date={DAY}" if path.partition("?")[0] not in ("/health/live", "/health/cost", "/openapi",
                                                                  "/openapi/page") else path.rstrip("?")
        answer = api.ask(asked)
        if answer.status_code != 200:
            continue
        took[path.rstrip("?&")] = _times_of(api, asked, {}, asks)
        if etag := answer.headers.get("ETag"):
            took[f"{path.rstrip('?&')} 304"] = _times_of(api, asked, {"If-None-Match": etag}, asks)
        if path == "/trades?limit=200&":
            deep = json.loads(answer.data)["next"]
    if deep:
        took["/trades, next page"] = _times_of(api, f"/trades?limit=200&date={DAY}&cursor={deep}", {}, asks)
    print(json.dumps({"took": took, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    return 0


def _times_of(api: Any, path: str, headers: dict[str, str], asks: int) -> list[float]:
    """p50 and p95 in milliseconds of CPU: the machine may be shared."""
    took = []
    for _ in range(asks):
        begun = time.process_time()
        api.ask(path, headers=headers)
        took.append((time.process_time() - begun) * 1000)
    took.sort()
    return [took[len(took) // 2], took[len(took) * 95 // 100]]


def _print(tables: dict[int, dict[str, Any]]) -> None:
    counts = list(tables)
    print("| endpoint | " + " | ".join(f"p50, p95 ms: {count:,} trades" for count in counts) + " |")
    print("|---" * (len(counts) + 1) + "|")
    for name in tables[counts[-1]]["took"]:
        cells = [tables[count]["took"].get(name) for count in counts]
        shown = ("-" if one is None else f"{one[0]:.2f}, {one[1]:.2f}" for one in cells)
        print(f"| {name} | {' | '.join(shown)} |")
    print("| megabytes | " + " | ".join(f"{tables[count]['megabytes']:.0f}" for count in counts) + " |")


def _cold(folder: Path, home: Path, rounds: int) -> None:
    """From the start of the interpreter to the first answer, CPU seconds; in turn, so that noise falls on all alike."""
    hello = folder / "hello.py"
    hello.write_text(HELLO)
    files = {"hello": hello, **{name: Path("functions") / f"{name}.py" for name in COLD}}
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    from jobs.local.firestore_emulator import EmulatorMissing, FirestoreEmulator

    try:
        with FirestoreEmulator() as emulator:
            for _ in range(rounds):
                for store in ("embedded", "firestore"):
                    os.environ["TRON_STORE"] = "sqlite" if store == "embedded" else "firestore"
                    os.environ["TRON_PROJECT"], os.environ["FIRESTORE_EMULATOR_HOST"] = "bench", emulator.address
                    for name, file in files.items():
                        found.setdefault((store, name), []).append(_child(["--cold", f"{name}={file}"], home))
    except EmulatorMissing as missing:
        print(f"without cold starts: {missing}")
        return
    print("| function | " + " | ".join(f"{store}: CPU s, over hello, MB" for store in ("embedded", "firestore")) + " |")
    print("|---|---|---|")
    for name in files:
        cells = []
        for store in ("embedded", "firestore"):
            each = statistics.median(one["seconds"] for one in found[store, name])
            bare = statistics.median(one["seconds"] for one in found[store, "hello"])
            most = max(one["megabytes"] for one in found[store, name])
            cells.append(f"{each:.3f}, {each / bare:.2f}, {most:.0f}")
        print(f"| {name} | {' | '.join(cells)} |")


def _first(target: str) -> int:
    """In a fresh interpreter, which imports what the framework and the function import and nothing else."""
    code = (
        "import json, resource, sys, time\nimport functions_framework\nname, file = sys.argv[1].split('=')\n"
        "client = functions_framework.create_app(name, file).test_client()\n"
        f"answer = client.get('/', query_string={{}} if name in ('hello',) else {{'date': '{DAY}'}})\n"
        "assert answer.status_code in (200, 404), answer.data\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(json.dumps({'seconds': time.process_time(), 'megabytes': used.ru_maxrss / 1024}))\n"
    )
    return subprocess.run([sys.executable, "-c", code, target], check=True).returncode


if __name__ == "__main__":
    sys.exit(main())
