"""Workloads, positions, profit and loss of a date, from the workloads' summaries."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from common.day.api.answer import Answer, answered, etag_of, workload_documents
from common.day.api.parameters import Values
from common.market.instrument import AssetClass
from common.ports import Archive, Document, DocumentStore

LEASES: Final = "leases"
DAILY_LOSS: Final = "daily loss"
_SUMMARY: Final[Mapping[str, Any]] = {
    "orders": 0, "fills": 0, "trades": 0, "open_positions": 0, "gross_paise": 0, "charges_paise": 0, "net_paise": 0,
    "halted": "", "halt_level": "RUN", "working_entries": 0, "control_seen": 0, "unexplained": False,
    "log_records_dropped": 0, "denied": {}, "seconds_to_flat": [], "positions": [], "limits": [], "alarms": [],
}
"""Of a workload that has not said anything yet."""


def workloads(store: DocumentStore, day: date, wanted: Values, asked: str) -> Answer:
    """State, heartbeat and summary of each; the leases, which change every few seconds, where they are asked for."""
    found = workload_documents(store, day)
    leases = [store.get(LEASES, one.id) for one in found] if wanted["leases"] == "1" else [None] * len(found)

    def shown() -> dict[str, Any]:
        rows = [_workload(one, lease) for one, lease in zip(found, leases, strict=True)]
        return {"date": day.isoformat(), "workloads": rows}

    return answered(etag_of(found, leases, str(day)), asked, shown)


def positions(store: DocumentStore, day: date, wanted: Values, asked: str) -> Answer:
    """What is held, and how much of the limits is used."""
    found = _chosen(workload_documents(store, day), wanted)

    def shown() -> dict[str, Any]:
        held = {one.fields["asset_class"]: [_held(one, each) for each in _summary(one)["positions"]] for one in found}
        return {
            "date": day.isoformat(), "as_of": _as_of(found),
            "positions": [row for rows in held.values() for row in rows],
            "exposure": [_exposure(one, held[one.fields["asset_class"]]) for one in found],
            "limits": [{"asset_class": one.fields["asset_class"], **limit} for one in found
                       for limit in _summary(one)["limits"]],
        }

    return answered(etag_of(found, str(day), wanted["class"]), asked, shown)


def pnl(store: DocumentStore, archive: Archive, day: date, wanted: Values, asked: str) -> Answer:
    """Of each class and in all; the curve from the archive, which has it a heartbeat later."""
    found = _chosen(workload_documents(store, day), wanted)

    def shown() -> dict[str, Any]:
        curves = {one.fields["asset_class"]: _curve(archive, day, one) for one in found}
        total = _added(curves.values())
        classes = [_class_pnl(one) for one in found]
        summed = {name: sum(one[name] for one in classes)
                  for name in ("gross_paise", "charges_paise", "net_paise", "trades")}
        return {
            "date": day.isoformat(), "as_of": _as_of(found), "classes": classes,
            "total": {**summed, "max_drawdown_paise": _drawdown([net for _, net in total])},
            "equity": total, "equity_by_class": curves,
        }

    return answered(etag_of(found, str(day), wanted["class"]), asked, shown)


def _chosen(found: Sequence[Document], wanted: Values) -> list[Document]:
    return [one for one in found if wanted["class"] in (None, one.fields["asset_class"])]


def _summary(document: Document) -> dict[str, Any]:
    return {**_SUMMARY, **document.fields["summary"]}


def _workload(document: Document, lease: Document | None) -> dict[str, Any]:
    fields = document.fields
    held = {name: lease.fields.get(name) for name in ("holder", "epoch", "expires")} if lease is not None else None
    return {
        "id": document.id, "asset_class": fields["asset_class"], "state": fields["state"],
        "launches": fields["launches"], "restarts": max(0, fields["launches"] - 1), "launched": fields["launched"],
        "heartbeat": fields["heartbeat"], "market_time": fields["market_time"],
        "take_overs": fields.get("take_overs", 0), "summary": _summary(document), "lease": held,
    }


def _held(document: Document, position: Mapping[str, Any]) -> dict[str, Any]:
    quantity, mark = position["quantity"], position["mark_paise"]
    return {
        "asset_class": document.fields["asset_class"], **position, "value_paise": quantity * mark,
        "open_pnl_paise": quantity * (mark - position["average_paise"]),
        "protected": bool(position["stop_paise"] or position["leaving"]),
    }


def _exposure(document: Document, held: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    summary = _summary(document)
    return {
        "asset_class": document.fields["asset_class"], "positions": len(held),
        "unprotected": sum(not one["protected"] for one in held),
        "gross_paise": sum(abs(one["value_paise"]) for one in held),
        "net_paise": sum(one["value_paise"] for one in held),
        "margin_paise": summary.get("margin_paise"), "greeks": summary.get("greeks"),
    }


def _class_pnl(document: Document) -> dict[str, Any]:
    summary = _summary(document)
    limit = next((one["limit"] for one in summary["limits"] if one["name"] == DAILY_LOSS), None)
    return {
        "asset_class": document.fields["asset_class"], "loss_limit_paise": limit,
        **{name: summary[name] for name in ("gross_paise", "charges_paise", "net_paise", "trades")},
    }


def _curve(archive: Archive, day: date, document: Document) -> list[tuple[str, int]]:
    kept = archive.get(day, f"equity/{AssetClass(document.fields['asset_class']).value}.json")
    return [(time, net) for time, net in json.loads(kept)] if kept else []


def _added(curves: Any) -> list[tuple[str, int]]:
    """The account's curve: at each minute the last known of every class."""
    marks = sorted((time, number, net) for number, curve in enumerate(curves) for time, net in curve)
    last: dict[int, int] = {}
    found: dict[str, int] = {}
    for time, number, net in marks:
        last[number] = net
        found[time] = sum(last.values())
    return list(found.items())


def _drawdown(curve: Sequence[int]) -> int:
    peak = deepest = 0
    for net in curve:
        peak = max(peak, net)
        deepest = max(deepest, peak - net)
    return deepest


def _as_of(found: Sequence[Document]) -> str | None:
    """Of the oldest heartbeat."""
    return min((one.fields["heartbeat"] for one in found), key=datetime.fromisoformat, default=None)
