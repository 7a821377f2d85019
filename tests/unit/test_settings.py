"""Settings: read once from the environment, the same in a child, refused by the variable's name."""

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.settings import STORES, Settings, SettingsError, read_settings

HOME = {"TRON_HOME": "/runs/one"}


def test_defaults() -> None:
    """Only the home is needed; the rest has values."""
    assert read_settings(HOME) == Settings(home=Path("/runs/one"))


@pytest.mark.parametrize("environment", [{}, {"TRON_HOME": ""}])
def test_home_is_needed(environment: dict[str, str]) -> None:
    """Without a home nothing is guessed: the message names the variable."""
    with pytest.raises(SettingsError, match="TRON_HOME is not set"):
        read_settings(environment)


NAMES = st.text(st.characters(blacklist_characters=os.pathsep + "/\0", blacklist_categories=["Cs"]), min_size=1)


@example(home="h", sessions=[], mandate=None, source="", seed=2**53 + 1, ttl=1., history=1, local=False, store="sqlite")
@example(home="h", sessions=[], mandate=None, source="", seed=1, ttl=None, history=10, local=True, store="firestore")
@given(
    home=NAMES, sessions=st.lists(NAMES, max_size=4), mandate=st.none() | NAMES, source=NAMES,
    seed=st.integers(-(2**70), 2**70), ttl=st.none() | st.floats(0.1, 1e6), history=st.integers(1, 1000),
    local=st.booleans(), store=st.sampled_from(STORES),
)
def test_a_child_has_the_same(
    home: str, sessions: list[str], mandate: str | None, source: str, seed: int, ttl: float | None,
    history: int, local: bool, store: str,
) -> None:
    """What a parent puts into its child's environment is read back exactly."""
    settings = Settings(
        home=Path(home), sessions=tuple(map(Path, sessions)), mandate=Path(mandate) if mandate else None, seed=seed,
        source_name=source, lease_ttl_seconds=ttl, history_sessions=history, local=local,
        send_timeout_seconds=None if ttl is None else ttl / 3,
        store=store, project="p" + source, database=home, emulator=source, broker="paper" if sessions else "kite",
        kite_url="http://127.0.0.1:8080", kite_stream_url="ws://localhost:8080", kite_user=home[:6],
        kite_login_url="http://127.0.0.1:8080/connect/login", egress=("192.0.2.1", "2001:db8::1"),
        secrets="secret_manager",
    )
    assert read_settings(settings.environment()) == settings


def test_a_child_does_not_inherit_a_mandate() -> None:
    """A run without a mandate says so to its children, whatever the person's shell has set."""
    inherited = {**HOME, "TRON_MANDATE": "/from/the/shell.toml"}
    assert read_settings({**inherited, **Settings(home=Path("/h")).environment()}).mandate is None


@pytest.mark.parametrize(
    "name", ["TRON_SEED", "TRON_LEASE_TTL_SECONDS", "TRON_SEND_TIMEOUT_SECONDS", "TRON_HISTORY_SESSIONS", "TRON_LOCAL"],
)
@pytest.mark.parametrize("text", ["soon", "nan", "inf", "1,5"])
def test_numbers_that_are_none(name: str, text: str) -> None:
    """What is no number is refused with the variable's name."""
    with pytest.raises(SettingsError, match=name):
        read_settings({**HOME, name: text})


@pytest.mark.parametrize(
    ("name", "text"),
    [("TRON_SEED", "7.5"), ("TRON_HISTORY_SESSIONS", "2.5"), ("TRON_HISTORY_SESSIONS", "-1"),
     ("TRON_LEASE_TTL_SECONDS", "0"), ("TRON_LEASE_TTL_SECONDS", "-10"), ("TRON_LEASE_TTL_SECONDS", "14"),
     ("TRON_SEND_TIMEOUT_SECONDS", "15"), ("TRON_SEND_TIMEOUT_SECONDS", "-1"), ("TRON_LOCAL", "yes")],
)
def test_numbers_that_cannot_be_meant(name: str, text: str) -> None:
    """A lease without a life, half a session, half a seed: refused, never rounded in silence."""
    with pytest.raises(SettingsError, match=name):
        read_settings({**HOME, name: text})


@pytest.mark.parametrize("more", [{"TRON_ARCHIVE": "cloud"}, {"TRON_ARCHIVE": "gcs"}])
def test_archives_that_cannot_be_meant(more: dict[str, str]) -> None:
    """An unknown archive, or Cloud Storage without a project, is refused before anything is opened."""
    with pytest.raises(SettingsError, match="TRON_"):
        read_settings({**HOME, **more})


