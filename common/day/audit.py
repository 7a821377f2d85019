"""Whether what is stored of a day is what was stored on the day: its hash chains, followed link by link."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Final

from common.day.carried import REPORTS
from common.day.chain import AUDIT, START, Head, content_hash, entries_of, entry_hash
from common.day.control import ACCOUNT, CONTROL, MAX_HISTORY, read_control
from common.day.stored import order_documents
from common.day.workloads import WORKLOADS, workload_id
from common.market.instrument import AssetClass
from common.ports import Archive, Document, DocumentStore, Fields

SEAL: Final = "audit.json"
"""Object of the archive: the chains' heads at the close, and the control actions kept then."""


@dataclass(slots=True)
class Audit:
    """orders, changes: how many each asset class has. findings: what is not right, for people; sealed: closed once."""

    orders: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    actions: int = 0
    sealed: bool = False
    findings: list[str] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)


def verify(day: date, store: DocumentStore, archive: Archive) -> Audit:
    """Follow the chain of each asset class and of the control actions. Raises StoreUnavailable.

    A tail that was cut off is seen by the head in the workload's document, or in the archive once the day is closed.
    """
    audit, sealed = Audit(), _read_seal(day, archive)
    audit.sealed = sealed is not None
    if sealed is None and store.get(REPORTS, day.isoformat()) is not None:
        audit.findings.append(f"{SEAL} is not in the archive or cannot be read, and the day was closed with it")
    seen = 0
    for asset_class in AssetClass:
        workload = store.get(WORKLOADS, workload_id(day, asset_class))
        documents = order_documents(store, day, asset_class)
        name = asset_class.value
        heads = _heads(workload, sealed, name)
        if documents or heads:
            audit.orders[name] = len(documents)
            audit.heads[name], found = follow(documents, heads)
            audit.changes[name] = audit.heads[name].number
            audit.findings += [f"{name}: {text}" for text in found]
        if documents and (workload is None or Head.from_fields(workload.fields.get(AUDIT)) is None):
            audit.findings.append(f"{name}: {WORKLOADS}/{workload_id(day, asset_class)} names no end of the chain")
        if workload is not None:
            seen = max(seen, int(workload.fields["summary"].get("control_seen", 0)))
    control = read_control(store)
    audit.actions = len(_actions(control.fields)) if control is not None else 0
    audit.findings += [f"control: {text}" for text in _control_findings(control, sealed, seen)]
    return audit


def seal(day: date, store: DocumentStore, archive: Archive) -> list[str]:
    """Keep the heads in the archive, before the day is said to be closed; again, they may only have moved on.

    Returns what `verify` finds; where that is anything, the seal stays as it was. Raises StoreUnavailable.
    """
    audit, control = verify(day, store, archive), read_control(store)
    if audit.findings:
        return audit.findings
    content = {
        "date": day.isoformat(), "orders": {name: head.to_fields() for name, head in audit.heads.items()},
        "control": _actions(control.fields) if control is not None else [],
    }
    archive.put(day, SEAL, json.dumps(content, sort_keys=True, indent=1).encode(), overwrite=True)
    return []


def follow(documents: Sequence[Document], heads: Mapping[str, Head]) -> tuple[Head, list[str]]:
    """The end of the orders' chain, and what is wrong with it. heads: ends that others remember, by where they do."""
    findings = [text for document in documents for text in _content_findings(document)]
    links = sorted(
        ((entry, document.id) for document in documents for entry in entries_of(document.fields)),
        key=lambda link: link[0]["number"],
    )
    known = {entry["number"]: entry["hash"] for entry, _ in links}
    for number, count in Counter(entry["number"] for entry, _ in links).items():
        if count > 1:
            findings.append(f"change {number} is there {count} times: an order was inserted")
    before = Head()
    for entry, id in links:
        number = entry["number"]
        if number > before.number + 1:
            missing = f"{before.number + 1}" + (f" to {number - 1}" if number > before.number + 2 else "")
            findings.append(f"change {missing} is missing before orders/{id}: an order was removed")
        elif number == before.number + 1 and entry["prev"] != before.hash:
            findings.append(f"change {number} of orders/{id} does not follow the one before it: they were rearranged")
        if entry["hash"] != entry_hash(entry["prev"], number, id, entry["content"]):
            findings.append(f"change {number} of orders/{id} was altered")
        before = Head(number, entry["hash"])
    for where, head in heads.items():
        if head.number > before.number:
            findings.append(f"{where} remembers {head.number} changes, {before.number} are there: the end was cut off")
        elif head.number and known.get(head.number, head.hash) != head.hash:
            findings.append(f"change {head.number} is not the one that {where} remembers: the chain was written anew")
    return before, findings


