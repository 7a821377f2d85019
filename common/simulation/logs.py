"""Logs of simulated processes: what is said loudly is looked at, nothing is kept."""

from collections.abc import Callable
from typing import Self

from common.ports import Fields
from common.simulation.requests import STORE_DOWN
from common.trading.ownership import YOURS


class HeardLogs:
    """Logs of a process: loud records, and those on what is the person's, are looked at; nothing is kept.

    known: ids of what the day's store has once, whoever writes it again.
    """

    dropped = 0

    def __init__(self, told: Callable[[str, str], None], known: set[str]) -> None:
        self._told = told
        self._known = known

    def about(self, **labels: str) -> Self:
        """The labels are known here."""
        del labels
        return self

    def write(
        self, severity: str, message: str, fields: Fields | None = None, ts: int | None = None, *, id: str = "",
    ) -> None:
        """Told at once."""
        del ts
        if id in self._known:
            return
        if id:
            self._known.add(id)
        if severity in ("CRITICAL", "ERROR") or STORE_DOWN in message or YOURS in message or _is_yours(fields):
            self._told(severity, message)

    def flush(self, timeout_seconds: float) -> bool:
        """Nothing is kept back."""
        del timeout_seconds
        return True

    close = flush


def _is_yours(fields: Fields | None) -> bool:
    """Whether the record is on what is the person's: its reason says so."""
    return fields is not None and YOURS in str(fields.get("reason", ""))
