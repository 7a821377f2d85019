"""What the API answers, worked out here: for a dashboard whose API is down, and to count what each answer reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.day.api import books, kept, lists, standing
from common.day.api.answer import Answer
from common.day.api.parameters import parse
from common.day.api.routes import routes_of
from common.ports import Archive, DocumentStore


@dataclass(frozen=True, slots=True)
class Here:
    """archive: opened when something is asked of it."""

    store: DocumentStore
    archive: Callable[[], Archive]
    place: standing.Place


def direct(path: str, query: Mapping[str, str], day: date, asked: str, here: Here) -> Answer | None:
    """Of a GET of the API. asked: the mark that the asker has. None: it needs more than store and archive.

    Raises Problem, StoreError.
    """
    function, _, rest = path.strip("/").partition("/")
    route = routes_of(function).get((f"/{rest}", "GET"))
    if route is None:
        return None
    wanted: Any = parse(list(query.items()), route.parameters)
    store, archive = here.store, here.archive
    answers: Mapping[str, Callable[[], Answer]] = {
        "/workloads": lambda: books.workloads(store, day, wanted, asked),
        "/positions": lambda: books.positions(store, day, wanted, asked),
        "/pnl": lambda: books.pnl(store, archive(), day, wanted, asked),
        "/trades": lambda: lists.trades(store, day, wanted, asked),
        "/logs": lambda: lists.records(store, day, wanted, asked),
        "/plan": lambda: kept.plan(store, day, asked),
        "/scorecard": lambda: kept.scorecard(store, day, asked),
        "/control": lambda: standing.control_standing(store, day, asked),
        "/health": lambda: standing.health(store, archive, day, here.place),
    }
    return answers[path]() if path in answers else None
