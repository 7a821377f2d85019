"""Logs that keep what they are told, for tests that look at it."""

from dataclasses import dataclass, field
from typing import Any, Self

from common.ports import Fields


@dataclass
class KeptLogs:
    """records: as written, with the labels of whoever wrote them. dropped: as the test wants it."""

    records: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    dropped: int = 0

    def about(self, **labels: str) -> Self:
        return type(self)(self.records, {**self.labels, **labels}, self.dropped)

    def write(
        self, severity: str, message: str, fields: Fields | None = None, ts: int | None = None, *, id: str = "",
    ) -> None:
        if id and any(record["id"] == id for record in self.records):
            return
        record = {"severity": severity, "message": message, "fields": dict(fields or {}), "ts": ts, "id": id}
        self.records.append({**record, **self.labels})

    def flush(self, timeout_seconds: float) -> bool:
        del timeout_seconds
        return True

    close = flush

    @property
    def messages(self) -> list[str]:
        return [record["message"] for record in self.records]

    def loud(self) -> list[dict[str, Any]]:
        """ERROR and CRITICAL."""
        return [record for record in self.records if record["severity"] in ("ERROR", "CRITICAL")]
