"""API keys: roles, what is kept of a key (its hash), and which of those kept a presented one is."""

import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from common.redaction import Secret

SECRET: Final = "api-keys"  # noqa: S105 - the secret's name
PREFIX: Final = "tron_"
MAX_KEYS: Final = 20
MAX_KEY_LENGTH: Final = 200
MAX_LABEL: Final = 60


class Role(StrEnum):
    """An operator may do what a viewer may."""

    VIEWER = "viewer"
    OPERATOR = "operator"

    def allows(self, wanted: "Role") -> bool:
        """Whether who has this role may do what is for `wanted`."""
        return wanted is Role.VIEWER or self is Role.OPERATOR


class KeysDamaged(ValueError):
    """What is stored is no list of keys; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """hash: SHA-256 of the key. A key is 256 bits of chance: no slow hash makes it harder to guess."""

    id: str
    role: Role
    hash: str
    created: str
    label: str = ""


def made(id: str, chance: str, role: Role, label: str, now: datetime) -> tuple[Key, Secret]:
    """What is kept, and the key itself, which is shown once. chance: at least 43 characters of a secure source."""
    if len(chance) < 43:
        raise ValueError("a key needs 256 bits of chance")
    text = f"{PREFIX}{role.value}_{chance}"
    return Key(id, role, hashed(text), now.isoformat(), label[:MAX_LABEL]), Secret(text)


def hashed(text: str) -> str:
    """Of a key as it is presented."""
    return sha256(text.encode(errors="surrogateescape")).hexdigest()


def find(keys: Iterable[Key], presented: str) -> Key | None:
    """The key that it is. Every one is compared, each in constant time, so that time tells nothing."""
    digest, found = hashed(presented[:MAX_KEY_LENGTH]), None
    for key in keys:
        if hmac.compare_digest(key.hash, digest):
            found = key
    return found


def to_secret(keys: Iterable[Key]) -> Secret:
    """As it is stored."""
    return Secret(json.dumps([asdict(key) for key in keys]))


def from_secret(secret: Secret | None) -> tuple[Key, ...]:
    """As it was stored; none where nothing is. Raises KeysDamaged."""
    if secret is None:
        return ()
    try:
        return tuple(_key(one) for one in json.loads(secret.reveal()))
    except (ValueError, TypeError, KeyError, AttributeError):
        told = f"the secret {SECRET} is no list of keys: remove it, and make new ones with `tron key new`"
        raise KeysDamaged(told) from None


def _key(fields: Any) -> Key:
    hash = str(fields["hash"])
    bytes.fromhex(hash)
    return Key(str(fields["id"]), Role(fields["role"]), hash, str(fields["created"]), str(fields.get("label", "")))
