"""Parts of the account that are picked by settings."""

from pathlib import Path
from typing import Any, cast

import pytest

from common.bootstrap_account import AccountParts
from common.redaction import Secret
from common.settings import Settings


class Told:
    """Logs that keep what they are told."""

    def __init__(self) -> None:
        self.records: list[str] = []

    def write(self, _: str, message: str) -> None:
        """One more."""
        self.records.append(message)


class Stored:
    """One secret, or none, or no answer."""

    def __init__(self, value: str | None, failure: str = "") -> None:
        self.value, self.failure = value, failure

    def get(self, _: str) -> Secret | None:
        """As the port has it."""
        if self.failure:
            raise OSError(self.failure)
        return None if self.value is None else Secret(self.value)


def parts(tmp_path: Path, stored: Stored, **settings: Any) -> tuple[AccountParts, Told]:
    """Of these settings, with this secret."""
    told = Told()
    made = AccountParts(Settings(tmp_path, **settings), *cast("Any", (None, told, None, None, None)))
    made.__dict__["secrets"] = stored
    return made, told


@pytest.mark.parametrize(("stored", "urls"), [
    (Stored("json://a json://b"), ("json://a", "json://b")), (Stored(None), ()),
])  # fmt: skip
def test_whom_to_tell_is_a_secret_in_the_cloud(tmp_path: Path, stored: Stored, urls: tuple[str, ...]) -> None:
    """No variable of a function has it."""
    made, _ = parts(tmp_path, stored, secrets="secret_manager", project="p")
    assert made.notify_urls() == urls


def test_a_secret_that_does_not_answer_stops_nothing(tmp_path: Path) -> None:
    """Nobody is told, and the log says so: a day is closed all the same."""
    made, told = parts(tmp_path, Stored(None, "no answer"), secrets="secret_manager", project="p")
    assert made.notify_urls() == ()
    assert told.records == ["nobody is told: the secret notify-urls cannot be read: no answer"]


def test_the_settings_go_before(tmp_path: Path) -> None:
    """And no secret is asked for then, nor on a laptop."""
    asked = Stored(None, "asked")
    assert parts(tmp_path, asked, notify_urls=("json://x",))[0].notify_urls() == ("json://x",)
    assert parts(tmp_path, asked)[0].notify_urls() == ()
