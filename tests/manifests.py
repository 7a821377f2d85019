"""The manifests of gke/, as kubectl renders them."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

GKE: Final = Path(__file__).parents[1] / "gke"
ENVIRONMENTS: Final = ("development", "staging", "production")

needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not on this machine")


@cache
def rendered(environment: str) -> str:
    """One overlay, as text."""
    return _render(GKE / "overlays" / environment)


def rendered_from(folder: Path) -> list[dict[str, Any]]:
    """The objects of any overlay, such as a changed copy."""
    return list(yaml.safe_load_all(_render(folder)))


def manifests(environment: str) -> list[dict[str, Any]]:
    """One overlay's objects."""
    return list(yaml.safe_load_all(rendered(environment)))


def pods(environment: str) -> dict[str, dict[str, Any]]:
    """Pod templates by the workload's name."""
    found = {}
    for one in manifests(environment):
        if one["kind"] == "Deployment":
            found[one["metadata"]["name"]] = one["spec"]["template"]
        elif one["kind"] == "CronJob":
            found[one["metadata"]["name"]] = one["spec"]["jobTemplate"]["spec"]["template"]
    return found


def _render(folder: Path) -> str:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
