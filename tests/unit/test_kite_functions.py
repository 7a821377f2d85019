"""The functions that the broker and the person call: the deployed code, asked as Flask asks it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from common.adapters.secrets.directory import DirectorySecrets
from common.bootstrap import application
from common.day.login import new_state
from functions.kite_login import kite_login
from functions.kite_postback import kite_postback
from functions.remind_login import remind_login
from tests.unit.kite_case import KEY, SECRET, USER, SmallKite, data, row, small_kite

FLASK = Flask(__name__)
TOKEN = "TheTokenOfToday"  # noqa: S105 - of no account
SESSION = {"user_id": USER, "access_token": TOKEN, "login_time": "2026-11-20 08:05:14"}
MONDAY, SUNDAY = "2026-11-23", "2026-11-22"


@pytest.fixture
def kite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallKite]:
    """The environment of functions whose Kite is on this machine."""
    with small_kite() as one:
        one.standing["POST /session/token"] = data(SESSION)
        for name, value in (
            ("HOME", str(tmp_path)), ("BROKER", "kite"), ("KITE_URL", one.url), ("KITE_USER", USER), ("SESSIONS", ""),
            ("SECRET_KITE_API_KEY", KEY), ("SECRET_KITE_API_SECRET", SECRET), ("NOTIFY_URLS", ""),
        ):
            monkeypatch.setenv(f"TRON_{name}", value)
        application.cache_clear()
        yield one
        application.cache_clear()


def redirected(**changes: str) -> Any:
    """The person's browser comes back from the broker."""
    state = new_state(application().account.login_ports())
    query = {"status": "success", "request_token": "requestToken1", "state": state, **changes}
    with FLASK.test_request_context("/", query_string=query):
        return kite_login(request)


def test_the_redirect_is_answered_with_a_line_and_the_token_is_kept(
    kite: SmallKite, tmp_path: Path, capfd: pytest.CaptureFixture[str],
) -> None:
    """For the person alone: not cached, no token in the answer or in any output."""
    answer = redirected()
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "text/plain", "no-store")
    assert text.startswith(f"Logged in as {USER}.")
    kept = DirectorySecrets(tmp_path / "secrets", {}).get("kite-access-token")
    assert kept is not None
    assert TOKEN in kept.reveal()
    output = capfd.readouterr()
    for secret in (TOKEN, SECRET, "requestToken1"):
        assert secret not in text + output.out + output.err
    assert len(kite.requests) == 1


@pytest.mark.parametrize("changes", [{"state": "forged.1.2"}, {"status": "error"}, {"request_token": ""}])
def test_other_redirects_are_refused(kite: SmallKite, tmp_path: Path, changes: dict[str, str]) -> None:
    """403, with what to do; nothing is asked and nothing is kept."""
    answer = redirected(**changes)
    assert answer.status_code == 403
    assert (kite.requests, DirectorySecrets(tmp_path / "secrets", {}).get("kite-access-token")) == ([], None)


def test_a_broker_that_does_not_answer_is_503(kite: SmallKite) -> None:
    """The link may be used again."""
    kite.standing["POST /session/token"] = data(None)
    answer = redirected()
    assert answer.status_code == 503
    assert "Open the login link again" in answer.get_data(as_text=True)


def test_the_reminder_is_sent_once_it_is_needed(kite: SmallKite, capfd: pytest.CaptureFixture[str]) -> None:
    """Not on a holiday; where nobody is to be told it is not said to be."""
    del kite
    said = {}
    for day in (SUNDAY, MONDAY):
        with FLASK.test_request_context("/", method="POST", json={"date": day}):
            said[day] = remind_login(request)
    assert said[SUNDAY] == ({"date": SUNDAY, "said": "the exchange is closed: no login is needed"}, 200)
    assert SECRET not in f"{said}{capfd.readouterr()}"


def test_a_postback_needs_its_checksum(kite: SmallKite) -> None:
    """200 for the broker's, however often; 403 for any other, whatever it says."""
    del kite
    fields = row()
    told = f"{fields['order_id']}{fields['order_timestamp']}{SECRET}"
    signed = json.dumps({**fields, "checksum": hashlib.sha256(told.encode()).hexdigest()})
    answers = []
    for body in (signed, signed, signed.replace("OPEN", "COMPLETE"), signed.replace("09:20:01", "09:20:02"), "{}"):
        with FLASK.test_request_context("/", method="POST", data=body):
            answers.append(FLASK.make_response(kite_postback(request)).status_code)
    assert answers == [200, 200, 200, 403, 403]


def test_without_the_apps_secret_nothing_is_taken(kite: SmallKite, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with what to store; a postback is not believed unchecked."""
    monkeypatch.delenv("TRON_SECRET_KITE_API_SECRET")
    application.cache_clear()
    with FLASK.test_request_context("/", method="POST", data="{}"):
        answer = FLASK.make_response(kite_postback(request))
    assert answer.status_code == 500
    assert "no secret kite-api-secret" in answer.get_data(as_text=True)
    assert kite.requests == []
