"""Settings of the planner: what is refused, what a child process gets, and which secrets planning may ask for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from common.bootstrap import Application
from common.bootstrap_planner import KEY, model_ports, open_feeds
from common.planner_settings import PlannerSettings, read_planner
from common.redaction import Secret
from common.settings import SettingsError, read_settings
from tests.architecture.source_files import ROOT
from tests.model_server import serving, well_behaved
from tests.unit import planner_case

MODEL = {"TRON_PLANNER": "model", "TRON_MODEL": "m", "TRON_MODEL_URL": "http://127.0.0.1:1/v1"}
CLOUD = MODEL | {"TRON_MODEL_URL": "https://models.example/v1"}
PRICES = {"TRON_MODEL_INPUT_PAISE_PER_MILLION": "100", "TRON_MODEL_OUTPUT_PAISE_PER_MILLION": "400"}


def test_rules_need_nothing() -> None:
    """Without a variable the rules plan, and no feeds are read."""
    assert read_planner({}) == PlannerSettings()


@pytest.mark.parametrize(("env", "told"), [
    ({"TRON_PLANNER": "oracle"}, "no planner"), (MODEL | {"TRON_MODEL": ""}, "TRON_MODEL is not set"),
    (MODEL | {"TRON_MODEL_URL": "http://models.example/v1"}, "not an https address"),
    (MODEL | {"TRON_MODEL_URL": "https://me:pw@models.example"}, "not an https address"),
    (CLOUD, "PAISE_PER_MILLION"), (MODEL | {"TRON_MODEL_TOKENS_PER_DAY": "-5"}, "no count"),
    (MODEL | {"TRON_MODEL_TEMPERATURE": "nan"}, "from 0 to 2"),
    (MODEL | {"TRON_MODEL_DEADLINE_SECONDS": "0"}, "above 0"),
    (MODEL | {"TRON_MODEL_DEADLINE_SECONDS": "1e9"}, "from 0 to 600"),
    ({"TRON_FEEDS": "file:///etc/passwd"}, "TRON_FEEDS"),
    ({"TRON_FEEDS": "https://me:pw@a.example/f"}, "TRON_FEEDS"),
    ({"TRON_FEEDS": "https://a.example " * 21}, "20 at most"),
])
def test_what_is_refused_says_what_to_do(env: dict[str, str], told: str) -> None:
    """Each with the variable's name."""
    with pytest.raises(SettingsError, match=told):
        read_settings({"TRON_HOME": "/run"} | env)


def test_a_child_has_the_same() -> None:
    """What is read is written, to the last variable; a key is none of them."""
    env = {"TRON_HOME": "/run", "TRON_FEEDS": "https://a.example/f https://b.example/g"} | CLOUD | PRICES
    settings = read_settings(env)
    assert read_settings(settings.environment()) == settings
    assert settings.planner.feeds == ("https://a.example/f", "https://b.example/g")
    assert not [name for name in settings.environment() if "KEY" in name]


class Watched:
    """Secrets that note what they are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, name: str) -> Secret | None:
        """Always the same."""
        self.asked.append(name)
        return Secret("a-key")


def test_planning_asks_for_one_secret_alone(tmp_path: Path) -> None:
    """The model's key, and no credential of the broker; with the rules, none."""
    with serving(well_behaved) as server:
        settings = read_settings({"TRON_HOME": str(tmp_path)} | MODEL | {"TRON_MODEL_URL": server.url})
        app, watched = Application(settings), Watched()
        app.account.__dict__["secrets"] = watched
        ports = model_ports(app)
        assert ports is not None
        plan, _ = planner_case.planned(ports.planner)
    assert plan.planner.kind == "model"
    assert watched.asked == [KEY]
    rules = Application(read_settings({"TRON_HOME": str(tmp_path)}))
    assert (model_ports(rules), open_feeds(rules)) == (None, None)


STEP = """
import json, sys
from datetime import date
from common.bootstrap import application
from common.day.plan import PLANS
from common.day.prepare import prepare_day
from functions import plan_day
app, day = application(), date(2026, 8, 19)
prepare_day(day, app.store, app.archive, app.market, app.mandate, 5)
before = set(sys.modules)
plan_day._step(day, app)
print(json.dumps(sorted(set(sys.modules))))
"""


def test_plan_day_holds_no_client_of_the_broker(tmp_path: Path) -> None:
    """The whole step with a model: its client is loaded, nothing that could speak to the broker is."""
    with serving(well_behaved) as server:
        env = MODEL | {"TRON_HOME": str(tmp_path), "TRON_MODEL_URL": server.url, "PYTHONPATH": str(ROOT),
                       "TRON_STORE": "sqlite"}
        answer = subprocess.run(
            [sys.executable, "-c", STEP], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False,
        )
    assert answer.returncode == 0, answer.stderr
    loaded = json.loads(answer.stdout.splitlines()[-1])
    assert not [name for name in loaded if name.startswith(("kiteconnect", "common.adapters.kite", "twisted"))]
    assert "common.day.model_plan" in loaded
