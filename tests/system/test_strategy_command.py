"""`tron strategy`: what is listed, and that what `new` writes works with the very commands that it prints."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from common.market.instrument import AssetClass
from common.strategies import registry
from jobs.cli import main
from tests.conftest import ROOT


@pytest.mark.parametrize("asset_class", list(AssetClass))
def test_a_new_strategy_is_tested_checked_and_backtested_as_printed(tmp_path: Path, asset_class: AssetClass) -> None:
    """In a directory with a space in its name, outside of the repository; each of the three commands succeeds."""
    here = tmp_path / "my ideas"
    here.mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "jobs.cli", "strategy", "new", "evening_star", "--asset-class", asset_class]
    made = subprocess.run(words, cwd=here, env=environment, capture_output=True, text=True, check=True)
    commands = [line.strip() for line in made.stdout.splitlines() if line.startswith("  ")]
    assert len(commands) == 3
    answers = []
    for command in commands:
        words = shlex.split(command)
        if "check-lookahead" in words and asset_class is AssetClass.OPTIONS:
            words += ["--cuts", "10"]
        run = subprocess.run(words, cwd=here, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
        answers.append(run.stdout)
    assert "3 passed" in answers[0]
    assert "every decision before a cut is the same" in answers[1]
    assert ", 0 trades" not in answers[2]


@pytest.mark.parametrize(("name", "says"), [
    ("ab", "no name for a strategy"), ("Upper", "no name for a strategy"), ("import", "no name for a strategy"),
    ("vwap", "there is a strategy 'vwap' already"), ("taken", "is there already"), ("../away", "no name"),
])
def test_a_name_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, says: str) -> None:
    """Status 2, the reason, and nothing written."""
    (tmp_path / "taken").mkdir()
    assert main(["strategy", "new", name, "--to", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
    assert not list((tmp_path / "taken").iterdir())


def test_the_list_has_every_strategy_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    """With bounds and defaults, for people and as JSON; by asset class on request."""
    assert main(["strategy", "list"]) == 0
    text = capsys.readouterr().out
    assert all(f"{name}  (" in text for name in registry.BUILT_IN)
    assert "  hold_minutes (allowed: 1 to 330, default 90)" in text
    assert main(["strategy", "list", "--asset-class", "options", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(listed["strategies"]) == registry.names(AssetClass.OPTIONS)
    assert listed["strategies"]["scalp"]["parameters"]["fade_minutes"]["maximum"] == 180
    assert listed["problems"] == {}


@pytest.mark.parametrize(("text", "says"), [
    ("x = (", "SyntaxError"), ("x = 1\n", "has none"), ("class A:\n    def on_bar(self): ...\n", "calls itself None"),
    ("class A:\n    def on_bar(self): ...\nclass B(A): ...\n", "has A, B"),
    ("raise ValueError('no')\n", "ValueError: no"),
])
def test_a_file_that_holds_no_strategy_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    """Status 2 and one line, for each way in which a file is not one strategy."""
    file = tmp_path / "idea.py"
    file.write_text(text, encoding="utf-8")
    assert main(["check-lookahead", str(file)]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Named as such."""
    assert main(["check-lookahead", "nowhere.py"]) == 2
    assert "nowhere.py cannot be loaded: FileNotFoundError" in capsys.readouterr().err
