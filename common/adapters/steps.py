"""Steps of the day by HTTP: the deployed functions, called as the scheduler calls them."""

import json
import urllib.error
import urllib.request
from datetime import date
from typing import Final

MAX_ANSWER: Final = 4_000


class HttpSteps:
    """address: of the functions, before their names; '' where nothing can be called.

    On Google Cloud the call carries the identity of this function's service account.
    """

    def __init__(self, address: str, *, identity: bool, timeout_seconds: float = 120.0) -> None:
        self._address = address.rstrip("/")
        self._identity = identity
        self._timeout = timeout_seconds

    def run(self, step: str, day: date) -> str:
        """Raises OSError."""
        if not self._address:
            raise OSError(f"TRON_FUNCTIONS_URL is not set: run {step} yourself")
        url = f"{self._address}/{step}"
        headers = {"Content-Type": "application/json"}
        if self._identity:
            headers["Authorization"] = f"Bearer {_identity_token(url)}"
        request = urllib.request.Request(url, json.dumps({"date": day.isoformat()}).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                text: str = answer.read(MAX_ANSWER).decode(errors="replace").strip()
                return text
        except urllib.error.HTTPError as error:
            reason = error.read(MAX_ANSWER).decode(errors="replace").strip()
            raise OSError(f"HTTP {error.code}: {reason[:300]}") from None


def _identity_token(audience: str) -> str:
    """Raises OSError."""
    import google.auth.exceptions
    import google.auth.transport.requests
    import google.oauth2.id_token

    try:
        token: str = google.oauth2.id_token.fetch_id_token(google.auth.transport.requests.Request(), audience)
    except google.auth.exceptions.GoogleAuthError as error:
        raise OSError(f"no identity for {audience}: {type(error).__name__}") from None
    return token
