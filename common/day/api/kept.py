"""What is kept of a date: its plan, report and scorecard, results of backtests, their pages."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.day.api.answer import Answer, answered, etag_of
from common.day.api.problem import Problem
from common.ports import Archive, Document, DocumentStore

PLANS: Final = "gpt_runner_daily_plan"
EVIDENCE: Final = "evidence"
REPORTS: Final = "reports"
SCORECARDS: Final = "scorecards"
BACKTESTS: Final = "backtests/"
RESULT: Final = "report.json"
PAGE: Final = "report.html"
MAX_RESULTS: Final = 200


def plan(store: DocumentStore, day: date, asked: str) -> Answer:
    """The plan, with the gate's findings in the evidence that it was made from."""
    document = _document(store, PLANS, day, "no plan yet: plan_day makes it at 08:45, once prepare_day has run")

    def shown() -> dict[str, Any]:
        from common.planning.plan import Plan

        parsed, evidence = Plan.from_fields(document.fields), store.get(EVIDENCE, day.isoformat())
        return {
            "date": day.isoformat(), "hash": parsed.hash, "plan": document.fields, "refusal": parsed.refusal,
            "gate": findings(evidence),
        }

    return answered(etag_of(document), asked, shown)


def findings(evidence: Document | None) -> list[dict[str, Any]]:
    """Of the morning's gate, as they were frozen; none without evidence."""
    reasons = evidence.fields["gate"]["reasons"] if evidence is not None else []
    return [{"name": one["name"], "verdict": one["verdict"], "text": one["text"], "remedy": "", "of": "morning"}
            for one in reasons]


def report(store: DocumentStore, archive: Archive, day: date, full: bool, asked: str) -> Answer:
    """The closed day's document; with everything that its page shows where that is asked for."""
    document = _document(store, REPORTS, day, "the day is not closed yet: close_day does it after the session")

    def shown() -> dict[str, Any]:
        names = ("closed_at", "order_hash", "totals", "carries", "carried", "alarms")
        result = json.loads(archive.get(day, RESULT) or b"null") if full else None
        return {"date": day.isoformat(), **{name: document.fields[name] for name in names}, "result": result}

    return answered(etag_of(document, full), asked, shown)


def report_page(store: DocumentStore, archive: Archive, day: date, asked: str) -> Answer:
    """As it is in the archive."""
    document = _document(store, REPORTS, day, "the day is not closed yet: close_day does it after the session")
    return _page(etag_of(document, "page"), asked, lambda: archive.get(day, PAGE), f"no report of {day} in the archive")


def scorecard(store: DocumentStore, day: date, asked: str) -> Answer:
    """As it is stored."""
    document = _document(store, SCORECARDS, day, "no scorecard: it is made after a planned day is closed")
    shown = {"date": day.isoformat(), "scorecard": document.fields}
    return answered(etag_of(document), asked, lambda: shown)


def backtests(folder: Path | None, archive: Archive, day: date, asked: str) -> Answer:
    """Directories in `folder` that `tron backtest --out` wrote, and objects backtests/NAME/report.json of the date."""
    found = sorted([*_directories(folder), *_objects(archive, day)], key=lambda one: (one[0], one[1]))[:MAX_RESULTS]

    def shown() -> dict[str, Any]:
        return {"backtests": [row for name, place, _ in found
                              if (row := _entry(name, place, _read(folder, archive, day, name, RESULT)))]}

    return answered(etag_of([(name, place, mark) for name, place, mark in found]), asked, shown)


def backtest(folder: Path | None, archive: Archive, day: date, name: str, asked: str) -> Answer:
    """One of them, whole."""
    data = _read(folder, archive, day, name, RESULT)
    result = _object(data)
    if data is None or result is None:
        raise Problem("not-found", f"no result is called {name}: the list at /backtests has their names")
    return answered(etag_of(data.hex()), asked, lambda: {"name": name, "result": result})


def backtest_page(folder: Path | None, archive: Archive, day: date, name: str, asked: str) -> Answer:
    """The page of one."""
    data = _read(folder, archive, day, name, PAGE)
    return _page(etag_of((data or b"").hex()), asked, lambda: data, f"{name} has no report: see the list at /backtests")


def _document(store: DocumentStore, collection: str, day: date, missing: str) -> Document:
    found = store.get(collection, day.isoformat())
    if found is None:
        raise Problem("not-found", f"{day}: {missing}")
    return found


def _page(etag: str, asked: str, read: Any, missing: str) -> Answer:
    if answered(etag, asked, dict).fields is None:
        return Answer(None, etag)
    data: bytes | None = read()
    if data is None:
        raise Problem("not-found", missing)
    return Answer(None, etag, data.decode(errors="replace"))


def _directories(folder: Path | None) -> Iterator[tuple[str, str, str]]:
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir() if folder is not None else ():
            result = path / RESULT
            if result.is_file() and not path.is_symlink():
                yield path.name, "directory", str(result.stat().st_mtime_ns)


def _objects(archive: Archive, day: date) -> Iterator[tuple[str, str, str]]:
    for name in archive.list(day, BACKTESTS):
        parts = name.split("/")
        if len(parts) == 3 and parts[2] == RESULT:
            yield parts[1], "archive", str(day)


def _read(folder: Path | None, archive: Archive, day: date, name: str, file: str) -> bytes | None:
    """Names are checked before: letters, digits, '.', '_', '-', no '.' in front."""
    if folder is not None:
        with suppress(FileNotFoundError, NotADirectoryError):
            return (folder / name / file).read_bytes()
    return archive.get(day, f"{BACKTESTS}{name}/{file}")


def _object(data: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(data or b"null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _entry(name: str, place: str, data: bytes | None) -> Mapping[str, Any] | None:
    result = _object(data)
    if result is None:
        return None
    daily = [str(one[0]) for one in result.get("daily") or [] if isinstance(one, list) and one]
    return {
        "name": name, "place": place, "strategy": str(result.get("strategy", "")),
        "first": min(daily, default=""), "last": max(daily, default=""), "days": len(daily),
        "totals": dict(result.get("totals") or {}), "has_page": True,
    }
