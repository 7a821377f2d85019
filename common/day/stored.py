"""What a workload has stored so far: its orders and its trades, whole."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from common.market.instrument import AssetClass
from common.ports import Document, DocumentStore, Filter, Query

PAGE = 500


def load_orders(store: DocumentStore, day: date, asset_class: AssetClass) -> dict[str, Mapping[str, Any]]:
    """Every order document of a workload, by tag."""
    return {document.id: document.fields for document in order_documents(store, day, asset_class)}


def load_trades(store: DocumentStore, day: date, asset_class: AssetClass) -> dict[str, Mapping[str, Any]]:
    """Every trade document of a workload, by id."""
    return {document.id: document.fields for document in trade_documents(store, day, asset_class)}


def order_documents(store: DocumentStore, day: date, asset_class: AssetClass) -> list[Document]:
    """Every order document of a workload, with its version."""
    return _load(store, "orders", day, asset_class)


def trade_documents(store: DocumentStore, day: date, asset_class: AssetClass) -> list[Document]:
    """Every trade document of a workload, with its version."""
    return _load(store, "trades", day, asset_class)


def _load(store: DocumentStore, collection: str, day: date, asset_class: AssetClass) -> list[Document]:
    filters: tuple[Filter, ...] = (("date", "==", day.isoformat()), ("asset_class", "==", asset_class.value))
    found: list[Document] = []
    after = None
    while True:
        page = store.query(Query(collection, filters, limit=PAGE, after=after))
        found += page
        if len(page) < PAGE:
            return found
        after = page[-1]