def _content_findings(document: Document) -> Iterator[str]:
    entries = list(entries_of(document.fields))
    whole = document.fields.get(AUDIT)
    if not entries or not isinstance(whole, list) or len(entries) != len(whole):
        yield f"orders/{document.id} is not chained: it was inserted, or its chain was altered"
        return
    if any(later["number"] <= entry["number"] for entry, later in pairwise(entries)):
        yield f"the changes of orders/{document.id} were rearranged"
    content = {name: value for name, value in document.fields.items() if name != AUDIT}
    if entries[-1]["content"] != content_hash(content) or document.fields.get("tag") != document.id:
        yield f"orders/{document.id} was changed after it was stored"


def _heads(workload: Document | None, sealed: Fields | None, name: str) -> dict[str, Head]:
    """Where an end of the chain of this asset class is remembered."""
    told = {
        "the workload": workload.fields.get(AUDIT) if workload is not None else None,
        SEAL: sealed["orders"].get(name) if sealed is not None else None,
    }
    heads = {where: Head.from_fields(fields) for where, fields in told.items()}
    return {where: head for where, head in heads.items() if head is not None}


def _control_findings(document: Document | None, sealed: Fields | None, seen: int) -> Iterator[str]:
    fields: Fields = document.fields if document is not None else {}
    actions = _actions(fields)
    last = _number(actions[-1]) if actions else 0
    yield from _links(actions)
    if document is not None and (fields.get("sequence"), content_hash(fields.get("halts"))) != (
        last, actions[-1].get("halts") if last else None,
    ):
        yield f"{CONTROL}/{ACCOUNT} was changed without an action, or its last action was removed"
    if seen > last:
        yield f"a workload has seen action {seen}, {last} is the last one there: the end was cut off"
    kept = _actions({"history": sealed["control"]}) if sealed is not None else []
    yield from (f"{SEAL}: {text}" for text in _links(kept))
    if kept and _number(kept[-1]) > last:
        yield f"{SEAL} remembers action {_number(kept[-1])}, {last} is the last one there: the end was cut off"
    known = {_number(one): one["hash"] for one in kept if _number(one) and "hash" in one}
    for one in actions:
        if _number(one) and known.get(_number(one), one.get("hash")) != one.get("hash"):
            yield f"action {_number(one)} is not the one that {SEAL} remembers"


def _links(actions: Sequence[Any]) -> Iterator[str]:
    before: Mapping[str, Any] | None = None
    for one in actions:
        if not isinstance(one, Mapping) or not {"sequence", "prev", "hash", "halts"} <= one.keys():
            yield "an action is not chained: it was inserted, or altered"
            before = None
            continue
        number, content = _number(one), {name: value for name, value in one.items() if name != "hash"}
        if one["hash"] != entry_hash(str(one["prev"]), number, ACCOUNT, content_hash(content)):
            yield f"action {number} was altered"
        if before is not None and (number != _number(before) + 1 or one["prev"] != before["hash"]):
            yield f"action {number} does not follow {_number(before)}: one was removed, inserted or moved"
        if before is None and one is actions[0] and (
            one["prev"] != START if number == 1 else len(actions) < MAX_HISTORY
        ):
            yield f"the actions before {number} were removed"
        before = one


def _actions(fields: Fields) -> list[Any]:
    found = fields.get("history")
    return list(found) if isinstance(found, list) else []


def _number(action: Any) -> int:
    number = action.get("sequence") if isinstance(action, Mapping) else None
    return number if isinstance(number, int) else 0


def _read_seal(day: date, archive: Archive) -> Fields | None:
    """None where there is none, or not one that can be read."""
    data = archive.get(day, SEAL)
    try:
        found = json.loads(data) if data is not None else None
    except ValueError:
        return None
    match found:
        case {"orders": dict(), "control": list()}:
            return found
    return None
