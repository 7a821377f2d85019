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
FROM_OUTSIDE: Final = ("launches", "launched", "take_overs")
"""Fields that who launches or watches it writes; the workload keeps them as it finds them."""


def workload_id(day: date, asset_class: AssetClass) -> str:
    """Of the workload and of its lease."""
    return f"{day.isoformat()}-{asset_class.value}"


def launched_fields(day: date, asset_class: AssetClass, now: datetime) -> dict[str, Any]:
    """A new document: its first launch is about to be made.

    launches: how often it was launched; launched: when last. take_overs: how often somebody tried to close it.
    """
    return {
        "date": day.isoformat(), "asset_class": asset_class.value, "state": State.LAUNCHED.value, "launches": 1,
        "launched": now.isoformat(), "heartbeat": now.isoformat(), "market_time": None, "summary": {},
        "take_overs": 0,
    }


def workload_fields(
    before: Mapping[str, Any], state: State, heartbeat: datetime, market_time: datetime | None,
    summary: Mapping[str, Any],
) -> dict[str, Any]:
    """The document, whole, as the workload says it. heartbeat: by its clock. market_time: how far it has come."""
    return {
        **before, "state": state.value, "heartbeat": heartbeat.isoformat(),
        "market_time": market_time.isoformat() if market_time else None, "summary": dict(summary),
    }
