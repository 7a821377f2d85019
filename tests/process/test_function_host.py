"""The function host with the real functions-framework, as a child process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from common.adapters.sqlite import SqliteStore
from common.ports import Create
from jobs.local.function_host import FunctionHost, HostFailed
from jobs.local.relay import Relay, Trigger
from tests.process.waiting import BOUND_SECONDS, alive, until

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

FUNCTIONS = {
    "greet": """
import os
import functions_framework
print("loaded")

@functions_framework.http
def greet(request):
    if request.args.get("fail"):
        raise RuntimeError("as asked")
    return {"path": request.path, "method": request.method, "word": os.environ["WORD"], "pid": os.getpid()}
""",
    "remember": """
import os
from pathlib import Path
import functions_framework
from functions.firestore_event import decode

@functions_framework.cloud_event
def remember(event):
    found = decode(event)
    place = f"{found.collection} {found.id}"
    Path(os.environ["SEEN"]).write_text(f"{event['type']} {place} {found.fields} {found.old_fields}")
""",
    "undecorated": """
def undecorated(request):
    return {"method": request.method}
""",
}


@pytest.fixture
def targets(tmp_path: Path) -> dict[str, Path]:
    for name, source in FUNCTIONS.items():
        (tmp_path / f"{name}.py").write_text(source)
    return {name: tmp_path / f"{name}.py" for name in FUNCTIONS}


@pytest.fixture
def host(targets: dict[str, Path], tmp_path: Path) -> Iterator[FunctionHost]:
    environment = {**ENVIRONMENT, "WORD": "hello", "SEEN": str(tmp_path / "seen")}
    with FunctionHost(targets, environment, tmp_path / "host.log", ready_within_seconds=BOUND_SECONDS) as host:
        yield host
    assert not host.running


def test_http_function(host: FunctionHost, tmp_path: Path) -> None:
    """A function answers at /<target> without a redirect and below it, sees its environment; its output is logged."""
    answer = _get(host.url("greet"))
    assert (answer["path"], answer["method"], answer["word"]) == ("/", "GET", "hello")
    assert _get(host.url("greet") + "/below?x=1")["path"] == "/below"
    assert _get(host.url("greet"), b"body")["method"] == "POST"
    assert "loaded" in (tmp_path / "host.log").read_text()


def test_undecorated_function_is_http(host: FunctionHost) -> None:
    """A target does not take over the signature of the one that was loaded before it."""
    assert _get(host.url("undecorated")) == {"method": "GET"}


def test_requests_side_by_side(host: FunctionHost) -> None:
    """Forty requests from eight threads are answered by the one process."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _get(host.url("greet")), range(40)))
    assert len({answer["pid"] for answer in answers}) == 1


def test_failures_are_answers(host: FunctionHost, tmp_path: Path) -> None:
    """A function that raises answers 500 and leaves a trace; an unknown one 404; a GET to an event's function 405."""
    root = host.url("greet").removesuffix("/greet")
    for url, status in ((f"{root}/greet?fail=1", 500), (f"{root}/nobody", 404), (f"{root}/remember", 405)):
        with pytest.raises(urllib.error.HTTPError) as raised:
            _get(url)
        assert raised.value.code == status
        raised.value.close()
    assert "RuntimeError: as asked" in (tmp_path / "host.log").read_text()
    assert _get(root) == {"targets": ["greet", "remember", "undecorated"]}


def test_relay_to_cloud_event_function(host: FunctionHost, tmp_path: Path) -> None:
    """A committed document reaches a function under the real framework, decoded, by way of the relay."""
    store = SqliteStore(tmp_path / "store.db")
    relay = Relay(store, [Trigger("plans/{date}", "created", host.url("remember"))], tmp_path / "relay.json")
    relay.start()
    store.commit([Create("plans", "2025-08-29", {"status": "READY"})])
    assert relay.wait_until_settled(BOUND_SECONDS)
    relay.stop()
    store.close()
    seen = (tmp_path / "seen").read_text()
    assert seen == "google.cloud.firestore.document.v1.created plans 2025-08-29 {'status': 'READY'} None"


