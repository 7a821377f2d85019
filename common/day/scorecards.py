"""The scorecards that are stored: each day's, the record of a model over them, and the sum of all alternatives."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from common.planning.alternatives import FIXED
from common.planning.scorecard import GradedDay, standing_of
from common.ports import Document, DocumentStore, Fields, Filter, Query

SCORECARDS: Final = "scorecards"
PAGE: Final = 250
MOST_DAYS: Final = 2_500
"""Ten years of sessions."""


def graded_before(day: date, store: DocumentStore) -> list[GradedDay]:
    """The days before `day` on which the model was asked that was asked last, from the latest back; at most MOST_DAYS.

    Raises StoreUnavailable, InvalidDocument.
    """
    found: list[GradedDay] = []
    for document in _latest(store, (("date", "<", day.isoformat()),)):
        fields = document.fields.get("graded")
        if fields is None:
            continue
        one = GradedDay.from_fields(fields)
        if found and (one.model, one.prompt_hash) != (found[0].model, found[0].prompt_hash):
            break
        found.append(one)
    return found


def is_latest(day: date, store: DocumentStore) -> bool:
    """Whether no later day has a scorecard."""
    return not store.query(Query(SCORECARDS, (("date", ">", day.isoformat()),), order_by="date", limit=1))


def summed(cards: Sequence[Fields]) -> list[dict[str, Any]]:
    """Of each alternative over the days on which it was run: days, net, and its regret against the fixed choice.

    regret_paise: what the fixed choice made more, over the `regret_days` on which both were run.
    """
    rows: dict[str, dict[str, Any]] = {}
    for card in cards:
        nets = {arm["name"]: arm["net_paise"] for arm in card.get("arms", ()) if not arm["failed"]}
        for arm in card.get("arms", ()):
            row = rows.setdefault(arm["name"], {
                "name": arm["name"], "days": 0, "failed_days": 0, "net_paise": 0, "regret_paise": 0, "regret_days": 0,
            })
            if arm["failed"]:
                row["failed_days"] += 1
                continue
            row["days"] += 1
            row["net_paise"] += arm["net_paise"]
            if FIXED in nets:
                row["regret_days"] += 1
                row["regret_paise"] += nets[FIXED] - arm["net_paise"]
    return list(rows.values())


def stored_scorecards(store: DocumentStore) -> list[Fields]:
    """From the latest back, at most MOST_DAYS. Raises StoreUnavailable."""
    return [document.fields for document in _latest(store, ())]


def season(cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Scorecards, the latest first, as one JSON object; empty without any. Raises InvalidDocument."""
    if not cards:
        return {}
    graded = [GradedDay.from_fields(card["graded"]) for card in cards if card.get("graded")]
    return {
        "from": cards[-1]["date"], "to": cards[0]["date"], "days": len(cards), "arms": summed(cards),
        "slippage_paise": sum(card.get("slippage_paise") or 0 for card in cards),
        "standing": standing_of(graded).to_fields(), "latest": dict(cards[0]),
    }


def _latest(store: DocumentStore, filters: tuple[Filter, ...]) -> list[Document]:
    found: list[Document] = []
    after = None
    while len(found) < MOST_DAYS:
        page = store.query(Query(SCORECARDS, filters, order_by="-date", limit=PAGE, after=after))
        found += page
        if len(page) < PAGE:
            break
        after = page[-1]
    return found[:MOST_DAYS]
