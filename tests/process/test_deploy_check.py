"""`tron deploy check`: the shipped environments agree; each kind of disagreement is found by its name, in a copy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.cli import main
from tests.architecture.source_files import ROOT

DIGEST = "@sha256:" + "ab" * 32
PRODUCTION = "terraform/environments/production"
REGISTRY = "asia-south1-docker.pkg.dev/tron-production/tron"
VALUES = f"""
project            = "tron-production"
email              = "person@example.com"
images = {{
  tron = "{REGISTRY}/tron{DIGEST}", dashboard = "{REGISTRY}/d{DIGEST}", proxy = "{REGISTRY}/p{DIGEST}"
}}
budget             = {{ billing_account = "0A0A0A-0A0A0A-0A0A0A", rupees = 4000 }}
kite_user          = "AB1234"
registered_address = "192.0.2.1"
"""
LIVE = 'trading = "live"\nmandate = "mandate.toml"\n'


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """terraform/ and gke/ with a person's values for production."""
    for room in ("terraform", "gke"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns(".terraform"))
    (tmp_path / PRODUCTION / "terraform.tfvars").write_text(VALUES)
    return tmp_path


def checked(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, set[str]]]:
    """Exit status, and by verdict the texts of production."""
    status = main(["deploy", "check", "--environment", "production", "--root", str(root), "--json"])
    found: dict[str, set[str]] = {"red": set(), "amber": set(), "green": set()}
    for one in json.loads(capsys.readouterr().out)["production"]:
        found[one["verdict"]].add(f"{one['name']}: {one['text']}")
        assert bool(one["remedy"]) == (one["verdict"] != "green")
    return status, found


def test_what_is_shipped_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    """All three environments, as examples; nothing red."""
    assert main(["deploy", "check"]) == 0
    said = capsys.readouterr().out
    assert said.count(": agrees") == 3
    assert "red " not in said


def test_a_person_s_paper_and_live_agree(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Green throughout, on paper and live."""
    assert checked(copy, capsys) == (0, {**checked(copy, capsys)[1], "red": set(), "amber": set()})
    mandate = (ROOT / "common/planning/data/mandate.toml").read_text().replace('mode = "paper"', 'mode = "live"')
    (copy / PRODUCTION / "mandate.toml").write_text(mandate)
    (copy / PRODUCTION / "terraform.tfvars").write_text(VALUES + LIVE)
    settings = copy / "gke/overlays/production/settings.env"
    settings.write_text(settings.read_text() + "TRON_BROKER=kite\n")
    status, found = checked(copy, capsys)
    assert (status, found["red"], found["amber"]) == (0, set(), set())


def change(file: str, before: str, after: str) -> Callable[[Path], None]:
    """One piece of a file of the copy in the place of another, which must be there."""

    def made(root: Path) -> None:
        path = root / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    return made


TFVARS = f"{PRODUCTION}/terraform.tfvars"
MODULE = "terraform/modules/tron"
SETTINGS = "gke/overlays/production/settings.env"
WRONG = {
    "a variable lacks": (change(TFVARS, "email ", "# email "), "variables: email has no value"),
    "a variable is misspelt": (change(TFVARS, "kite_user ", "kite_users "),
                               "variables: there is no variable kite_users"),
    "a tag": (change(TFVARS, f"tron/tron{DIGEST}", "tron/tron:latest"), "images: tron is not named by its digest"),
    "the placeholder": (change(TFVARS, "ab" * 32, "0" * 64), "images: tron is still the example's placeholder"),
    "another project": (change(TFVARS, '= "tron-production"', '= "other"'), "images: tron is not of the project other"),
    "a function": (change(f"{MODULE}/functions.tf", "    remind_login  =", "    remind_logins ="),
                   "functions: remind_login is a function that nobody deploys"),
    "a trigger": (change(f"{MODULE}/functions.tf", "gpt_runner_daily_plan/", "plans/"),
                  "triggers: start_workloads hears of plans, should of gpt_runner_daily_plan"),
    "a setting of terraform": (change(f"{MODULE}/main.tf", "TRON_KITE_USER ", "TRON_KITE_OWNER "),
                               "names: TRON_KITE_OWNER is set and nothing reads it"),
    "a setting of the cluster": (change(SETTINGS, "TRON_LOCATION", "TRON_REGION"),
                                 "names: TRON_REGION is set and nothing reads it"),
    "a secret": (change(f"{MODULE}/functions.tf", '["kite-api-secret"], public', '["kite-pin"], public'),
                 "secrets: kite-pin is read and there is none"),
    "the schedule": (change(f"{MODULE}/variables.tf", 'plan_day      = "08:45"', 'plan_day      = "09:20"'),
                     "schedule: plan_day is called at 09:20"),
    "a runner": (change(f"{PRODUCTION}/variables.tf", '{ stock = "cloud_run", o', '{ stock = "gke", o'),
                 "runners: stock trades on gke, and there is no cluster"),
    "live without a mandate": (change(TFVARS, "kite_user ", 'trading = "live"\nkite_user '),
                               "trading: trading = live needs a mandate of your own"),
    "live of a paper mandate": (change(TFVARS, "kite_user ", 'trading = "live"\nkite_user '),
                                "trading: trading is live and the mandate says paper: nothing would be traded"),
    "a mandate that is none": (change(TFVARS, "kite_user ", 'mandate = "none.toml"\nkite_user '),
                               "mandate: the mandate"),
    "the cluster's environment": (change(TFVARS, "kite_user ", "cluster = true\nkite_user "),
                                  "cluster: TRON_KITE_USER is not set, terraform has AB1234"),
    "a setting's value": (change(SETTINGS, "TRON_LOCATION", "TRON_STORE=mysql\nTRON_LOCATION"), "settings: TRON_STORE"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_disagrees_is_found_by_its_name(name: str, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, and the very finding."""
    planted, text = WRONG[name]
    planted(copy)
    status, found = checked(copy, capsys)
    assert status == 1
    assert [one for one in found["red"] if one.startswith(text)], found["red"]


def test_a_budget_below_the_bill_is_amber(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It stops nothing, and is said."""
    change(TFVARS, "rupees = 4000", "rupees = 400")(copy)
    status, found = checked(copy, capsys)
    assert status == 0
    assert any(one.startswith("budget: ₹400.00 a month") for one in found["amber"])


def test_files_that_are_none(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A call that cannot be answered says which file."""
    (copy / TFVARS).write_text("project = {")
    assert main(["deploy", "check", "--environment", "production", "--root", str(copy)]) == 2
    assert "terraform.tfvars is not Terraform" in capsys.readouterr().err
    shutil.rmtree(copy / "gke/overlays/production")
    (copy / TFVARS).write_text(VALUES)
    assert main(["deploy", "check", "--environment", "production", "--root", str(copy)]) == 2
    assert "kustomization.yaml" in capsys.readouterr().err
