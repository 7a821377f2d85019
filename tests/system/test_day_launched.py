"""A whole day on Firestore whose workloads are launched through Kubernetes' API, and through Cloud Run's.

In each a workload is killed in mid-day; whoever launched it, or the supervisor's sweep, starts it again.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest

from common.bootstrap import Application
from common.bootstrap_launcher import TEMPLATE
from common.launch_settings import LaunchSettings
from common.log_record import LOGS
from common.ports import Query
from common.settings import Settings
from jobs.local.day import LocalDay
from jobs.local.emulator_relay import EmulatorRelay
from jobs.local.firestore_emulator import FirestoreEmulator
from jobs.local.run_directory import RunInputs, put_lists
from tests.architecture.source_files import ROOT
from tests.contract.cloud_run_server import CloudRun, cloud_run
from tests.contract.kubernetes_server import kubernetes
from tests.firestore import need_emulator, project_of
from tests.process.waiting import alive
from tests.system.conftest import RunDay
from tests.system.day_run import CLASSES, DAY, SEED, journal_lines, journalled_bytes, processes, until

IMAGE: Final = "registry.example/tron@sha256:" + 64 * "0"
NAMESPACE: Final = "tron-development"


def launched_by(runner: str, settings: Settings, stack: ExitStack) -> LaunchSettings:
    """The runner's API, and what names it."""
    runners = dict.fromkeys(CLASSES, runner)
    if runner == "cloud_run":
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings.environment()}
        cloud = CloudRun(first_process(), environment, str(settings.home / "workloads.log"), max_retries=3)
        return LaunchSettings(runners, run_url=stack.enter_context(cloud_run(cloud)))
    job = json.loads(TEMPLATE.read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    del container["envFrom"]  # the small API hands no maps of settings to processes
    container["env"] = [{"name": name, "value": value} for name, value in settings.environment().items()]
    (settings.home / "job.json").write_text(json.dumps(job))
    address = stack.enter_context(kubernetes("tron", sys.executable, settings.home / "kubernetes.log"))
    return LaunchSettings(runners, IMAGE, settings.home / "job.json", address, NAMESPACE)


def first_process() -> tuple[str, ...]:
    """python as in a container, the first process there, where this machine lets us: signals differ for it."""
    apart = ("unshare", "--pid", "--fork", "--kill-child")
    if shutil.which("unshare") and subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0:
        return (*apart, sys.executable)
    return (sys.executable,)


def kill_in_mid_day(ran: RunDay, home: Path, number: signal.Signals, done: list[int]) -> None:
    """One signal to the stocks' workload when half of its trading is done; notes how far it was when it was gone."""
    half = journalled_bytes(ran.home, "stock") // 2
    until(lambda: journalled_bytes(home, "stock") >= half)
    for pid, command in processes(home).items():
        if "jobs.trade" in command and "stock" in command and "unshare" not in command:
            os.kill(pid, number)
            until(partial(gone, pid))
            done.append(journalled_bytes(home, "stock"))


def gone(pid: int) -> bool:
    """Whether the process has ended."""
    return not alive(pid)


def traded(runner: str, ran: RunDay, home: Path, number: signal.Signals) -> tuple[Mapping[str, Any], Settings]:
    """The day's result; the workload that was killed has said so where it could."""
    session = home / "session.parquet"
    shutil.copy(ran.home / session.name, session)
    inputs = RunInputs.choose(date.fromisoformat(DAY), (), int(SEED), None)
    done: list[int] = []
    with ExitStack() as stack:
        relay = stack.enter_context(EmulatorRelay())
        emulator = stack.enter_context(FirestoreEmulator(events_to=relay.address))
        settings = Settings(
            home=home, sessions=(session,), seed=inputs.seed, source_name=inputs.source, store="firestore",
            project="p" if runner == "cloud_run" else project_of(str(home)), emulator=emulator.address,
        )
        app = Application(replace(settings, launching=launched_by(runner, settings, stack)))
        put_lists(inputs, app.archive, app.market.instruments(inputs.day))
        killer = Thread(target=kill_in_mid_day, args=(ran, home, number, done))
        killer.start()
        result = LocalDay(inputs.day, app, lambda *_: None, emulator_relay=relay).run()
        killer.join()
        assert len(done) == 1, "nothing was killed: this proves nothing"
        assert done[0] < journalled_bytes(ran.home, "stock"), "it has traded on to the end of the day"
        told = [record.fields["message"] for record in app.store.query(Query(LOGS, limit=1000))]
        assert any("(SIGTERM)" in text for text in told) == (number == signal.SIGTERM)
        app.store.close()
    return result, settings


def placed(home: Path) -> list[tuple[Any, ...]]:
    """The last of every order at the exchange, by time. An intent killed before it was sent takes its number along:
    tags, with them the order hash, and with them the draws of the exchange's slippage, may be of one number later."""
    last = {line["tag"]: line for line in journal_lines(home)}
    names = ("since", "symbol", "side", "quantity", "price", "status")
    return sorted(tuple(line[name] for name in names) for line in last.values())


@pytest.mark.parametrize(("runner", "number"), [("gke", signal.SIGKILL), ("cloud_run", signal.SIGTERM)])
def test_a_day_with_a_killed_workload(runner: str, number: signal.Signals, ran: RunDay, tmp_path: Path) -> None:
    """The day of the embedded store: the same orders, each once, every class done, books without a difference."""
    need_emulator()
    result, settings = traded(runner, ran, tmp_path, number)
    expected = json.loads((ran.home / "report.json").read_text())
    assert {one["asset_class"]: one["state"] for one in result["workloads"]} == dict.fromkeys(CLASSES, "DONE")
    assert result["differences"] == []
    assert placed(settings.home) == placed(ran.home)
    counted = ("trades", "wins", "losses")
    assert [result["totals"][name] for name in counted] == [expected["totals"][name] for name in counted]
    ids = defaultdict(set)
    for line in journal_lines(settings.home):
        ids[line["tag"]].add(line["id"])
    assert ids
    assert all(len(one) == 1 for one in ids.values()), "a tag has two orders at the exchange"
