"""The runbook: each alarm that the code can raise has its row, each command and file it names exists."""

import re
from typing import Final

import pytest

from jobs.cli import MODULES
from tests.architecture.source_files import ROOT

TEXT: Final = (ROOT / "docs" / "operations.md").read_text()
ALARMS: Final = TEXT[TEXT.index("## Alarms") : TEXT.index("## Disasters")]
ROWS: Final = set(re.findall(r"^\| ([^|]+?) \|", ALARMS, re.MULTILINE))


def sources(folder: str) -> str:
    """All of a room's code as one text."""
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.py")))


def test_every_kind_of_alarm_has_a_row() -> None:
    """The kinds that the session raises, and the categories of the closing and the approval."""
    kinds = set(re.findall(r"\.alarm\(\s*slot, \"([a-z ]+)\"", sources("common/trading")))
    assert len(kinds) >= 10
    kinds |= set(re.findall(r"_alarm\(day, \"([a-z]+)\"", sources("common/day")))
    assert {"reconciliation", "audit"} <= kinds
    assert kinds <= ROWS, kinds - ROWS


@pytest.mark.parametrize("name", ["is open after the close", "the store is down", "the lease ran out", "taken over",
                                  "the take-over failed", "could not be looked after", "the readiness gate is red",
                                  "given up", "a notice was not sent"])
def test_what_a_row_quotes_is_said_somewhere(name: str) -> None:
    """A row nobody's message begins with is of no help."""
    assert name in ROWS
    assert name in sources("common") + sources("jobs")


def test_every_alert_of_google_has_a_row() -> None:
    """By the name in its e-mail."""
    alerts = (ROOT / "terraform/modules/alerts/main.tf").read_text()
    named = set(re.findall(r'display_name\s+= "(Tron: [a-z ]+)"', alerts))
    assert len(named) == 2
    assert named <= ROWS
    assert "Tron: errors, Tron: halts" in ROWS


def test_every_command_exists() -> None:
    """`tron X` of the runbook is a command of this version."""
    used = set(re.findall(r"\btron ([a-z]+(?:-[a-z]+)*)\b", re.sub(r"clusters [a-z-]+ tron.*", "", TEXT)))
    assert {"doctor", "approve", "flatten", "export"} <= used
    assert used <= set(MODULES), used - set(MODULES)


def test_every_page_that_it_names_exists() -> None:
    """Links to files, and to headings of its own."""
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert re.search(rf"^#+ {target[1:].replace('-', ' ')}$", TEXT, re.MULTILINE | re.IGNORECASE), target
        else:
            assert (ROOT / "docs" / target).exists(), target
