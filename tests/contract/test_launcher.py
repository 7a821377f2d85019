"""What every launcher promises, of real processes: on this machine, through Kubernetes' API, through Cloud Run's."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Final

import pytest

from common.adapters.clock import SystemClock
from common.adapters.launchers.by_class import LauncherByClass
from common.adapters.launchers.cloud_run import CloudRunLauncher
from common.adapters.launchers.gke import GkeLauncher
from common.adapters.launchers.kubernetes_api import Kubernetes, inside
from common.adapters.launchers.process import ProcessLauncher
from common.adapters.memory import MemoryStore
from common.bootstrap_launcher import TEMPLATE
from common.day.start import launch
from common.launch_ports import LaunchError, OperatedLauncher
from common.market.instrument import AssetClass
from common.ports import Launch
from tests.contract.cloud_run_server import CloudRun, cloud_run
from tests.contract.kubernetes_server import kubernetes
from tests.process.waiting import BOUND_SECONDS, alive, until

DAY: Final = date(2025, 8, 29)
STOCK: Final = Launch("2025-08-29-stock", DAY, "stock", ("--fast",), {"KEY": "given"})
OPTIONS: Final = Launch("2025-08-29-options", DAY, "options")
IMAGE: Final = "registry.example/tron@sha256:" + 64 * "0"
NAMESPACE: Final = "tron-development"
GRACE_SECONDS: Final = 20.0

WORKLOAD: Final = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
with (folder / "starts").open("a") as starts:
    starts.write(json.dumps({"pid": os.getpid(), "argv": sys.argv[2:], "key": os.environ.get("KEY")}) + "\\n")
deadline = time.monotonic() + 60
while not (folder / "end").exists() and time.monotonic() < deadline:
    time.sleep(0.01)
sys.exit(int((folder / "end").read_text()))
"""


@dataclass
class World:
    """A workload that runs until it is told to end. launcher: a new one each time, as another process would have."""

    folder: Path
    launcher: Callable[[], OperatedLauncher]
    address: str = ""

    def end(self, status: int = 0) -> None:
        (self.folder / "part").write_text(str(status))
        (self.folder / "part").rename(self.folder / "end")

    @property
    def starts(self) -> list[dict[str, Any]]:
        path = self.folder / "starts"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")]


