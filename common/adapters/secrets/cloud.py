"""Secrets in Google's Secret Manager, by REST: one light HTTP client, loaded when it is first used."""

import base64
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from common.adapters.secrets.directory import checked_name, variable
from common.redaction import Secret

ADDRESS: Final = "https://secretmanager.googleapis.com"
TIMEOUT_SECONDS: Final = 5.0
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
MAX_BYTES: Final = 65_536


class CloudSecrets:
    """The latest enabled version of `projects/{project}/secrets/{name}`; the secrets themselves are Terraform's.

    environment: what Kubernetes hands in under a secret's variable is not asked for; what the day stores (the broker's
    token) is never handed in. session: an HTTP session that authorizes itself; None for one with the environment's own
    credentials.
    """

    def __init__(
        self, project: str, address: str = ADDRESS, session: Any = None, environment: Mapping[str, str] | None = None,
    ) -> None:
        self._root = f"{address}/v1/projects/{project}/secrets"
        self._session = session
        self._environment = environment or {}
        self._lock = Lock()

    def get(self, name: str) -> Secret | None:
        """The latest version; None where there is none. Raises OSError."""
        given = self._environment.get(variable(name), "")
        if given:
            return Secret(given)
        answer = self._call("GET", f"{checked_name(name)}/versions/latest:access")
        if answer is None:
            return None
        try:
            return Secret(base64.b64decode(answer["payload"]["data"], validate=True).decode())
        except (KeyError, TypeError, ValueError):
            raise OSError(f"the answer about the secret {name} is not as documented") from None

    def put(self, name: str, value: Secret) -> None:
        """A new version. Raises OSError, also where the secret itself does not exist, or would not be read again."""
        if self._environment.get(variable(name)):
            raise OSError(f"the secret {name} is handed in as {variable(name)}: leave that out, it changes each day")
        data = value.reveal().encode()
        if len(data) > MAX_BYTES:
            raise OSError(f"the secret {name} is larger than {MAX_BYTES} bytes")
        body = {"payload": {"data": base64.b64encode(data).decode()}}
        if self._call("POST", f"{checked_name(name)}:addVersion", body) is None:
            raise OSError(f"there is no secret {name} in Secret Manager: apply the Terraform that makes it")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer; None for 404. Errors say the status and never the content."""
        with self._lock:
            session = self._session = self._session or _authorized()
            try:
                answer = session.request(method, f"{self._root}/{path}", json=body, timeout=TIMEOUT_SECONDS)
            except Exception as error:  # of requests and of google-auth: neither has a common base
                raise OSError(f"Secret Manager does not answer: {type(error).__name__}") from None
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            what = path.partition("/")[0].partition(":")[0]
            raise OSError(f"Secret Manager refuses the secret {what}: HTTP {answer.status_code}; look at its IAM roles")
        try:
            return answer.json()
        except ValueError:
            raise OSError("the answer of Secret Manager is not JSON") from None


def _authorized() -> Any:
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=[SCOPE])
    return AuthorizedSession(credentials)
