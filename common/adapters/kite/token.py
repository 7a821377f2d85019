"""The day's access token as a secret: with whose it is and since when, so that a wrong or old one is seen."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from common.ports import Secrets
from common.redaction import Secret

API_KEY: Final = "kite-api-key"
API_SECRET: Final = "kite-api-secret"  # noqa: S105 - the name of a secret
ACCESS_TOKEN: Final = "kite-access-token"  # noqa: S105 - the name of a secret


@dataclass(frozen=True, slots=True)
class Token:
    """user: '' and at: None where only the bare token was given, by hand. at: aware."""

    value: Secret
    user: str = ""
    at: datetime | None = None


def read_token(secrets: Secrets) -> Token | None:
    """The latest; None where nobody has logged in yet. Raises OSError where secrets cannot be read.

    What was written by hand may be the token alone, or an object without user or time.
    """
    found = secrets.get(ACCESS_TOKEN)
    text = found.reveal().strip() if found is not None else ""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return Token(Secret(text)) if text else None
    value, user = fields.get("token"), fields.get("user")
    if not isinstance(value, str) or not value:
        return None
    return Token(Secret(value), user if isinstance(user, str) else "", _aware(fields.get("at")))


def _aware(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def write_token(secrets: Secrets, token: Token) -> None:
    """Keep it for every process. Raises OSError."""
    at = token.at.isoformat() if token.at is not None else ""
    fields = {"token": token.value.reveal(), "user": token.user, "at": at}
    secrets.put(ACCESS_TOKEN, Secret(json.dumps(fields)))
