"""The process launcher with real processes: one launch is one process, whoever asks and however it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest

from common.adapters.launchers import process
from common.adapters.launchers.process import ProcessLauncher
from common.launch_ports import LaunchError
from common.ports import Launch
from jobs.local import parent_watch
from tests.process.waiting import BOUND_SECONDS, alive, until

ROOT = Path(__file__).parents[2]
DAY = date(2025, 8, 29)
STOCK = Launch("2025-08-29-stock", DAY, "stock", ("--fast",), {"KEY": "hidden"})

WORKLOAD = """
import json, os, sys, time
with open(os.environ["STARTS"], "a") as starts:
    starts.write(json.dumps({"pid": os.getpid(), "argv": sys.argv[1:], "env": dict(os.environ)}) + "\\n")
print("to the log", flush=True)
deadline = time.monotonic() + 60
while not os.path.exists(os.environ["STARTS"] + ".end") and time.monotonic() < deadline:
    time.sleep(0.01)
sys.exit(3)
"""


class Run:
    """A run directory and a workload that runs until it is told to end."""

    def __init__(self, folder: Path) -> None:
        self.directory = folder / "run"
        self.starts_path = folder / "starts"
        (folder / "workload.py").write_text(WORKLOAD)
        self.command = (sys.executable, str(folder / "workload.py"))

    def launcher(self) -> ProcessLauncher:
        return ProcessLauncher(self.directory, {"STARTS": str(self.starts_path)}, self.command)

    def end(self) -> None:
        Path(f"{self.starts_path}.end").touch()

    @property
    def starts(self) -> list[dict[str, object]]:
        if not self.starts_path.exists():
            return []
        return [json.loads(line) for line in self.starts_path.read_text().splitlines(True) if line.endswith("\n")]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.end()
    until(lambda: not any(alive(int(str(start["pid"]))) for start in run.starts))


def test_a_launch_has_its_arguments_environment_and_log(run: Run) -> None:
    """Date and asset class are arguments; the secret is in the environment only; output goes to the log."""
    launcher = run.launcher()
    handle = launcher.start(STOCK)
    until(lambda: run.starts != [])
    (start,) = run.starts
    assert str(start["pid"]) == handle
    assert start["argv"] == ["--date", "2025-08-29", "--asset-class", "stock", "--fast"]
    environment = start["env"]
    assert isinstance(environment, dict)
    assert environment["KEY"] == "hidden"
    assert set(environment) - {"LC_CTYPE"} == {"STARTS", "KEY", process.PARENT_VARIABLE}
    assert environment[process.PARENT_VARIABLE] == str(os.getpid())
    until(lambda: launcher.log_path(STOCK.id).read_text() == "to the log\n")


def test_the_same_launch_while_it_runs_is_the_same_process(run: Run) -> None:
    """Again from this launcher or another one: the handle of the one that runs, and no second start."""
    handle = run.launcher().start(STOCK)
    assert run.launcher().start(STOCK) == handle
    assert run.launcher().running(STOCK.id)
    assert not run.launcher().running("2025-08-29-options")
    until(lambda: run.starts != [])
    assert len(run.starts) == 1


def test_after_its_end_it_can_start_again(run: Run) -> None:
    """Its end shows in running() and exit_status(); the next start is a new process, the log goes on."""
    launcher = run.launcher()
    first = launcher.start(STOCK)
    assert launcher.exit_status(STOCK.id) is None
    run.end()
    until(lambda: not launcher.running(STOCK.id))
    until(lambda: launcher.exit_status(STOCK.id) == 3)
    assert launcher.start(STOCK) != first
    until(lambda: len(run.starts) == 2)


def test_a_killed_workload_leaves_no_claim(run: Run) -> None:
    """kill -9 of the workload frees its launch at once."""
    launcher = run.launcher()
    handle = launcher.start(STOCK)
    os.kill(int(handle), signal.SIGKILL)
    until(lambda: not launcher.running(STOCK.id))
    assert launcher.start(STOCK) != handle


def test_threads_race_and_lookers_disturb_nothing(run: Run) -> None:
    """Sixteen threads start the same launch while others look: one process, one handle."""
    barrier = Barrier(16)

    def start(n: int) -> str:
        launcher = run.launcher()
        barrier.wait(BOUND_SECONDS)
        for _ in range(5):
            launcher.running(STOCK.id)
        return launcher.start(STOCK) if n % 2 else ""

    with ThreadPoolExecutor(16) as pool:
        handles = set(pool.map(start, range(16))) - {""}
    assert len(handles) == 1
    until(lambda: run.starts != [])
    assert len(run.starts) == 1


STARTER = """
import sys
from datetime import date
from pathlib import Path
from common.adapters.launchers.process import ProcessLauncher
from common.ports import Launch
launcher = ProcessLauncher(Path(sys.argv[1]), {"STARTS": sys.argv[2]}, [sys.executable, sys.argv[3]])
sys.stdin.readline()
print(launcher.start(Launch("2025-08-29-stock", date(2025, 8, 29), "stock")), flush=True)
"""


def test_processes_race(run: Run) -> None:
    """Four processes start the same launch at once: one process, and it outlives the others' ends."""
    arguments = [str(run.directory), str(run.starts_path), run.command[1]]
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, *arguments],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    handles = {starter.communicate("go\n", timeout=BOUND_SECONDS)[0] for starter in starters}
    assert len(handles) == 1
    until(lambda: run.starts != [])
    assert len(run.starts) == 1
    assert run.launcher().running(STOCK.id)


def test_stop(run: Run) -> None:
    """stop() from another launcher ends the workload; stopping what does not run is no error."""
    run.launcher().start(STOCK)
    until(lambda: run.starts != [])
    assert run.launcher().stop(STOCK.id)
    assert not run.launcher().running(STOCK.id)
    assert run.launcher().stop(STOCK.id)


def test_what_cannot_start_says_so(run: Run) -> None:
    """A command that does not exist and an id that is no file name are named; nothing stays claimed."""
    launcher = ProcessLauncher(run.directory, {}, ("/no/such/command",))
    with pytest.raises(LaunchError, match="/no/such/command"):
        launcher.start(STOCK)
    assert not launcher.running(STOCK.id)
    for id in ("../x", "", "a/b", ".hidden"):
        with pytest.raises(LaunchError, match="not allowed"):
            launcher.start(Launch(id, DAY, "stock"))


def test_parent_variable_is_what_the_watch_reads() -> None:
    """Adapters and jobs may not import each other, so the name is written twice."""
    assert process.PARENT_VARIABLE == parent_watch.PARENT_VARIABLE
