"""The part of bootstrap that is about paper: the simulated exchange and its journal, in the broker's place."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from common.market.instrument import AssetClass, Instrument
from common.ports import Archive, Broker, MarketData, Resume
from common.settings import Settings
from common.trading.orders import OrderUpdate

if TYPE_CHECKING:
    from common.adapters.journals import Journal


def open_paper_broker(
    settings: Settings, market: MarketData, archive: Archive, day: date, asset_class: AssetClass,
    instruments: Sequence[Instrument],
) -> tuple[Broker, Resume]:
    """The broker, and where an earlier run of the workload was, as the journal has it.

    On a market that is alive orders take as long as they do at the broker.
    """
    from common.adapters.paper import PaperBroker
    from common.exchange.fills import FillModel
    from common.exchange.latency import BROKER_LATENCY
    from common.exchange.simulated import AT_ONCE, Exchange
    from common.research.workload import order_ids

    without_volume = market.without_volume(day, [instrument.symbol for instrument in instruments])
    book = {instrument.symbol: instrument for instrument in instruments}
    exchange = Exchange(
        book, FillModel(seed=settings.seed), without_volume, order_ids(day, asset_class),
        latency=BROKER_LATENCY if settings.on_kite else AT_ONCE,
    )
    broker = PaperBroker(exchange, _journal(settings, archive, day, asset_class))
    return broker, broker.resume


def read_journal(settings: Settings, archive: Archive, day: date, asset_class: AssetClass) -> list[OrderUpdate]:
    """The order book of a day; empty where nothing was ordered."""
    from common.adapters.paper import read_book

    return read_book(_journal(settings, archive, day, asset_class))


def _journal(settings: Settings, archive: Archive, day: date, asset_class: AssetClass) -> "Path | Journal":
    """In the cloud no machine's file outlives it, nor is found by the functions: there it is in the archive."""
    if settings.archive == "gcs":
        from common.adapters.journals import ArchivedJournal

        return ArchivedJournal(archive, day, asset_class.value)
    return settings.home / "journal" / f"{day.isoformat()}-{asset_class.value}.jsonl"
