"""The pipelines of .github/: valid, pinned, never during a trading day, production behind development and staging."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

FOLDER: Final = Path(__file__).parents[2] / ".github" / "workflows"
WORKFLOWS: Final = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
PINNED: Final = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}|\./\.github/workflows/[a-z]+\.yaml")


def read(name: str) -> dict[Any, Any]:
    """One workflow; YAML reads its key `on` as a truth."""
    found: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    return found


def steps(name: str) -> list[dict[str, Any]]:
    """Every step of every job."""
    return [step for job in read(name)["jobs"].values() for step in job.get("steps", [])]


def test_actionlint_finds_nothing() -> None:
    """The linter that GitHub's users trust, where it is installed."""
    linter = shutil.which("actionlint")
    if linter is None:
        pytest.skip("actionlint is not on this machine")
    done = subprocess.run([linter, *map(str, WORKFLOWS.values())], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_others_wrote_is_pinned_by_its_hash(name: str) -> None:
    """A tag can be moved by whoever owns it; and a workflow may read, unless a job says that it may more."""
    used = [step["uses"] for step in steps(name) if "uses" in step]
    used += [job["uses"] for job in read(name)["jobs"].values() if "uses" in job]
    assert used
    assert [one for one in used if not PINNED.fullmatch(one)] == []
    assert read(name)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_key_of_google_is_stored(name: str) -> None:
    """Workload Identity Federation alone: no pipeline reads a secret of the repository."""
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "credentials_json" not in text


def test_what_changes_an_environment_asks_first_whether_a_day_is_traded() -> None:
    """The gate stands before the first step that has an identity."""
    for name, job in (("deploy", "apply"), ("terraform", "apply")):
        done = read(name)["jobs"][job]["steps"]
        gate = next(n for n, step in enumerate(done) if "tron deploy gate" in step.get("run", ""))
        identity = next(n for n, step in enumerate(done) if "google-github-actions/auth" in step.get("uses", ""))
        assert gate < identity


def test_production_follows_staging_follows_development_follows_the_checks() -> None:
    """The same digests, one environment after the other, each of them named: GitHub asks whoever must approve."""
    jobs = read("deliver")["jobs"]
    assert jobs["build"]["needs"] == "checks"
    assert jobs["development"]["needs"] == "build"
    assert "development" in jobs["staging"]["needs"]
    assert "staging" in jobs["production"]["needs"]
    for name in ("development", "staging", "production"):
        given = jobs[name]["with"]
        assert given["environment"] == name
        assert given["tron"] == "${{ needs.build.outputs.tron }}"
    assert read("deploy")["jobs"]["apply"]["environment"] == "${{ inputs.environment }}"
