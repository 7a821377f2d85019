"""A function imports only what it serves: the heavy clients load inside the call that needs them."""

import json
import subprocess
import sys

import pytest

from tests.architecture.source_files import ROOT, python_files

MODULES = [f"functions.{path.stem}" for path in python_files("functions") if path.parent.name == "functions"]
HEAVY = (
    "feedparser", "grpc", "httpx2", "kiteconnect", "numpy", "openai", "pandas", "pyarrow", "rich", "streamlit",
    "twisted",
)
LOADED = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"


def loaded_by(module: str) -> set[str]:
    """Top-level packages that a fresh interpreter holds after importing `module`."""
    answer = subprocess.run(
        [sys.executable, "-c", LOADED, module], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, f"importing {module} fails:\n{answer.stderr}"
    return {loaded.split(".")[0] for loaded in json.loads(answer.stdout.splitlines()[-1])}


def test_there_are_functions() -> None:
    """An empty folder would make the test below pass about nothing."""
    assert [module for module in MODULES if not module.endswith("__init__")]


@pytest.mark.parametrize("module", MODULES)
def test_importing_a_function_loads_no_heavy_client(module: str) -> None:
    """Cold starts stay short, and the planner's function cannot hold the broker's client, nor the other way round."""
    assert loaded_by(module) & set(HEAVY) == set()


def test_a_heavy_import_is_seen() -> None:
    """The test above can fail: a module that does load one of them is caught."""
    assert "rich" in loaded_by("rich.text")
