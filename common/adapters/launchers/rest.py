"""JSON over HTTP to those who run workloads, with credentials of this environment; one light client, made when used."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from common.launch_ports import LaunchError

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT_SECONDS: Final = 15.0
MAX_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. content: the JSON object; {} where there is none."""

    status: int
    content: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """For people."""
        error = self.content.get("error")
        text = error.get("message") if isinstance(error, dict) else self.content.get("message")
        return f"HTTP {self.status}: {str(text or 'without a reason')[:MAX_TEXT]}"


class RestClient:
    """who: for messages. open_session: an HTTP session that authorizes itself."""

    def __init__(self, who: str, address: str, open_session: Callable[[], Any]) -> None:
        self._who = who
        self._address = address.rstrip("/")
        self._open = open_session
        self._session: Any = None
        self._lock = threading.Lock()

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Once, whatever comes of it: who calls knows what may be repeated. Raises LaunchError without an answer."""
        with self._lock:
            try:
                session = self._session = self._session or self._open()
                answer = session.request(
                    method, f"{self._address}/{path}", json=body, params=query, timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            except Exception as error:  # of requests and of google-auth: neither has a common base
                told = f"{self._who} does not answer: {type(error).__name__}; look before trying again"
                raise LaunchError(told) from error
        try:
            content = answer.json()
        except ValueError:
            content = {}
        return Reply(answer.status_code, content if isinstance(content, dict) else {})


def google_session(address: str) -> Any:
    """An HTTP session with the credentials of this environment; without any for an address of this machine."""
    if urlsplit(address).scheme == "http":
        import requests

        return requests.Session()
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=[SCOPE])
    return AuthorizedSession(credentials)
