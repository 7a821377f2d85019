"""Who may ask the API what, how often, and what is kept of it: roles, keys, limits, what is down, the audit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from common.day.api.keys import SECRET, Role
from common.day.api.routes import ROUTES, Route, functions
from common.day.audit import verify
from common.ports import StoreUnavailable
from common.redaction import Secret
from tests.process.api_case import DAY, Api, address, keys, running_day, served

HALT = {"action": "halt", "level": "stop", "class": "stock", "reason": "a look"}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A running day; the person at the machine asks."""
    with running_day(tmp_path, monkeypatch) as found:
        yield found


@dataclass
class NoSecrets:
    """Secrets that do not answer, or do again."""

    kept: Secret | None = None
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def get(self, name: str) -> Secret | None:
        self.asked.append(name)
        if self.down:
            raise OSError("nobody answers")
        return self.kept

    def put(self, name: str, value: Secret) -> None:
        self.asked.append(name)
        self.kept = value


ROLES = {"none": (401, 401), "wrong": (401, 401), "viewer": (200, 403), "operator": (200, 200)}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.full_path}")
@pytest.mark.parametrize("role", ROLES)
def test_every_route_by_every_role(api: Api, route: Route, role: str) -> None:
    """Without a key nothing but what is open; a viewer reads; an operator also changes."""
    viewer, operator = keys(api.app, Role.VIEWER, Role.OPERATOR)
    key = {"none": "", "wrong": viewer[:-1] + "?", "viewer": viewer, "operator": operator}[role]
    more: dict[str, Any] = {"json": HALT} if route.body else {}
    answer = api.ask(address(route), route.method, key, **more)
    wanted = 200 if route.role is None else ROLES[role][route.role is Role.OPERATOR]
    found = 200 if answer.status_code in route.refused and answer.status_code == 404 else answer.status_code
    assert found == wanted, answer.get_data(as_text=True)[:300]
    if wanted == 401:
        assert answer.headers["WWW-Authenticate"]


def test_keys_are_rotated_without_a_gap(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are valid at once; a new one counts within seconds; one that is gone, and what is no list, end."""
    first, second = keys(api.app, Role.VIEWER, Role.VIEWER)
    assert [api.ask("/plan", key=key).status_code for key in (first, second)] != [401, 401]
    from common.day.api import keys as module

    kept = module.from_secret(api.app.account.secrets.get(SECRET))
    api.app.account.secrets.put(SECRET, module.to_secret(kept[1:]))
    later = api.app.clock.monotonic() + 31
    monkeypatch.setattr(type(api.app.clock), "monotonic", lambda _: later)
    assert api.ask("/health", key=first).status_code == 401
    assert api.ask("/health", key=second).status_code == 200


def test_keys_that_cannot_be_read(api: Api) -> None:
    """503 with when to try again where nothing is known of keys; those that are known go on for a while."""
    secrets = NoSecrets(down=True)
    api.app.account.__dict__["secrets"] = secrets
    answer = api.ask("/health", key="tron_viewer_x")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    secrets.down, secrets.kept = False, Secret("{")
    assert api.ask("/health", key="tron_viewer_x").status_code == 503


def test_a_page_of_somebody_else_is_not_the_person(api: Api) -> None:
    """Without keys: only this machine, by its own name, from no other origin and through no proxy of others."""
    assert api.ask("/health").status_code == 200
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"X-Forwarded-For": "203.0.113.9"},
                    {"Origin": "null"}, {"Host": "[::1"}):
        assert api.ask("/health", headers=headers).status_code in (400, 401), headers
    assert api.ask("/health", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 401


def test_not_local_means_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the cloud nobody is let in for where they are."""
    with served(tmp_path, monkeypatch) as api:
        assert api.ask("/health").status_code == 401
        assert api.ask("/health/live").status_code == 200


def test_too_often_is_429(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key has its rate; guessing has a lower one, and does not use up a key's."""
    with served(tmp_path, monkeypatch, TRON_API_RATE="0.001") as api:
        (viewer,) = keys(api.app, Role.VIEWER)
        guesses = [api.ask("/health", key="tron_viewer_guess").status_code for _ in range(25)]
        assert (guesses[0], guesses[-1]) == (401, 429)
        statuses = [api.ask("/health", key=viewer).status_code for _ in range(105)]
        assert (statuses[0], statuses[-1]) == (200, 429)
        assert int(api.ask("/health", key=viewer).headers["Retry-After"]) >= 1


class NoStore:
    """A store that never answers."""

    def close(self) -> None:
        """Nothing is open."""

    def __getattr__(self, name: str) -> Any:
        del name

        def fail(*_: Any, **__: Any) -> Any:
            raise StoreUnavailable("the store does not answer")

        return fail


@pytest.mark.parametrize("name", functions())
def test_a_store_that_is_down_is_503(api: Api, name: str) -> None:
    """With when to ask again; what needs no store still answers."""
    api.app.__dict__["store"] = NoStore()
    answer = api.ask(f"/{name}")
    if name in ("openapi", "backtests"):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.data
        assert answer.content_type == "application/problem+json"
    assert api.ask("/health/live").status_code == 200


def test_every_control_is_in_the_audit(api: Api) -> None:
    """Under the key's name, chained, and the chain holds; the same halt again is no second entry."""
    (operator,) = keys(api.app, Role.OPERATOR)
    assert api.get("/control", method="POST", key=operator, json=HALT) == {"sequence": 1}
    assert api.get("/control", method="POST", key=operator, json=HALT) == {"sequence": 1}
    back = {"action": "resume", "reason": "looked"}
    assert api.get("/control", method="POST", key=operator, json=back) == {"sequence": 2}
    history = api.get(f"/control?date={DAY}", key=operator)["history"]
    assert [(one["by"], one["did"]) for one in history] == [
        ("api:id0", "halt STOP_ENTRIES"), ("api:id0", "resume person-stock"),
    ]
    assert verify(DAY, api.app.store, api.app.archive).findings == []


def test_no_key_leaves_the_process(api: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither in what is stored nor in what is said: a key is kept as its hash."""
    viewer, operator = keys(api.app, Role.VIEWER, Role.OPERATOR)
    api.ask("/health", key=viewer)
    api.ask("/control", "POST", operator, json=HALT)
    api.ask("/plan", key=f"{viewer}wrong")
    said = "".join(capfd.readouterr())
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for key in (viewer, operator):
        assert key not in said
        assert key.encode() not in kept
