"""`tron up`: the whole cloud on this machine, a crash in it, its end by Ctrl-C, and `tron kite-server`."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.architecture.source_files import ROOT
from tests.system.day_run import processes, until

FAST = "1800"


def up(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    """The command, with what it says on standard error."""
    command = [sys.executable, "-m", "jobs.cli", "up", "--out", str(home), "--seed", "5", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def read_until(cloud: "subprocess.Popen[str]", pattern: str, said: list[str]) -> str:
    """What it says, up to a line that holds the pattern."""
    assert cloud.stderr is not None
    for line in cloud.stderr:
        said.append(line)
        if re.search(pattern, line):
            return line
    raise AssertionError(f"{pattern!r} was never said:\n{''.join(said)}")


def test_a_day_goes_on_though_the_function_host_is_killed(tmp_path: Path) -> None:
    """Planned late enough to trade nothing, so that it is short: the host comes back, and the day is closed."""
    home, said = tmp_path / "up", list[str]()
    cloud = up(home, "--speed", FAST, "--start", "14:50", "--once")
    read_until(cloud, "plan_day is done", said)
    (host,) = [pid for pid, command in processes(home).items() if "jobs.local.function_host" in command]
    os.kill(host, signal.SIGKILL)
    read_until(cloud, "functions has ended; again in 1 s", said)
    read_until(cloud, "functions is back", said)
    read_until(cloud, "close_day is done", said)
    assert cloud.wait(60) == 0
    assert processes(home) == {}
    report = json.loads(next((home / "archive").glob("*/report.json")).read_text())
    assert report["plan"]["status"] == "REJECTED"


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    """Status 130, no process is left, and the clock goes on from there the next time."""
    home, said = tmp_path / "up", list[str]()
    cloud = up(home, "--speed", "900", "--start", "08:00")
    read_until(cloud, "RUNNING", said)
    workloads = [command for command in processes(home).values() if "jobs.trade" in command]
    assert workloads
    cloud.send_signal(signal.SIGINT)
    assert cloud.wait(60) == 130
    assert processes(home) == {}
    left = json.loads((home / "clock.json").read_text())["at"]
    again = up(home, "--speed", FAST)
    line = read_until(again, "times real time", said)
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 130
    assert line[:8] >= left[11:19]
    until = time.monotonic() + 10
    while processes(home) and time.monotonic() < until:  # what was being started falls with its parent
        time.sleep(0.1)
    assert processes(home) == {}


def test_a_day_that_is_over_can_be_looked_at(tmp_path: Path) -> None:
    """Its API answers until Ctrl-C, which then ends it as a day that went well."""
    home, said = tmp_path / "up", list[str]()
    cloud = up(home, "--speed", FAST, "--start", "14:50", "--no-dashboard")
    url = re.findall(r"http://[0-9.:]+", read_until(cloud, "functions .*http", said))[0]
    read_until(cloud, "stay until Ctrl-C", said)
    report = requests.get(f"{url}/report", params={"date": "2026-11-20"}, timeout=10)
    assert (report.status_code, report.json()["date"]) == (200, "2026-11-20")
    cloud.send_signal(signal.SIGINT)
    assert cloud.wait(60) == 0
    assert processes(home) == {}


def test_a_live_day_is_logged_in_approved_and_started(tmp_path: Path) -> None:
    """By the link of the notice and the person's own `tron approve`; before it nothing is launched."""
    home, said = tmp_path / "up", list[str]()
    cloud = up(home, "--broker", "kite-simulated", "--start", "09:40", "--speed", "10")
    url = re.findall(r"http://[0-9.:]+", read_until(cloud, "kite .*http", said))[0]
    read_until(cloud, "kite_login: Logged in as AB1234", said)
    token = json.loads((home / "secrets" / "kite-access-token").read_text())
    headers = {"Authorization": f"token simulated:{token['token']}"}
    assert requests.get(f"{url}/user/profile", headers=headers, timeout=10).json()["data"]["user_id"] == token["user"]
    assert 'mode = "live"' in (home / "mandate-live.toml").read_text()
    read_until(cloud, "the live plan waits for you until 10:30", said)
    assert not [command for command in processes(home).values() if "jobs.trade" in command]
    assert approve(home, "n\n").returncode == 1
    taken = approve(home, "y\n")
    assert (taken.returncode, "is READY" in taken.stdout, "MAXIMUM LOSS" in taken.stdout) == (0, True, True)
    assert approve(home, "y\n").returncode == 2
    read_until(cloud, "stock RUNNING", said)
    cloud.send_signal(signal.SIGINT)
    assert cloud.wait(60) == 130
    assert processes(home) == {}


def test_paper_on_kite_s_market_needs_a_login_and_no_approval(tmp_path: Path) -> None:
    """The person's own mandate, their login, the broker's prices; and not one order at the broker."""
    home, said = tmp_path / "up", list[str]()
    cloud = up(home, "--broker", "kite-simulated", "--paper", "--start", "09:40", "--speed", "10")
    url = re.findall(r"http://[0-9.:]+", read_until(cloud, "kite .*http", said))[0]
    read_until(cloud, "kite_login: Logged in as AB1234", said)
    read_until(cloud, "plan_day is done: READY", said)
    read_until(cloud, "stock RUNNING", said)
    until(lambda: (home / "journal").is_dir() and len(list((home / "journal").glob("*.jsonl"))) == 3)
    token = json.loads((home / "secrets" / "kite-access-token").read_text())["token"]
    headers = {"Authorization": f"token simulated:{token}"}
    assert requests.get(f"{url}/orders", headers=headers, timeout=10).json()["data"] == []
    assert not (home / "mandate-live.toml").exists()
    cloud.send_signal(signal.SIGINT)
    assert cloud.wait(60) == 130
    assert processes(home) == {}


def approve(home: Path, answer: str) -> "subprocess.CompletedProcess[str]":
    """`tron approve` of the run, with what the person types."""
    command = [sys.executable, "-m", "jobs.cli", "approve", "--run", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, input=answer, capture_output=True, text=True, check=False)


def test_the_simulated_kite_from_the_command_line(tmp_path: Path) -> None:
    """It says where it is, serves, and ends by Ctrl-C."""
    command = [sys.executable, "-m", "jobs.cli", "kite-server", "--port", "0", "--stepped", "--seed", "5"]
    server = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )
    assert server.stdout is not None
    found = re.search(r"http://[0-9.:]+", server.stdout.readline())
    assert found is not None
    page = requests.get(f"{found[0]}/connect/login?v=3&api_key=simulated", timeout=10)
    assert "log in as AB1234" in page.text
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0