def test_a_target_that_cannot_load(targets: dict[str, Path], tmp_path: Path) -> None:
    """A missing file, a missing function and a source that fails stop the start, with the reason."""
    (tmp_path / "broken.py").write_text("raise RuntimeError('at import')")
    for name, path, says in (
        ("greet", tmp_path / "absent.py", "doesn't exist"), ("other", targets["greet"], "named 'other'"),
        ("broken", tmp_path / "broken.py", "at import"),
    ):
        host = FunctionHost({name: path}, ENVIRONMENT, tmp_path / f"{name}.log", ready_within_seconds=BOUND_SECONDS)
        with pytest.raises(HostFailed, match=says):
            host.start()
        assert not host.running


def test_a_start_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """A source that hangs at import is given up within its bound, and its process is gone."""
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(600)")
    host = FunctionHost({"slow": tmp_path / "slow.py"}, ENVIRONMENT, tmp_path / "log", ready_within_seconds=0.5)
    with pytest.raises(HostFailed, match=r"within 0\.5 s"):
        host.start()
    assert not host.running


def test_command_line(targets: dict[str, Path]) -> None:
    """By hand: one JSON line with the port, served until SIGTERM, status 0; mistakes are status 2 with a message."""
    command = [sys.executable, "-m", "jobs.local.function_host", "--port", "0"]
    environment = {**ENVIRONMENT, "WORD": "hi"}
    served = subprocess.Popen(
        [*command, "--target", f"remember={targets['remember']}"], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    assert served.stdout is not None
    port = json.loads(served.stdout.readline())["port"]
    assert _get(f"http://127.0.0.1:{port}") == {"targets": ["remember"]}
    served.send_signal(signal.SIGTERM)
    served.communicate(timeout=BOUND_SECONDS)
    assert served.returncode == 0
    refused = subprocess.run(
        [*command, "--target", "greet"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=BOUND_SECONDS, check=False,
    )
    assert refused.returncode == 2
    assert "NAME=path.py" in refused.stderr


TOP = """
import os, sys, time
from pathlib import Path
from jobs.local.function_host import FunctionHost
folder = Path(sys.argv[1])
host = FunctionHost({"launch": folder / "launch.py"}, dict(os.environ), folder / "host.log")
host.start()
print(host.url("launch"), flush=True)
time.sleep(600)
"""
LAUNCH = """
import os, sys
from datetime import date
from pathlib import Path
import functions_framework
from common.adapters.launchers.process import ProcessLauncher
from common.ports import Launch

@functions_framework.http
def launch(request):
    folder = Path(__file__).parent
    launcher = ProcessLauncher(folder / "run", dict(os.environ), [sys.executable, str(folder / "workload.py")])
    return {"host": os.getpid(), "workload": int(launcher.start(Launch("d-stock", date(2025, 8, 29), "stock")))}
"""
WORKLOAD = """
import os
from pathlib import Path
from jobs.local.parent_watch import PARENT_VARIABLE, exit_with_parent
assert exit_with_parent()
assert PARENT_VARIABLE not in os.environ and not exit_with_parent()
Path(__file__).with_suffix(".ready").touch()
while True:  # busy, as a replay is
    pass
"""


def test_nothing_outlives_the_top_process(tmp_path: Path) -> None:
    """kill -9 of the top process: the function host, its child, and the busy workload, its grandchild, are gone."""
    (tmp_path / "launch.py").write_text(LAUNCH)
    (tmp_path / "workload.py").write_text(WORKLOAD)
    top = subprocess.Popen(
        [sys.executable, "-c", TOP, str(tmp_path)], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert top.stdout is not None
    started = _get(top.stdout.readline().strip())
    try:
        until(lambda: (tmp_path / "workload.ready").exists())
        assert all(alive(pid) for pid in started.values())
        top.kill()
        top.communicate(timeout=BOUND_SECONDS)
        until(lambda: not any(alive(pid) for pid in started.values()))
    finally:
        for pid in (top.pid, *started.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert "its parent" in (tmp_path / "host.log").read_text()


def _get(url: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(url, body, timeout=BOUND_SECONDS) as response:
        return json.load(response)
