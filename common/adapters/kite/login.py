"""The daily login at Kite: its link, and the exchange of what the redirect brings for the day's token."""

import hashlib
import hmac
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from common.account_ports import LoggedIn, LoginRefused
from common.adapters.kite.answers import AnswerError, nanoseconds
from common.adapters.kite.errors import KiteFault
from common.adapters.kite.token import API_KEY, API_SECRET, Token, read_token, write_token
from common.market.indian_time import at
from common.ports import Clock, Secrets
from common.redaction import Secret
from common.trading.errors import BrokerUnavailable

TIMEOUT_SECONDS: Final = 7.0
_PURPOSE: Final = b"tron: state of the login link"


class KiteLogin:
    """url: of the API; login_url: of the page where the person logs in. No password and no second factor comes by."""

    def __init__(self, secrets: Secrets, clock: Clock, url: str, login_url: str) -> None:
        self._secrets = secrets
        self._clock = clock
        self._url = url
        self._login_url = login_url

    def url(self, state: str) -> str:
        """The page where the person logs in. Raises LoginRefused."""
        values = {"v": "3", "api_key": self._secret(API_KEY).reveal(), "redirect_params": urlencode({"state": state})}
        return f"{self._login_url}?{urlencode(values)}"

    def signing_key(self) -> Secret:
        """Derived from the app's secret, so that it is worth nothing elsewhere. Raises LoginRefused."""
        return Secret(hmac.new(self._secret(API_SECRET).reveal().encode(), _PURPOSE, hashlib.sha256).hexdigest())

    def complete(self, request_token: Secret, owner: str) -> LoggedIn:
        """Exchange and keep. Raises LoginRefused, BrokerUnavailable; then nothing is kept."""
        from common.adapters.kite.client import open_client

        client = open_client(self._secret(API_KEY), self._url)
        client.timeout = TIMEOUT_SECONDS
        try:
            session = client.generate_session(request_token.reveal(), self._secret(API_SECRET).reveal())
            user, value, time = str(session["user_id"]), str(session["access_token"]), session.get("login_time")
        except KiteFault as fault:
            if fault.api and fault.code < 500 and not fault.is_crowded:
                raise LoginRefused(f"Kite does not take this login, it may be too old: {fault}") from None
            raise BrokerUnavailable(str(fault)) from None
        except LoginRefused:
            raise
        except Exception as error:  # the client stumbles over answers that are not as it expects
            raise BrokerUnavailable(f"an answer that is not as documented: {type(error).__name__}") from None
        if not value:
            raise BrokerUnavailable("Kite has answered without a token")
        if user != owner:
            raise LoginRefused(f"this is the account {user[:20]}, and Tron trades for {owner}: nothing is kept")
        logged_in = LoggedIn(user, self._time(time))
        try:
            write_token(self._secrets, Token(Secret(value), user, logged_in.at))
        except OSError as failure:
            raise BrokerUnavailable(f"the token cannot be kept: {failure}") from None
        return logged_in

    def latest(self) -> LoggedIn | None:
        """The login that is kept; None also where the token was put there by hand, without its owner."""
        try:
            token = read_token(self._secrets)
        except OSError:
            return None
        return LoggedIn(token.user, token.at) if token is not None and token.at is not None else None

    def _secret(self, name: str) -> Secret:
        try:
            found = self._secrets.get(name)
        except OSError as failure:
            raise LoginRefused(f"the secret {name} cannot be read: {failure}") from None
        if found is None:
            raise LoginRefused(f"there is no secret {name}: store it first, see docs/kite.md")
        return found

    def _time(self, told: Any) -> datetime:
        try:
            return at(nanoseconds(told))
        except AnswerError:
            return self._clock.now()
