"""What no client of ours would send: schemathesis on the API's own document, and requests of garbage."""

import json
import os
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from common.day.api.keys import Role
from common.day.api.openapi import document
from common.day.api.routes import functions
from jobs.local.function_server import build_app
from tests.process.api_case import FOLDER, Api, keys, opened, served, store_day

EXAMPLES: Final = int(os.environ.get("TRON_API_EXAMPLES", "8"))
GARBAGE: Final = int(os.environ.get("TRON_API_GARBAGE", "1000"))
"""10,000 with script/test, or by hand."""
CHECKS: Final = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, negative_data_rejection,
]
SCHEMA: Final = schemathesis.openapi.from_dict(json.loads(json.dumps({**document(), "servers": [{"url": "/"}]})))
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A stored day, with a viewer's and an operator's key."""
    home = tmp_path_factory.mktemp("run")
    store = opened(home)
    store_day(store)
    store.close()
    with pytest.MonkeyPatch.context() as patch, served(home, patch) as found:
        yield found


@pytest.mark.parametrize("role", ["none", "viewer", "operator"])
def test_schemathesis_finds_nothing(api: Api, role: str) -> None:
    """Requests right and wrong, made from the document: each answer is one that the document has, and none is a 5xx."""
    viewer, operator = keys(api.app, Role.VIEWER, Role.OPERATOR)
    key = {"none": "", "viewer": viewer, "operator": operator}[role]
    app, asked = build_app({name: FOLDER / f"{name}.py" for name in functions()}), 0
    operations: Any = list(SCHEMA.get_all_operations())
    for operation in (found.ok() for found in operations):

        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                  suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(app=app, headers={"Accept-Encoding": "identity", **({"X-API-Key": key} if key else {})})
            case.validate_response(answer, checks=CHECKS)

        ask()
    assert asked >= len(operations) > 15


def garbage(random_: random.Random) -> tuple[str, str, bytes, dict[str, str]]:
    """Method, path, body, headers."""
    def text(length: int) -> str:
        signs = "abc019-_.:/?&=%#\\'\"<>{}[]\x00\x7f\u0660\u202e\U0001f600 +;,"
        return "".join(random_.choice(signs) for _ in range(random_.randrange(length)))

    name = random_.choice([*functions(), "plan"])
    parts = ["date", "class", "since", "limit", "cursor", "level", "symbol", "name", text(8)]
    query = "&".join(f"{random_.choice(parts)}={text(40)}" for _ in range(random_.randrange(4)))
    path = f"/{name}{random_.choice(['', '/', '/page', '/bars', '/' + text(20).replace('?', '')])}?{query}"
    body = random_.randbytes(random_.choice((0, 10, 300, 20_000)))
    if random_.random() < 0.5:
        body = json.dumps(random_.choice([
            {"action": text(9)}, {"action": "halt", "class": text(9)}, {"action": "halt", "level": [text(3)]},
            [text(5)], text(9), 1e999, None, {"action": "resume", "reason": {"a": 1}},
        ])).encode()
    headers = {
        "Content-Type": random_.choice(["application/json", "text/plain", "application/json; charset=nonsense", "a"]),
        "If-None-Match": random_.choice(['W/"', "*", "é" * 50, '"a", "b"']), "Accept-Encoding": random_.choice(
            ["gzip", "gzip;q=nan", "*;q=0", "br, gzip;q=0.5"]),
        "X-Forwarded-For": random_.choice(["", "127.0.0.1", "a, b", "::1"]),
    }
    return random_.choice(METHODS), path, body, headers


def _wsgi(text: str) -> str:
    """As a server hands it over: bytes as if they were Latin-1."""
    return text.encode().decode("latin-1")


def test_garbage_is_never_our_fault(api: Api) -> None:
    """No request makes a 5xx, with an operator's key and without one; a problem says what is wrong."""
    (operator,) = keys(api.app, Role.OPERATOR)
    random_ = random.Random(20261120)
    statuses = set()
    for number in range(GARBAGE):
        method, path, body, headers = garbage(random_)
        key = operator if number % 4 else random_.choice(["", "x" * 500, "tron_operator_é"])
        name, _, rest = path[1:].partition("/")
        name, rest = name.partition("?")[0], rest if "/" in path[1:].partition("?")[0] else f"?{path.partition('?')[2]}"
        raw = {"PATH_INFO": _wsgi(f"/{rest.partition('?')[0]}"), "QUERY_STRING": _wsgi(rest.partition("?")[2])}
        answer = api.ask(f"/{name}", method, key, data=body, headers=headers, environ_overrides=raw)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, (method, path, body[:80], headers, answer.data[:300])
        if answer.status_code >= 400 and method != "HEAD":
            assert answer.content_type == "application/problem+json", (method, path, answer.data[:200])
    assert {400, 401, 404, 405} <= statuses
