"""Which runner an asset class has: as TRON_LAUNCHERS says, and refused where it cannot work."""

from pathlib import Path

import pytest

from common.adapters.launchers.by_class import LauncherByClass
from common.adapters.launchers.process import ProcessLauncher
from common.bootstrap import Application
from common.settings import Settings, SettingsError, read_settings
from tests.architecture.source_files import ROOT

CLOUD = {"TRON_HOME": "/tmp", "TRON_STORE": "firestore", "TRON_PROJECT": "p"}
MIXED = {**CLOUD, "TRON_LAUNCHERS": "stock=gke options=cloud_run futures=process"}


def test_a_runner_for_each_class() -> None:
    """Read as written, and handed on whole to child processes."""
    settings = read_settings({**MIXED, "TRON_IMAGE": "tron@sha256:1", "TRON_KUBERNETES_URL": "https://cluster"})
    assert settings.launching.runners == {"stock": "gke", "options": "cloud_run", "futures": "process"}
    assert read_settings(settings.environment()) == settings
    assert isinstance(Application(settings).launcher, LauncherByClass)


def test_without_runners_it_is_this_machine(tmp_path: Path) -> None:
    """Processes, as on any laptop."""
    assert isinstance(Application(Settings(home=tmp_path)).launcher, ProcessLauncher)


@pytest.mark.parametrize("text", ["stock", "stock=docker", "shares=gke", "stock=gke stock=process", "=gke"])
def test_what_is_no_runner_is_refused(text: str) -> None:
    """With the part that is wrong and what to give."""
    with pytest.raises(SettingsError, match=r"TRON_LAUNCHERS: .* is not CLASS=RUNNER: give each of stock"):
        read_settings({**CLOUD, "TRON_LAUNCHERS": text})


def test_tokens_travel_encrypted() -> None:
    """The APIs' addresses are https, or of this machine."""
    for name in ("TRON_KUBERNETES_URL", "TRON_RUN_URL"):
        with pytest.raises(SettingsError, match=f"{name} is not an https address"):
            read_settings({**CLOUD, name: "http://10.0.0.1"})
        read_settings({**CLOUD, name: "http://127.0.0.1:8080"})


def test_a_launcher_elsewhere_needs_what_it_needs() -> None:
    """A store that it shares, and for the cluster an image: said when it is opened, because pods share settings."""
    for environment, told in ((MIXED, "TRON_IMAGE"), ({**MIXED, "TRON_STORE": "sqlite"}, "TRON_STORE=firestore")):
        with pytest.raises(SettingsError, match=told):
            _ = Application(read_settings(environment)).launcher


def test_the_cluster_names_its_runner() -> None:
    """gke/base/settings.env says so in words that the settings understand."""
    lines = (ROOT / "gke" / "base" / "settings.env").read_text().splitlines()
    settings = read_settings({**CLOUD, **dict(line.split("=", 1) for line in lines)})
    assert set(settings.launching.runners.values()) == {"gke"}
    assert len(settings.launching.runners) == 3


def test_settings_with_runners_can_be_a_key() -> None:
    """What is kept for each application is found by its settings."""
    settings = read_settings(MIXED)
    assert {settings: 1}[read_settings(MIXED)] == 1
