"""Secrets as files that only their owner can read, or as variables of the environment."""

import os
import re
import stat
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from common.redaction import Secret

PREFIX: Final = "TRON_SECRET_"
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class DirectorySecrets:
    """A file a secret, mode 0600, in a directory of mode 0700; what is stored there goes before the environment."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._environment = environment

    def get(self, name: str) -> Secret | None:
        """The latest version; None where there is none. Raises OSError, also for a file that others can read."""
        path = self._directory / checked_name(name)
        try:
            with path.open(encoding="utf-8") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise PermissionError(f"others can read the secret {name}: chmod 600 its file, and replace it")
                return Secret(file.read().strip())
        except FileNotFoundError:
            text = self._environment.get(variable(name), "")
            return Secret(text) if text else None
        except UnicodeDecodeError:
            raise OSError(f"the secret {name} is not UTF-8 text: store it again") from None

    def put(self, name: str, value: Secret) -> None:
        """Replaced whole. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / checked_name(name)
        fresh = path.with_name(f".{name}.{uuid.uuid4().hex}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(value.reveal())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def variable(name: str) -> str:
    """The environment's name of a secret: kite-api-key is TRON_SECRET_KITE_API_KEY."""
    return PREFIX + checked_name(name).upper().replace("-", "_")


def checked_name(name: str) -> str:
    """Raises ValueError for what is no name of a secret, such as a path."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a secret: use a-z, 0-9 and single hyphens")
    return name