def test_a_child_archives_to_the_same_place() -> None:
    """Every setting of the archive reaches the workloads and functions."""
    settings = Settings(home=Path("/h"), archive="gcs", project="p-1", bucket="{project}-all", location="us")
    assert read_settings({"TRON_BUCKET": "inherited", **settings.environment()}) == settings


def test_how_long_a_lease_lasts() -> None:
    """Live a request must end within the lease, with renewals to spare; on recorded sessions a restart waits less."""
    live, recorded = Settings(home=Path("/h")), Settings(home=Path("/h"), sessions=(Path("/a/x.parquet"),))
    assert (live.lease_ttl, live.send_timeout, live.recorded) == (30.0, 7.0, False)
    assert (recorded.lease_ttl, recorded.send_timeout, recorded.recorded) == (10.0, 0.0, True)
    chosen = dataclasses.replace(live, lease_ttl_seconds=60.0, send_timeout_seconds=5.0)
    assert (chosen.lease_ttl, chosen.send_timeout) == (60.0, 5.0)


def test_frozen_and_named_for_people() -> None:
    """Settings do not change; the source is its name, the files, or 'no sessions'."""
    settings = Settings(home=Path("/h"), sessions=(Path("/a/x.parquet"), Path("/b/y.csv")))
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.seed = 3  # type: ignore[misc]
    assert settings.source == "x.parquet, y.csv"
    assert dataclasses.replace(settings, source_name="named").source == "named"
    assert Settings(home=Path("/h")).source == "no sessions"


@pytest.mark.parametrize(
    ("chosen", "says"),
    [({"TRON_STORE": "mongo"}, "one of sqlite, firestore"), ({"TRON_STORE": "firestore"}, "TRON_PROJECT")],
)
def test_a_store_that_cannot_be(chosen: dict[str, str], says: str) -> None:
    """An unknown store, and Firestore without a project, are refused with what to give."""
    with pytest.raises(SettingsError, match=says):
        read_settings({**HOME, **chosen})


def test_whom_to_tell_reaches_a_child_and_no_log() -> None:
    """Several URLs with spaces between; a child has the same, and printing settings shows none of them."""
    urls = "tgram://token/chat json://me:pass@example.org/?a=1,2"
    settings = read_settings({**HOME, "TRON_NOTIFY_URLS": f" {urls} "})
    assert settings.notify_urls == tuple(urls.split())
    assert read_settings(settings.environment()) == settings
    assert "token" not in repr(settings)
    assert "pass" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRON_BROKER", "kiet"), ("TRON_SECRETS", "drawer"), ("TRON_SECRETS", "secret_manager"),
        ("TRON_KITE_URL", "http://api.kite.trade"), ("TRON_KITE_URL", "https://api.kite.trade/v3"),
        ("TRON_KITE_URL", "api.kite.trade"), ("TRON_KITE_STREAM_URL", "ws://ws.kite.trade"),
        ("TRON_KITE_STREAM_URL", "https://ws.kite.trade"), ("TRON_KITE_LOGIN_URL", "http://kite.zerodha.com/"),
        ("TRON_EGRESS", "192.0.2.1 192.0.2"), ("TRON_POSTBACKS", "yes"),
    ],
)
def test_a_wrong_setting_of_the_broker_is_named(name: str, value: str) -> None:
    """Above all no token is sent to an address without TLS, but on this very machine."""
    with pytest.raises(SettingsError, match=name):
        read_settings({**HOME, name: value})


def test_recorded_sessions_never_meet_the_account() -> None:
    """A replay is on paper, whatever else is set."""
    with pytest.raises(SettingsError, match="TRON_SESSIONS are replayed on paper"):
        read_settings({**HOME, "TRON_BROKER": "kite", "TRON_SESSIONS": "/a.parquet"})


def test_only_this_machine_is_a_simulation() -> None:
    """What is elsewhere moves real money."""
    assert not read_settings(HOME).kite_is_simulated
    assert read_settings({**HOME, "TRON_KITE_URL": "http://127.0.0.1:8765"}).kite_is_simulated


def test_a_mandate_may_be_a_text() -> None:
    """A machine of the cloud has no file: the text is the mandate there, reaches a child, and never beside a file."""
    settings = read_settings({**HOME, "TRON_MANDATE_TEXT": "mode = 'paper'"})
    assert settings.mandate_text == "mode = 'paper'"
    assert read_settings(settings.environment()) == settings
    with pytest.raises(SettingsError, match="both set"):
        read_settings({**HOME, "TRON_MANDATE_TEXT": "x", "TRON_MANDATE": "/a.toml"})
