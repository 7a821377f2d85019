"""Which documents are a date's: what is exported with it, and what an import may bring."""

from collections.abc import Mapping
from datetime import date
from typing import Final, TypeAlias

from common.day.carried import REPORTS
from common.day.delivery import NOTICES
from common.day.lease import LEASES
from common.day.plan import PLANS
from common.day.prepare import EVIDENCE
from common.day.scorecards import SCORECARDS
from common.day.workloads import WORKLOADS, workload_id
from common.log_record import LOGS
from common.market.instrument import AssetClass
from common.ports import Document, DocumentStore, Fields, Query

NAMED_BY_DATE: Final = (EVIDENCE, SCORECARDS, PLANS, REPORTS)
"""The date is the id."""
NAMED_BY_WORKLOAD: Final = (LEASES, WORKLOADS)
"""The id is the date and an asset class."""
DATED: Final = ("orders", "trades", LOGS, NOTICES)
"""The date is a field."""
GOES_ON: Final = (LOGS, NOTICES)
"""What is said of a day goes on when it is over, and expires: a store may have more of it than the file, or other."""
ORDER: Final = (EVIDENCE, LEASES, WORKLOADS, "orders", "trades", LOGS, NOTICES, SCORECARDS, PLANS, REPORTS)
"""In which they are restored: a plan starts workloads, which must be found as they were; a report says it is closed."""
PAGE: Final = 500

DayDocuments: TypeAlias = Mapping[str, Mapping[str, Fields]]
"""Fields by collection and id."""


def documents_of(day: date, store: DocumentStore) -> DayDocuments:
    """Everything that is stored under `day`, by ORDER. Raises StoreUnavailable."""
    found: dict[str, dict[str, Fields]] = {}
    for collection in ORDER:
        ids = _names(collection, day)
        documents = [store.get(collection, id) for id in ids] if ids else _dated(collection, day, store)
        found[collection] = {one.id: one.fields for one in documents if one is not None}
    return {collection: documents for collection, documents in found.items() if documents}


def belongs(collection: str, id: str, fields: Fields, day: date) -> bool:
    """Whether `documents_of` would find this document under `day`."""
    if collection in DATED:
        return fields.get("date") == day.isoformat()
    return id in _names(collection, day)


def _names(collection: str, day: date) -> tuple[str, ...]:
    if collection in NAMED_BY_DATE:
        return (day.isoformat(),)
    if collection in NAMED_BY_WORKLOAD:
        return tuple(workload_id(day, asset_class) for asset_class in AssetClass)
    return ()


def _dated(collection: str, day: date, store: DocumentStore) -> list[Document]:
    found: list[Document] = []
    after = None
    while True:
        page = store.query(Query(collection, (("date", "==", day.isoformat()),), limit=PAGE, after=after))
        found += page
        if len(page) < PAGE:
            return found
        after = page[-1]
