"""Parts of the API that need no server: keys as they are kept, the rate, cursors, the key command."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.day.api.answer import from_cursor, to_cursor
from common.day.api.keys import KeysDamaged, Role, find, from_secret, made, to_secret
from common.day.api.openapi import document
from common.day.api.openapi_page import page
from common.day.api.problem import Problem
from common.day.api.rate import RateLimit
from common.market.indian_time import INDIA
from common.ports import Document
from common.redaction import Secret
from jobs.cli import main

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=INDIA)
CHANCE = "c" * 43


def test_a_key_is_kept_as_its_hash() -> None:
    """What is stored finds the key and does not hold it; another is not found; roles are as they were made."""
    viewer, text = made("a", CHANCE, Role.VIEWER, "screen", NOW)
    operator, other = made("b", CHANCE, Role.OPERATOR, "", NOW)
    kept = to_secret([viewer, operator])
    assert CHANCE not in kept.reveal()
    assert find(from_secret(kept), text.reveal()) == viewer
    assert find(from_secret(kept), other.reveal()) == operator
    assert find(from_secret(kept), text.reveal() + "x") is None
    assert (Role.OPERATOR.allows(Role.VIEWER), Role.VIEWER.allows(Role.OPERATOR)) == (True, False)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"id": "a"}]', '[{"id":"a","role":"king","hash":"00","created":""}]',
                                  '[{"id":"a","role":"viewer","hash":"nohex","created":""}]'])
def test_damaged_keys_let_nobody_in(text: str) -> None:
    """They are refused whole, with what to do."""
    with pytest.raises(KeysDamaged, match="tron key new"):
        from_secret(Secret(text))


def test_a_short_key_is_none() -> None:
    """Less than 256 bits of chance is never made into a key."""
    with pytest.raises(ValueError, match="256"):
        made("a", "short", Role.VIEWER, "", NOW)


@given(st.lists(st.floats(min_value=0, max_value=2), max_size=200))
def test_no_more_than_the_rate(waits: list[float]) -> None:
    """However an asker spreads its requests, it gets its burst and what time has earned, never more."""
    limit, now, allowed = RateLimit(2.0, 5), 100.0, 0
    for wait in waits:
        now += wait
        left = limit.take("a", now)
        allowed += not left
        assert left <= 0.5
    assert allowed <= 5 + (now - 100.0) * 2.0 + 1e-6
    assert limit.take("b", now) == 0


@given(st.text(max_size=50), st.text(alphabet="abc019-_.", min_size=1, max_size=50))
def test_a_cursor_is_what_it_was(value: str, id: str) -> None:
    """There and back, for its own list; another list refuses it, and so it does what is no cursor."""
    there = to_cursor(Document("trades", id, {"exit_time": value}, "1"), "exit_time", "x")
    if id.strip("."):
        back = from_cursor(there, "trades", "exit_time", "x")
        assert back is not None
        assert (back.id, back.fields["exit_time"]) == (id, value)
    for wrong, about in ((there, "y"), (there[:-2], "x"), (value, "x")):
        with pytest.raises(Problem):
            from_cursor(wrong, "trades", "exit_time", about)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """Every route and model is on it; no script, no other address."""
    text = page()
    for path in document()["paths"]:
        assert f" {path}</code>" in text
    assert all(f"id='{name}'" in text for name in document()["components"]["schemas"])
    assert "<script" not in text
    assert "http" not in text.replace("application/problem+json", "")


def test_the_key_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """new prints it once, list does not, revoke takes it away; the second time there is nothing to revoke."""
    home = ["--home", str(tmp_path), "--json"]
    assert main(["key", "new", "--role", "viewer", "--label", "screen", *home]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["key"].startswith("tron_viewer_")
    assert main(["key", "list", *home]) == 0
    listed = capsys.readouterr().out
    assert shown["key"] not in listed
    assert [one["id"] for one in json.loads(listed)["keys"]] == [shown["id"]]
    assert main(["key", "revoke", shown["id"], *home]) == 0
    assert main(["key", "revoke", shown["id"], *home]) == 2
