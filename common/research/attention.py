"""What in a day's result a person must look at first: alarms, refusals, books that do not add up, warnings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from common.research import figures

ENDED_WELL = "DONE"
"""The one workload state that needs no attention; every other one is named at the top of the page."""

_GREEN = frozenset({"green", "ok", "pass", "passed", "ready", "true"})
_VERDICTS = ("ok", "passed", "green", "verdict", "status")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at. An alarm asks for action; a warning explains a figure."""

    severity: Literal["alarm", "warning"]
    text: str


def notices(result: Mapping[str, Any]) -> list[Notice]:
    """Everything wrong with the day, alarms first; empty when there is nothing."""
    found = [
        *_plan(result), *_gate(result), *_workloads(result), *_over_limits(result), *_books(result),
        *_warnings(result),
    ]
    return sorted(found, key=lambda notice: notice.severity != "alarm")


def said(value: Any) -> str:
    """An alarm or reason as text: a string as it is, an object by its `text` or `message`, then its fields."""
    if not isinstance(value, Mapping):
        return str(value)
    text = value.get("text") or value.get("message")
    if text:
        return str(text)
    return ", ".join(f"{figures.label(name)}: {figures.scalar(one, str(name))}" for name, one in value.items())


def items(source: Mapping[str, Any], name: str) -> list[Any]:
    """The list under `name`, empty where there is none."""
    value = source.get(name)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def fields(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under `name`, empty where there is none."""
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def _plan(result: Mapping[str, Any]) -> Iterator[Notice]:
    plan = fields(result, "plan")
    status = str(plan.get("status") or "missing")
    if status != "READY":
        why = " ".join(said(reason) for reason in items(plan, "reasons"))
        yield Notice("alarm", f"The plan was {status}, so nothing was started. {why}".strip())


def _gate(result: Mapping[str, Any]) -> Iterator[Notice]:
    evidence = fields(result, "evidence")
    gate = fields(evidence, "gate")
    failed = [name for name in _VERDICTS if name in gate and str(gate[name]).lower() not in _GREEN]
    if failed:
        yield Notice("alarm", f"The readiness gate was not green ({failed[0]}: {gate[failed[0]]}); see Evidence.")
    missing = items(evidence, "missing")
    if missing:
        yield Notice("warning", "Missing from the evidence: " + ", ".join(said(one) for one in missing) + ".")


def _workloads(result: Mapping[str, Any]) -> Iterator[Notice]:
    workloads = items(result, "workloads")
    for workload in workloads:
        name, state = workload.get("asset_class"), str(workload.get("state") or "unknown")
        if state != ENDED_WELL:
            yield Notice("alarm", f"{name}: the workload ended in state {state}.")
        if workload.get("halted"):
            yield Notice("alarm", f"{name}: entries were halted: {workload['halted']}")
        for alarm in items(workload, "alarms"):
            yield Notice("alarm", f"{name}: {said(alarm)}")
    plan = fields(result, "plan")
    if plan.get("status") == "READY":
        started = {workload.get("asset_class") for workload in workloads}
        for planned in items(plan, "classes"):
            if planned.get("enabled") and planned.get("asset_class") not in started:
                yield Notice("alarm", f"{planned.get('asset_class')}: planned, but no workload reported back.")


def _over_limits(result: Mapping[str, Any]) -> Iterator[Notice]:
    for limit in items(result, "limits"):
        used, most, unit = limit.get("used"), limit.get("limit"), str(limit.get("unit") or "")
        if figures.is_number(used) and figures.is_number(most) and used > most:
            name = figures.label(limit.get("name"))
            amounts = f"{figures.used(used, unit)} used of {figures.used(most, unit)}"
            yield Notice("alarm", f"{limit.get('asset_class')}: {name} is over its limit, {amounts}.")


def _warnings(result: Mapping[str, Any]) -> Iterator[Notice]:
    """Differences of the books are warnings too; somebody has to act on them."""
    differences = {said(text) for text in items(result, "differences")}
    for text in map(said, items(result, "warnings")):
        yield Notice("alarm" if text in differences else "warning", text)


def _books(result: Mapping[str, Any]) -> Iterator[Notice]:
    trades, totals = items(result, "trades"), fields(result, "totals")
    fees = figures.money(totals, "fees") or 0
    besides = {"charges": fees, "net": -fees}
    for name in ("gross", "charges", "net"):
        amounts = [figures.money(trade, name) for trade in trades]
        total = totals.get(f"{name}_paise")
        if total is None or None in amounts:
            continue
        added = sum(amount for amount in amounts if amount is not None) + besides.get(name, 0)
        if added != total:
            yield Notice(
                "alarm",
                f"The books do not add up: the trades' {name} is {figures.rupees(added)}, "
                f"the total says {figures.rupees(total)}.",
            )
