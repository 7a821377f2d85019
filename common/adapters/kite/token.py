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
    """The latest; None where nobody has logged in yet. Raises OSError where secrets cannot be read."""
    found = secrets.get(ACCESS_TOKEN)
    if found is None or not found:
        return None
    try:
        fields = json.loads(found.reveal())
        at = datetime.fromisoformat(fields["at"]) if fields["at"] else None
        token = Token(Secret(str(fields["token"])), str(fields["user"]), at if at and at.tzinfo is not None else None)
    except (ValueError, TypeError, KeyError):
        return Token(Secret(found.reveal().strip()))
    return token


def write_token(secrets: Secrets, token: Token) -> None:
    """Keep it for every process. Raises OSError."""
    at = token.at.isoformat() if token.at is not None else ""
    fields = {"token": token.value.reveal(), "user": token.user, "at": at}
    secrets.put(ACCESS_TOKEN, Secret(json.dumps(fields)))
