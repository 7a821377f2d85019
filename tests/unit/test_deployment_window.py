"""Nothing is deployed while a day is being planned, traded or closed."""

import json
from datetime import datetime

import pytest

from common.market.deployment_window import closed_for_changes
from common.market.indian_time import INDIA
from jobs.cli import main


@pytest.mark.parametrize(("moment", "closed"), [
    ("2026-11-20 07:29:59", False), ("2026-11-20 07:30", True), ("2026-11-20 12:00", True),
    ("2026-11-20 16:24:59", True), ("2026-11-20 16:25", False), ("2026-11-21 12:00", False),
    ("2026-11-08 17:59", True), ("2026-11-08 07:29", False),
])  # fmt: skip
def test_the_window_follows_the_session_table(moment: str, closed: bool) -> None:
    """From half an hour before the login to half an hour after the close; a Saturday is free, a Muhurat session not."""
    assert bool(closed_for_changes(datetime.fromisoformat(moment).replace(tzinfo=INDIA))) is closed


def test_a_date_without_a_table_is_closed() -> None:
    """Nobody knows whether the market is open then."""
    assert "nobody knows" in closed_for_changes(datetime(2031, 1, 1, 12, tzinfo=INDIA))


def test_the_command_answers_and_can_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the hour is: its status says what it prints, and with --force it passes."""
    status = main(["deploy", "gate", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (status == 0) is told["passes"] is (told["why"] == "")
    assert main(["deploy", "gate", "--force"]) == 0
