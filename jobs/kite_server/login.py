"""Who is logged in: request tokens that are good once, access tokens until the next login, and the login page."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from html import escape
from secrets import token_hex
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jobs.kite_server.errors import input_error, token_error

PROFILE: Final = {
    "user_type": "individual", "email": "person@example.com", "user_name": "Test Person", "user_shortname": "Test",
    "broker": "ZERODHA", "exchanges": ["NSE", "NFO", "BSE", "BFO"], "products": ["CNC", "NRML", "MIS", "MTF"],
    "order_types": ["MARKET", "LIMIT", "SL", "SL-M"], "avatar_url": None, "meta": {"demat_consent": "physical"},
}
REQUEST_TOKEN_SECONDS: Final = 300.0
MOST_WAITING: Final = 100


class Logins:
    """api_key, api_secret: of the one app. redirect_url: where the login page leads, as registered with the broker.

    seconds: the time by which request tokens age. Tokens are random unless `token` makes them. changed: called with
    each new access token, '' when it is dead.
    """

    def __init__(
        self, person: str, api_key: str, api_secret: str, redirect_url: str, seconds: Callable[[], float],
        token: Callable[[], str] = token_hex,
    ) -> None:
        self.person = person
        self.api_key = api_key
        self.api_secret = api_secret
        self.redirect_url = redirect_url
        self.access_token = ""
        self.changed: Callable[[str], None] = _to_nobody
        self._seconds = seconds
        self._token = token
        self._waiting: dict[str, float] = {}

    def page(self, api_key: str, redirect_params: str) -> str:
        """The login page with its one button. Raises KiteError for another app's key."""
        if api_key != self.api_key:
            raise input_error("Invalid `api_key`.")
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Simulated Kite</title>"
            "<style>body{font:18px sans-serif;display:grid;place-items:center;height:90vh}"
            "button{font-size:18px;padding:.8em 1.5em}</style><form method=post action=/connect/finish>"
            f'<input type=hidden name=api_key value="{escape(api_key)}">'
            f'<input type=hidden name=redirect_params value="{escape(redirect_params)}">'
            "<p>Simulated Kite: no password, no money.</p>"
            f"<button>log in as {escape(self.person)}</button></form></html>"
        )

    def redirect(self, api_key: str, redirect_params: str) -> str:
        """Where the person is sent after the button was pressed. Raises KiteError."""
        if api_key != self.api_key:
            raise input_error("Invalid `api_key`.")
        if not self.redirect_url:
            raise input_error("There is no redirect URL: start the server with --redirect-url.")
        while len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        token = self._token()
        self._waiting[token] = self._seconds()
        parts = urlsplit(self.redirect_url)
        fields = [
            *parse_qsl(parts.query), ("action", "login"), ("type", "login"), ("status", "success"),
            ("request_token", token), *parse_qsl(redirect_params)[:20],
        ]
        return urlunsplit(parts._replace(query=urlencode(fields)))

    def session(self, api_key: str, request_token: str, checksum: str, login_time: str) -> dict[str, Any]:
        """A new access token; the one before is dead. Raises KiteError."""
        made = self._waiting.pop(request_token, None)
        wanted = sha256((self.api_key + request_token + self.api_secret).encode()).hexdigest()
        if api_key != self.api_key or not hmac.compare_digest(checksum.encode(), wanted.encode()):
            raise token_error("Invalid `checksum`.")
        if made is None or self._seconds() - made > REQUEST_TOKEN_SECONDS:
            raise token_error("Token is invalid or has expired.")
        self.access_token = self._token()
        self.changed(self.access_token)
        return {
            **PROFILE, "user_id": self.person, "api_key": api_key, "access_token": self.access_token,
            "public_token": self._token(), "enctoken": self._token(), "refresh_token": "", "silo": "",
            "avatar_url": "", "login_time": login_time,
        }

    def check(self, authorization: str) -> None:
        """The header of a request. Raises KiteError."""
        scheme, _, credentials = authorization.partition(" ")
        api_key, _, token = credentials.partition(":")
        if scheme != "token" or not self.allows(api_key, token):
            raise token_error()

    def allows(self, api_key: str, token: str) -> bool:
        """Whether these open a session."""
        alive = bool(self.access_token) and hmac.compare_digest(token.encode(), self.access_token.encode())
        return alive and api_key == self.api_key

    def end(self) -> None:
        """The token is dead: a logout, another login, six in the morning."""
        self.access_token = ""
        self.changed("")

    @property
    def profile(self) -> dict[str, Any]:
        """As the broker shows it."""
        return {"user_id": self.person, **PROFILE}


def _to_nobody(token: str) -> None:
    """Until somebody listens."""
