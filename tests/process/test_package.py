"""`make package`: the zip alone starts every function under the real functions-framework, and is the same each time."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from common.log_record import LOGS
from common.ports import Change, Document
from jobs.local.cloud_event import Database, body, headers
from jobs.local.simulated_kite import free_port
from scripts import package
from tests.process.waiting import BOUND_SECONDS

EVENTS: Final = ("alert", "start_workloads")
ONLY_WORKLOADS: Final = {"websockets"}
"""Imported lazily by what listens to the broker's stream, which no function opens."""
HOLIDAY: Final = "2026-01-26"
ANSWERS: Final = {200, 204, 302, 400, 401, 403, 404, 409}
"""Of a function that runs: what it cannot do without accounts, or on a holiday, it says."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what is in the zip and nothing else."""
    folder = tmp_path_factory.mktemp("package")
    package.write(folder / "functions.zip")
    with zipfile.ZipFile(folder / "functions.zip") as zipped:
        zipped.extractall(folder / "source")
    return folder / "source"


@contextmanager
def served(clean: Path, name: str, home: Path) -> Iterator[str]:
    """The function behind its entry point, as the buildpack starts it; its address."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"], "FUNCTION_TARGET": name, "PORT": str(port), "TRON_HOME": str(home),
        "TRON_SECRET_KITE_API_KEY": "key", "TRON_SECRET_KITE_API_SECRET": "secret", "TRON_KITE_USER": "AB1234",
    }
    command = [sys.executable, "-m", "functions_framework", "--host", "127.0.0.1"]
    with (home / "log").open("wb") as log:
        child = subprocess.Popen(command, cwd=clean, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        child.terminate()
        child.wait(BOUND_SECONDS)


def call(url: str, data: bytes | None, told: dict[str, str]) -> tuple[int, str]:
    """Status and text, as soon as somebody listens there."""
    deadline = time.monotonic() + BOUND_SECONDS
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, told), timeout=BOUND_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("name", package.functions())
def test_every_function_starts_from_the_zip_alone(name: str, clean: Path, tmp_path: Path) -> None:
    """By its entry point, from a directory without the repository, it answers a call in its own words."""
    data, told = json.dumps({"date": HOLIDAY}).encode(), {"Content-Type": "application/json"}
    if name in EVENTS:
        now = datetime.now(UTC)
        change = Change(1, LOGS, "x", None, Document(LOGS, "x", {"severity": "INFO"}, "1"), now)
        data, told = body(change, Database()), headers(change, "created", Database())
    with served(clean, name, tmp_path) as url:
        status, text = call(url, data, told)
        if status == 405:
            status, text = call(url, None, {})
    said = (tmp_path / "log").read_text()
    assert status in ANSWERS, f"{status} {text}\n{said}"
    assert not re.search(r"ModuleNotFoundError|ImportError|FileNotFoundError", said + text), said


PROBE: Final = """
import json, os, sys
sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in getattr(one, "__module__", repr(one))]
sys.path[:] = [os.getcwd(), *(one for one in sys.path if one != os.environ["REPOSITORY"])]
"""
ONE: Final = PROBE + """
import functions_framework
functions_framework.create_app(sys.argv[1], "main.py")
print(json.dumps(sorted(sys.modules)))
"""
ALL: Final = PROBE + """
from importlib import import_module
from pathlib import Path
for path in sorted(Path().rglob("*.py")):
    module = import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    assert Path(module.__file__).is_relative_to(Path.cwd()), module.__file__
print(json.dumps(sorted(name for name in sys.modules if name.startswith(("jobs", "dashboard", "tests")))))
"""


def probed(code: str, clean: Path, *arguments: str) -> list[str]:
    """What it prints, in a process that finds our code in the unpacked zip only."""
    environment = {"PATH": os.environ["PATH"], "REPOSITORY": str(package.ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=clean, env=environment, capture_output=True, text=True,
        timeout=BOUND_SECONDS, check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def test_a_cold_start_imports_what_its_function_needs(clean: Path) -> None:
    """One function of ours, and no client of a service before it is called."""
    found = probed(ONE, clean, "kite_postback")
    ours = {name for name in found if name.startswith("functions.")}
    assert ours == {"functions.kite_postback", "functions.request"}
    heavy = {"google.cloud.firestore_v1", "grpc", "pyarrow", "numpy", "kiteconnect", "openai", "apprise"}
    assert heavy.isdisjoint(found)


def test_nothing_in_the_zip_needs_what_is_not_in_it(clean: Path) -> None:
    """Every module imports, from there."""
    assert probed(ALL, clean) == []


def test_the_requirements_name_all_that_is_imported() -> None:
    """Each package of others that a module in the zip imports, lazily or not, is in requirements/functions.txt."""
    listed = {line.partition("==")[0] for line in package.REQUIREMENTS.read_text().splitlines() if "==" in line}
    owners = packages_distributions()
    for path in package.reached():
        for name in package.imported(path):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names | {*package.PACKAGES} | ONLY_WORKLOADS:
                continue
            assert top in owners, f"{path} imports {name}, which is not installed"
            assert {owner.lower().replace("_", "-") for owner in owners[top]} & listed, f"{path} imports {name}"


def test_the_same_code_makes_the_same_bytes(tmp_path: Path) -> None:
    """Twice, whatever the umask: neither times nor modes of the files are in it."""
    first = package.write(tmp_path / "one.zip")
    before = os.umask(0o077)
    try:
        assert package.write(tmp_path / "two.zip") == first
    finally:
        os.umask(before)
    with zipfile.ZipFile(tmp_path / "two.zip") as zipped:
        assert zipped.namelist() == sorted(zipped.namelist())
        assert {(one.date_time, one.external_attr) for one in zipped.infolist()} == {(package.MOMENT, 0o100644 << 16)}
