"""Real terraform on a copy of terraform/, without a network and without a cloud."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
SETUP: Final = ROOT.parent / "shared" / "tools" / "terraform-offline" / "setup"
ENVIRONMENTS: Final = ("development", "staging", "production")
MODULES: Final = sorted(path.parent.name for path in (ROOT / "terraform" / "modules").glob("*/main.tf"))

needs_terraform = pytest.mark.skipif(
    not (shutil.which("terraform") and SETUP.is_file()),
    reason="terraform, or ../shared/tools/terraform-offline, is not on this machine",
)


@cache
def offline() -> dict[str, str]:
    """The environment in which providers are known and nothing is asked of the network."""
    done = subprocess.run(["bash", str(SETUP)], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"terraform's providers could not be set up: {done.stderr.strip()[-200:]}")
    found = re.search(r"export TF_CLI_CONFIG_FILE=(\S+)", done.stdout)
    assert found is not None
    return {**os.environ, "TF_CLI_CONFIG_FILE": found.group(1), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


def copied(to: Path) -> Path:
    """terraform/ in `to`, with what it reads beside it: the retention, and a package."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "terraform.tfvars")
    shutil.copytree(ROOT / "terraform", to / "terraform", ignore=ignored)
    shutil.copytree(ROOT / "common" / "data", to / "common" / "data")
    (to / "dist").mkdir()
    shutil.copy(ROOT / "terraform" / "modules" / "tron" / "tests" / "package.zip", to / "dist" / "functions.zip")
    return to / "terraform"


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command in `folder`; its output is in stdout, colourless."""
    return subprocess.run(
        ["terraform", *arguments, "-no-color"], cwd=folder, env=offline(), text=True, check=False, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
