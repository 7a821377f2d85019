"""terraform/: formatted, valid, applied without a cloud, and then without a change; wrong values stopped by name."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.terraform import ENVIRONMENTS, MODULES, ROOT, copied, needs_terraform, terraform

pytestmark = needs_terraform
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'


def test_everything_is_formatted() -> None:
    """As terraform itself would write it."""
    done = terraform(ROOT / "terraform", "fmt", "-check", "-recursive")
    assert (done.returncode, done.stdout.strip()) == (0, "")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_applied_and_then_there_is_nothing_to_change(environment: str, tmp_path: Path) -> None:
    """From the example of its variables, with cluster and pipelines too: init, validate, apply, an empty plan."""
    folder = copied(tmp_path) / "environments" / environment
    (folder / "backend_override.tf").write_text(LOCAL_STATE, encoding="utf-8")
    example = (folder / "terraform.tfvars.example").read_text(encoding="utf-8")
    more = 'cluster = true\nrunner = { stock = "gke", options = "cloud_run", futures = "gke" }\nrepository = "o/r"\n'
    (folder / "terraform.tfvars").write_text(example + more, encoding="utf-8")
    for command in (["init"], ["validate"], ["apply", "-auto-approve"]):
        done = terraform(folder, *command)
        assert done.returncode == 0, done.stdout[-3000:]
    again = terraform(folder, "plan", "-detailed-exitcode")
    assert again.returncode == 0, again.stdout[-3000:]
    assert "No changes" in again.stdout


def test_what_is_wrong_is_stopped_by_its_name(tmp_path: Path) -> None:
    """terraform's own tests: a missing variable, a schedule after the open, another region, no secret, no address."""
    folder = copied(tmp_path) / "modules" / "tron"
    assert terraform(folder, "init").returncode == 0
    done = terraform(folder, "test")
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"Success! (\d\d) passed, 0 failed", done.stdout)


def test_the_example_of_every_module_can_be_planned(tmp_path: Path) -> None:
    """What a README shows is what works: each example as it stands, together in one configuration."""
    folder = copied(tmp_path)
    examples = []
    for module in MODULES:
        text = (folder / "modules" / module / "README.md").read_text(encoding="utf-8")
        found = re.findall(r"```hcl\n(.*?)```", text, re.DOTALL)
        assert found, module
        examples += [one.replace('"dist/functions.zip"', '"../dist/functions.zip"') for one in found]
    provider = 'provider "google" {\n  project = "my-project"\n}\n'
    (folder / "main.tf").write_text(provider + "\n".join(examples), encoding="utf-8")
    for command in (["init"], ["validate"], ["plan"]):
        done = terraform(folder, *command)
        assert done.returncode == 0, done.stdout[-3000:]


def test_no_state_and_no_variables_of_a_person_are_in_git() -> None:
    """Only examples of variables are kept."""
    listed = subprocess.run(["git", "ls-files", "terraform"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not re.findall(r"\S*(?:\.tfstate\S*|terraform\.tfvars$|/\.terraform/\S*)", listed.stdout, re.MULTILINE)
