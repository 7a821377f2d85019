"""`tron plan` and `tron scorecard` as a person calls them, on a day that was traded."""

import json
from pathlib import Path

import pytest

from tests.model_server import serving, well_behaved
from tests.system.day_run import tron

DAY = "2026-11-20"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("out")
    done = tron("day", "--date", DAY, "--seed", "21", "--out", path, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scorecard"]["fault"] == ""
    return path


def test_the_stored_plan_and_one_made_now_are_the_same(out: Path) -> None:
    """From the same evidence; nothing is stored by looking."""
    stored = json.loads(tron("plan", "--run", out / DAY, "--date", DAY, "--json").stdout)
    made = json.loads(tron("plan", "--run", out / DAY, "--explain", "--json").stdout)
    assert (stored["origin"], made["origin"]) == ("as stored", "made now, not stored")
    assert stored["plan"] == made["plan"]
    assert stored["max_loss_paise"] == 30_000_00
    assert stored["considered"] == []
    assert {one["kind"] for one in made["considered"]} == {"strategy", "symbol", "expiry"}


def test_the_plan_for_a_person(out: Path) -> None:
    """What, why, from which numbers, what not, and what it may lose."""
    done = tron("plan", "--run", out / DAY, "--explain")
    assert (done.returncode, done.stderr) == (0, "")
    for text in (
        "planned by the rules, made now, not stored", "stock    vwap on ", "regime.efficiency 0.2412",
        "not   strategy momentum: is not what the rules take in a range market", "maximum loss of the day: ₹30,000.00",
    ):
        assert text in done.stdout


def test_a_model_is_asked_and_nothing_is_stored(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the day was planned by the rules: what a model would make of the same evidence."""
    with serving(well_behaved) as server:
        monkeypatch.setenv("TRON_MODEL_URL", server.url)
        monkeypatch.setenv("TRON_MODEL", "trial")
        asked = json.loads(tron("plan", "--run", out / DAY, "--planner", "model", "--json").stdout)
    assert (asked["plan"]["planner"]["kind"], asked["origin"]) == ("model", "made now, not stored")
    stored = json.loads(tron("plan", "--run", out / DAY, "--date", DAY, "--json").stdout)
    assert stored["plan"]["planner"]["kind"] == "rules"


def test_what_cannot_be_shown_says_why(out: Path) -> None:
    """No model is set, no such day, another mandate."""
    other = out / "mandate.toml"
    other.write_text("daily_loss_percent = 1\n", encoding="utf-8")
    for arguments, text in (
        (("--planner", "model"), "TRON_MODEL is not set"),
        (("--date", "2026-11-19"), "there is no evidence for 2026-11-19"),
        (("--mandate", other), "prepare the day again"),
    ):
        done = tron("plan", "--run", out / DAY, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert text in done.stderr


def test_the_scorecard_of_a_run_and_of_several(out: Path) -> None:
    """The shadow of what was traded is what was traded; a directory of runs is their season."""
    done = tron("scorecard", "--run", out / DAY, "--json")
    found = json.loads(done.stdout)
    assert (found["days"], found["slippage_paise"]) == (1, 0)
    nets = {row["name"]: row["net_paise"] for row in found["arms"]}
    assert nets["as traded"] == nets["rules"] != 0
    assert nets["no trade"] == 0
    assert json.loads(tron("scorecard", "--run", out, "--json").stdout) == found
    shown = tron("scorecard", "--run", out).stdout
    assert "No model has been asked" in shown
    assert "fixed choice" in (out / DAY / "report.html").read_text(encoding="utf-8")
    assert tron("scorecard", "--run", out / "nothing").returncode == 2
