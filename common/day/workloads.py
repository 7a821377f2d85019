"""The workload document: launched once per date and asset class, then kept by the workload itself."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from common.market.instrument import AssetClass

WORKLOADS: Final = "workloads"


class State(StrEnum):
    """LAUNCHED: claimed, not heard of yet. FAILED: ended with something open or unexplained."""

    LAUNCHED = "LAUNCHED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


ENDED: Final = frozenset({State.DONE, State.FAILED})


def workload_fields(
    day: date, asset_class: AssetClass, state: State, launches: int, heartbeat: datetime,
    market_time: datetime | None, summary: Mapping[str, Any],
) -> dict[str, Any]:
    """The document, whole. launches: how often a process began to trade it."""
    return {
        "date": day.isoformat(), "asset_class": asset_class.value, "state": state.value, "launches": launches,
        "heartbeat": heartbeat.isoformat(), "market_time": market_time.isoformat() if market_time else None,
        "summary": dict(summary),
    }
