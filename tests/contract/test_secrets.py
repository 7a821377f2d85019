"""The contract of every Secrets: the latest version, none where there is none, and never in a text."""

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.adapters.secrets.cloud import CloudSecrets
from common.adapters.secrets.directory import DirectorySecrets, variable
from common.ports import Secrets
from common.redaction import Secret

VALUE = Secret("s3cr3t-väl/ue")


class Cloud:
    """Secret Manager's two methods as its REST reference has them, for secrets that exist."""

    def __init__(self) -> None:
        self.versions: dict[str, list[str]] = {"kite-api-key": [], "kite-access-token": []}
        self.status = 0

    def request(self, method: str, url: str, json: Any, timeout: float) -> Any:
        del timeout
        name, _, verb = url.removeprefix("http://cloud/v1/projects/p/secrets/").partition(":")
        name = name.partition("/")[0]
        if self.status or name not in self.versions:
            return answer(self.status or 404, {"error": {"message": "the secret is s3cr3t"}})
        if (method, verb) == ("POST", "addVersion"):
            self.versions[name].append(json["payload"]["data"])
            return answer(200, {"name": f"projects/p/secrets/{name}/versions/{len(self.versions[name])}"})
        if not self.versions[name]:
            return answer(404, {})
        return answer(200, {"name": name, "payload": {"data": self.versions[name][-1]}})


def answer(status: int, body: Any) -> Any:
    return SimpleNamespace(status_code=status, json=lambda: json.loads(json.dumps(body)))


SECRETS: dict[str, Callable[[Path, Cloud], Secrets]] = {
    "directory": lambda place, _: DirectorySecrets(place / "secrets", {}),
    "secret manager": lambda _, cloud: CloudSecrets("p", "http://cloud", cloud),
}


@pytest.fixture(params=sorted(SECRETS))
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Secrets]:
    """Opens one more handle on the same secrets."""
    cloud = Cloud()
    return lambda: SECRETS[request.param](tmp_path, cloud)


def test_the_latest_version_is_seen_by_every_handle(opening: Callable[[], Secrets]) -> None:
    """None before the first; a handle that was open already sees the next."""
    one, other = opening(), opening()
    assert one.get("kite-access-token") is None
    one.put("kite-access-token", VALUE)
    assert other.get("kite-access-token") == VALUE
    other.put("kite-access-token", Secret("next"))
    assert one.get("kite-access-token") == Secret("next")
    assert one.get("kite-api-key") is None


@pytest.mark.parametrize("name", ["", "../kite", "Kite", "kite--api", "kite/api", "a" * 3 + "\n"])
def test_a_name_is_no_path(opening: Callable[[], Secrets], name: str) -> None:
    """Whatever is asked for, no other file or address is reached."""
    with pytest.raises(ValueError, match="no name of a secret"):
        opening().get(name)
    with pytest.raises(ValueError, match="no name of a secret"):
        opening().put(name, VALUE)


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Written 0600 in 0700; one that others can read is refused, by name and without its content."""
    secrets = DirectorySecrets(tmp_path / "secrets", {})
    secrets.put("kite-api-key", VALUE)
    file = tmp_path / "secrets" / "kite-api-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == ["kite-api-key"]
    file.chmod(0o644)
    with pytest.raises(PermissionError, match="kite-api-key: chmod 600") as refused:
        secrets.get("kite-api-key")
    assert VALUE.reveal() not in str(refused.value)


def test_the_environment_stands_in_for_a_file(tmp_path: Path) -> None:
    """Until one is stored, which then counts."""
    assert variable("kite-api-key") == "TRON_SECRET_KITE_API_KEY"
    secrets = DirectorySecrets(tmp_path, {"TRON_SECRET_KITE_API_KEY": "from outside"})
    assert secrets.get("kite-api-key") == Secret("from outside")
    secrets.put("kite-api-key", VALUE)
    assert secrets.get("kite-api-key") == VALUE


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_refusal_of_the_cloud_names_the_secret_and_not_its_content(status: int) -> None:
    """An error, never None: a missing permission must not look like a missing login."""
    cloud = Cloud()
    cloud.status = status
    with pytest.raises(OSError, match=f"kite-api-key: HTTP {status}") as refused:
        CloudSecrets("p", "http://cloud", cloud).get("kite-api-key")
    assert "s3cr3t" not in str(refused.value)


def test_a_secret_that_does_not_exist_cannot_be_written() -> None:
    """Terraform makes it, with who may read it; the text says so."""
    with pytest.raises(OSError, match="no secret other in Secret Manager"):
        CloudSecrets("p", "http://cloud", Cloud()).put("other", VALUE)


@pytest.mark.parametrize("payload", [{}, {"payload": {}}, {"payload": {"data": "*"}}, {"payload": {"data": 5}}, []])
def test_an_answer_that_is_not_as_documented_is_an_error(payload: Any) -> None:
    """No other exception leaves the adapter."""
    session = SimpleNamespace(request=lambda *_, **__: answer(200, payload))
    with pytest.raises(OSError, match="not as documented"):
        CloudSecrets("p", "http://cloud", session).get("kite-api-key")


def test_the_cloud_has_base64() -> None:
    """What is sent is what the reference asks for."""
    cloud = Cloud()
    CloudSecrets("p", "http://cloud", cloud).put("kite-api-key", VALUE)
    assert base64.b64decode(cloud.versions["kite-api-key"][0]).decode() == VALUE.reveal()


def test_what_kubernetes_hands_in_is_not_asked_for() -> None:
    """A static secret may be a variable; one that the day stores may not, for it would never be read again."""
    handed = {"TRON_SECRET_KITE_API_KEY": "handed in"}
    cloud = Cloud()
    cloud.status = 403
    secrets = CloudSecrets("p", "http://cloud", cloud, environment=handed)
    found = secrets.get("kite-api-key")
    assert found is not None
    assert found.reveal() == "handed in"
    with pytest.raises(OSError, match="TRON_SECRET_KITE_API_KEY"):
        secrets.put("kite-api-key", VALUE)