def plain_template(folder: Path) -> Path:
    """The Job as it is shipped, but for the maps of settings, which the small API does not hand to processes."""
    job = json.loads(TEMPLATE.read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    del container["envFrom"]
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    return path


@pytest.fixture(params=["process", "gke", "cloud_run"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    (tmp_path / "workload.py").write_text(WORKLOAD)
    command = (sys.executable, str(tmp_path / "workload.py"), str(tmp_path))
    with ExitStack() as stack:
        if request.param == "process":
            world = World(tmp_path, lambda: ProcessLauncher(tmp_path / "run", {}, command))
        elif request.param == "gke":
            address = stack.enter_context(kubernetes("tron", " ".join(command), tmp_path / "api.log"))
            template = plain_template(tmp_path)
            world = World(
                tmp_path, lambda: GkeLauncher(Kubernetes(address, NAMESPACE), template, IMAGE, "p"), address,
            )
        else:
            address = stack.enter_context(cloud_run(CloudRun(command, {"PATH": os.environ["PATH"]})))
            world = World(tmp_path, lambda: CloudRunLauncher("p", "asia-south1", "trade", address), address)
        yield world
        if not (tmp_path / "end").exists():
            world.end()
        until(lambda: not any(alive(one["pid"]) for one in world.starts))


def test_a_launch_has_its_arguments_and_environment(world: World) -> None:
    """Date, asset class and what the launch adds are arguments; its variables are in the environment."""
    assert world.launcher().state(STOCK.id) == "absent"
    assert world.launcher().start(STOCK)
    until(lambda: world.starts != [])
    (start,) = world.starts
    assert start["argv"][-5:] == ["--date", "2025-08-29", "--asset-class", "stock", "--fast"]
    assert start["key"] == "given"
    assert world.launcher().state(STOCK.id) == "running"
    assert world.launcher().log_link(STOCK.id)


def test_the_same_launch_while_it_runs_does_nothing(world: World) -> None:
    """Again, by another launcher: the same handle. Another asset class is another launch."""
    handle = world.launcher().start(STOCK)
    until(lambda: len(world.starts) == 1)
    assert world.launcher().start(STOCK) == handle
    assert world.launcher().running(STOCK.id)
    assert not world.launcher().running(OPTIONS.id)
    assert world.launcher().start(OPTIONS) != handle
    until(lambda: len(world.starts) == 2)
    assert world.launcher().running(OPTIONS.id)


@pytest.mark.parametrize(("status", "state"), [(0, "succeeded"), (2, "failed")])
def test_after_its_end_it_can_start_again(world: World, status: int, state: str) -> None:
    """How it ended shows, and the next start is a new one."""
    launcher = world.launcher()
    launcher.start(STOCK)
    until(lambda: len(world.starts) == 1)
    world.end(status)
    until(lambda: launcher.state(STOCK.id) == state)
    assert not launcher.running(STOCK.id)
    launcher.start(STOCK)
    until(lambda: len(world.starts) == 2)
    assert world.starts[0]["argv"] == world.starts[1]["argv"]
    until(lambda: not launcher.running(STOCK.id))


def test_stop(world: World) -> None:
    """By another launcher: SIGTERM ends it; to stop what does not run is no error; it can start again."""
    world.launcher().start(STOCK)
    until(lambda: world.starts != [])
    assert world.launcher().stop(STOCK.id, GRACE_SECONDS)
    until(lambda: not alive(world.starts[0]["pid"]))
    assert not world.launcher().running(STOCK.id)
    assert world.launcher().stop(STOCK.id)
    world.launcher().start(STOCK)
    until(lambda: len(world.starts) == 2)


def test_events_that_race_start_it_once(world: World) -> None:
    """Twelve deliveries of a plan at once, each with a launcher of its own: the claim in the store lets one start."""
    store, barrier = MemoryStore(), Barrier(12)

    def deliver(_: int) -> str:
        launcher = world.launcher()
        barrier.wait(BOUND_SECONDS)
        return launch(DAY, AssetClass.STOCK, store, launcher, SystemClock())

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(deliver, range(12)))
    until(lambda: world.starts != [])
    allowed = {"running", "claimed a moment ago", "claimed by another"}
    assert len([answer for answer in answers if answer not in allowed]) == 1
    assert launch(DAY, AssetClass.STOCK, store, world.launcher(), SystemClock()) == "running"
    assert len(world.starts) == 1


def test_each_class_has_its_launcher(tmp_path: Path) -> None:
    """Only the launcher that is needed is made, once; who is not named is a process of this machine."""
    made: list[str] = []

    def maker(name: str) -> Callable[[], OperatedLauncher]:
        def make() -> OperatedLauncher:
            made.append(name)
            return ProcessLauncher(tmp_path / name, {}, (sys.executable, "-c", ""))

        return make

    both = LauncherByClass({"stock": "gke"}, {"gke": maker("gke"), "process": maker("process")})
    assert not both.running(STOCK.id)
    assert made == ["gke"]
    both.start(STOCK)
    both.start(OPTIONS)
    assert made == ["gke", "process"]
    assert (tmp_path / "gke" / f"{STOCK.id}.log").exists()
    assert (tmp_path / "process" / f"{OPTIONS.id}.log").exists()
    assert all(both.stop(one.id) for one in (STOCK, OPTIONS))
    with pytest.raises(LaunchError, match="asset class"):
        both.running("stock")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    with kubernetes("tron", "/bin/false", tmp_path / "api.log") as address:
        yield address


def test_the_shipped_job_as_another_client_reads_it(cluster: str) -> None:
    """The official client sees name, image, arguments and labels; the strict API has taken every field of it."""
    import kubernetes as official

    GkeLauncher(Kubernetes(cluster, NAMESPACE), TEMPLATE, IMAGE, "p").start(STOCK)
    jobs: Any = official.client.BatchV1Api(official.client.ApiClient(official.client.Configuration(host=cluster)))
    (job,) = jobs.list_namespaced_job(NAMESPACE, label_selector="tron/date=2025-08-29,tron/asset-class=stock").items
    (container,) = job.spec.template.spec.containers
    assert (job.metadata.name, container.image) == ("trade-2025-08-29-stock", IMAGE)
    assert container.args == ["-m", "jobs.trade", "--date", "2025-08-29", "--asset-class", "stock", "--fast"]
    assert {one.name: one.value for one in container.env} == {"TRON_HOME": "/var/tron", "KEY": "given"}
    assert job.spec.template.metadata.labels["app.kubernetes.io/name"] == "trade"
    jobs.delete_namespaced_job("trade-2025-08-29-stock", NAMESPACE)
    assert GkeLauncher(Kubernetes(cluster, NAMESPACE), TEMPLATE, IMAGE, "p").state(STOCK.id) == "absent"


def test_what_the_cluster_refuses_is_said(cluster: str, tmp_path: Path) -> None:
    """A field that Kubernetes does not know, a file that is no Job, a cluster that is not there, no pod around us."""
    job = json.loads(TEMPLATE.read_text())
    job["spec"]["backofLimit"] = 1
    (tmp_path / "wrong.json").write_text(json.dumps(job))
    (tmp_path / "none.json").write_text("{}")
    api = Kubernetes(cluster, NAMESPACE)
    for template, told in (("wrong.json", "backofLimit"), ("none.json", "TRON_KUBERNETES_JOB")):
        with pytest.raises(LaunchError, match=told):
            GkeLauncher(api, tmp_path / template, IMAGE, "p").start(STOCK)
    with pytest.raises(LaunchError, match="does not answer"):
        GkeLauncher(Kubernetes("http://127.0.0.1:9", NAMESPACE), TEMPLATE, IMAGE, "p").running(STOCK.id)
    with pytest.raises(LaunchError, match="TRON_KUBERNETES_URL"):
        inside("", tmp_path / "account")


def test_inside_a_pod_the_token_is_read_each_time(tmp_path: Path) -> None:
    """The cluster gives a pod another token while it runs; the namespace is the pod's own."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    (tmp_path / "namespace").write_text(f"{NAMESPACE}\n")
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        api = inside("", tmp_path, f"http://127.0.0.1:{server.server_port}")
        for token in ("first", "second"):
            (tmp_path / "token").write_text(token)
            assert GkeLauncher(api, TEMPLATE, IMAGE, "p").state(STOCK.id) == "absent"
        server.shutdown()
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/trade-{STOCK.id}"
    assert seen == [(path, "Bearer first"), (path, "Bearer second")]


def test_what_cloud_run_refuses_is_said(tmp_path: Path) -> None:
    """A job that is not there, with the status and what to look at."""
    with cloud_run(CloudRun((sys.executable,), {})) as address:
        launcher = CloudRunLauncher("p", "asia-south1", "other", address)
        with pytest.raises(LaunchError, match="HTTP 404: not found; look at the job"):
            launcher.start(STOCK)
    with pytest.raises(LaunchError, match="does not answer"):
        launcher.running(STOCK.id)
    assert not list(tmp_path.iterdir())
