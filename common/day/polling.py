"""What an open dashboard asks the API for, and how often; the free tier is counted with it."""

from collections.abc import Mapping
from typing import Final, TypeAlias

Request: TypeAlias = tuple[str, Mapping[str, str]]

OPEN_SECONDS: Final = 5.0
BEHIND_SECONDS: Final = 30.0
LEASES: Final[Mapping[str, str]] = {"leases": "1"}
"""They change every few seconds, and each is a read more."""
LOGS: Final[Mapping[str, str]] = {"limit": "100"}
"""On a day with a new record in every half minute each of them is read so often."""
TRADES: Final[Mapping[str, str]] = {"limit": "500"}
REQUESTS: Final[tuple[Request, ...]] = (
    ("/workloads", {}), ("/workloads", LEASES), ("/health", {}), ("/pnl", {}), ("/positions", {}), ("/plan", {}),
    ("/control", {}), ("/trades", TRADES), ("/logs", LOGS), ("/scorecard", {}),
)
"""Of all pages together; a person has one of them open."""


def every_seconds(path: str, query: Mapping[str, str]) -> float:
    """How old an answer may be before it is asked for again."""
    return OPEN_SECONDS if path == "/workloads" and "leases" not in query else BEHIND_SECONDS
