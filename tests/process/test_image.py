"""The Dockerfile as text, and what it copies as a directory that programs start from: there is no builder here."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from scripts import package
from tests.architecture.source_files import ROOT
from tests.process.waiting import BOUND_SECONDS

LINES: Final = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()
STEPS: Final = [line.split(maxsplit=1) for line in LINES if line and not line.startswith("#")]
IMAGES: Final = ("tron", "dashboard")
WITHOUT_IT: Final = {"empyrical", "hcl2", "streamlit", "yaml"}
"""Ratios of backtests, left out where it is not installed (common/research/performance.py); the laptop's dashboard,
which has an image of its own (jobs/local/dashboard.py); what reads terraform/ and gke/ of a checkout (jobs/deployment).
"""


def stages() -> dict[str, list[tuple[str, str]]]:
    """By name, (instruction, rest) in order; FROM the first of each."""
    found: dict[str, list[tuple[str, str]]] = {}
    for instruction, rest in STEPS:
        if instruction == "FROM":
            name = rest.rpartition(" AS ")[2]
            found[name] = []
        elif not found:
            continue
        found[name].append((instruction, rest))
    return found


def copied(stage: str) -> list[tuple[str, str]]:
    """(source, target) of what the stage takes from the repository."""
    texts = [rest for instruction, rest in stages()[stage] if instruction == "COPY" and not rest.startswith("--from")]
    return [(source, target) for source, target in map(str.split, texts)]


def test_every_base_is_a_named_version() -> None:
    """No tag that moves from week to week: stages stand on each other, the first on a full version."""
    versions = [rest for instruction, rest in STEPS if instruction == "ARG"]
    assert re.fullmatch(r"PYTHON=3\.11\.\d+-slim-\w+ NGINX=\d+\.\d+\.\d+-alpine", " ".join(versions))
    bases = [rest.partition(" AS ")[0] for instruction, rest in STEPS if instruction == "FROM"]
    assert set(bases) == {"python:${PYTHON}", "nginxinc/nginx-unprivileged:${NGINX}", "base", "tron-packages"}
    assert not any("latest" in line for line in LINES)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_what_the_manifests_expect(image: str) -> None:
    """A number for its user, as runAsNonRoot needs; python as entrypoint, which hears SIGTERM; no builder in it."""
    steps = stages()[image]
    assert ("USER", "10001:10001") in steps
    assert json.loads(dict(steps)["ENTRYPOINT"]) == ["python"]
    assert not any(instruction in ("RUN", "ADD") for instruction, _ in steps)
    workflow = (ROOT / ".github" / "workflows" / "deliver.yaml").read_text()
    assert f"for target in {' '.join(IMAGES)} proxy;" in workflow


def test_stages_exist_and_packages_are_locked() -> None:
    """What a stage copies from is there; pip takes nothing without its hash."""
    for _, rest in (step for steps in stages().values() for step in steps if step[0] == "COPY"):
        named = re.match(r"--from=(\S+)", rest)
        assert named is None or named[1] in stages()
    for image in IMAGES:
        run = " ".join(rest for instruction, rest in stages()[f"{image}-packages"] if instruction == "RUN")
        assert "--require-hashes" in run
        assert "compileall" in run


def test_the_builder_gets_what_is_copied_and_nothing_else() -> None:
    """.dockerignore shuts all out and lets in exactly the sources of COPY."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    sources = {source for stage in stages() for source, _ in copied(stage)}
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == sources
    assert all((ROOT / source).exists() for source in sources)


@pytest.mark.parametrize(("stage", "arguments"), [
    ("tron-code", ["-m", "jobs.trade", "--help"]),
    ("tron-code", ["-m", "jobs.main_runner", "--help"]),
    ("tron-code", ["-c", "from common.bootstrap_launcher import TEMPLATE; assert TEMPLATE.exists()"]),
    ("dashboard-code", ["-c", "import dashboard"]),
])
def test_programs_start_from_what_is_copied(stage: str, arguments: list[str], tmp_path: Path) -> None:
    """From a directory that holds just that."""
    for source, target in copied(stage):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (tmp_path / target).parent.mkdir(parents=True)
            shutil.copy(ROOT / source, tmp_path / target)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=BOUND_SECONDS, check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_has_every_package_that_its_code_imports() -> None:
    """common, functions and jobs, lazily or not."""
    listed = {line.partition("==")[0] for line in (ROOT / "requirements" / "image.txt").read_text().splitlines()}
    owners, missing = packages_distributions(), set()
    for path in (path for room in ("common", "functions", "jobs") for path in (ROOT / room).rglob("*.py")):
        for name in package.imported(path):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names | {"common", "functions", "jobs", "dashboard"} | WITHOUT_IT:
                continue
            found = {owner.lower().replace("_", "-") for owner in owners.get(top, [top])}
            if not found & listed:
                missing.add((top, path.relative_to(ROOT).as_posix()))
    assert not missing
