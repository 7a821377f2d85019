"""No secret leaves the process: by type, by name at any depth, by shape in any text."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.log_record import constant_part, line
from common.redaction import HIDDEN, MAX_DEPTH, Secret, is_plain, redacted, redacted_text

VALUE = "q7Zx9RtK4mWp2LbN8vYc"
NAMES = [
    "Authorization", "authorization", "X-Api-Key", "api_key", "apiKey", "api_secret", "access_token", "accessToken",
    "refresh_token", "request_token", "enctoken", "password", "client_secret", "Set-Cookie", "token", "totp", "pin",
    "checksum", "webhook_url", "KITE_API_SECRET", "openai-api-key", "proxy-authorization",
]
TEXTS = [
    "Authorization: Bearer {}", "bearer {}", "Authorization: token {}abc:{}", "token kitekey12345:{}",
    "GET /orders?api_key=x&access_token={}&a=1", "https://user:{}@example.com/x", "api_secret='{}'",
    '{{"request_token": "{}"}}', "password={}", "sk-proj-{}", "bot 123456789:AA{}{}", "Cookie: session={}",
    "eyJ{}.eyJ{}.{}", "ya29.{}", "enctoken {} is no header, but enctoken={}",
]
HARMLESS = [
    "NIFTY26NOV24000CE", "token bucket is empty", "the key level broke", "instrument 256265", "a pinned strategy",
    "https://kite.trade/connect/login", "secretary general", "no basic rule",
]

texts = st.text(max_size=60)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts


def emitted(message: str, fields: dict[Any, Any]) -> str:
    return line("id", "2025-08-29T09:15:00.000000+05:30", "INFO", message, fields, constant_part({})).decode()


def test_a_secret_shows_nowhere() -> None:
    """Printed, formatted, in a container, in a record, as JSON: ***; only reveal() gives it, and it does not travel."""
    secret = Secret(VALUE)
    shown = f"{secret} {secret!r} {secret:>30} {[secret]} {{'a': secret}}"
    assert VALUE not in shown
    assert HIDDEN in shown
    assert VALUE not in emitted(f"{secret}", {"a": secret, "b": [secret], "c": {"d": secret}, "e": (secret, {secret})})
    assert secret.reveal() == VALUE
    assert (secret == Secret(VALUE), secret == VALUE, bool(Secret(""))) == (True, False, False)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="neither pickled"):
        pickle.dumps(secret)


shapes = st.recursive(
    st.just("HERE"),
    lambda inner: st.dictionaries(texts, inner | scalars, min_size=1, max_size=3)
    | st.lists(inner | scalars, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(NAMES), shapes)
def test_what_is_named_like_a_secret_is_hidden_at_any_depth(name: str, shape: Any) -> None:
    """Wherever in the fields it stands, and whatever stands beside it."""
    def planted(value: Any) -> Any:
        if value == "HERE":
            return {name: VALUE}
        if isinstance(value, dict):
            return {key: planted(item) for key, item in value.items()}
        return [planted(item) for item in value] if isinstance(value, list) else value

    said = emitted("hello", {"fields": planted(shape), name: VALUE})
    assert VALUE not in said
    json.loads(said)


@given(st.sampled_from(TEXTS), st.text(alphabet="abc XYZ=,.-", max_size=30), st.booleans())
def test_tokens_within_texts_are_hidden(text: str, around: str, in_message: bool) -> None:
    """Headers, URLs, JSON within a text, keys by their shape: in the message and in any field."""
    whole = f"{around} {text.replace('{}', VALUE).replace('{{', '{').replace('}}', '}')} {around}"
    said = emitted(whole if in_message else "x", {} if in_message else {"note": whole, "list": [{"deep": whole}]})
    if text.startswith("enctoken"):
        said = said.replace(f"enctoken {VALUE} is no header", "")
    assert VALUE not in said


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays(text: str) -> None:
    """Words that only resemble secrets are not blanked: a log that hides everything helps nobody."""
    assert redacted_text(text) == text
    assert redacted({"instrument_token": 256265, "tokens": 800, "keyboard": text}) == {
        "instrument_token": 256265, "tokens": 800, "keyboard": text,
    }


@given(st.dictionaries(texts, scalars, max_size=5))
def test_the_fast_way_says_what_the_slow_way_says(fields: dict[str, Any]) -> None:
    """What is taken as plain is left as it is by the whole redaction."""
    if is_plain(fields):
        assert repr(redacted(fields)) == repr(fields)


def test_everything_is_bounded() -> None:
    """Depth, items, length: a record of anything is a line of some kilobytes, and valid JSON."""
    deep: Any = "end"
    for _ in range(50):
        deep = {"a": deep}
    said = json.loads(emitted("m" * 100_000, {
        "deep": deep, "many": list(range(10_000)), "long": "x" * 1_000_000, "odd": {1, 2}, "thing": object(), 3: b"x",
    }))
    assert len(json.dumps(said)) < 64_000
    assert json.dumps(said["fields"]["deep"]).count("{") == MAX_DEPTH - 1


@given(texts, st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=5))
def test_every_line_is_one_line_of_json(message: str, fields: dict[str, Any]) -> None:
    """Line breaks, quotes, lone surrogates, numbers that JSON lacks: one line, parsed by a strict reader."""
    def strict(text: str) -> None:
        raise AssertionError(text)

    made = line("id", "t", "INFO", f"{message}\ud800\n", {**fields, "s": "\udfff"}, constant_part({"date": "d"}))
    assert made.count(b"\n") == 1
    assert json.loads(made, parse_constant=strict)["severity"] == "INFO"
