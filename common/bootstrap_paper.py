"""The part of bootstrap that is about paper: the simulated exchange and its journal, in the broker's place."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from common.market.instrument import AssetClass, Instrument
from common.ports import Broker, MarketData, Resume
from common.settings import Settings
from common.trading.orders import OrderUpdate


def open_paper_broker(
    settings: Settings, market: MarketData, day: date, asset_class: AssetClass, instruments: Sequence[Instrument],
) -> tuple[Broker, Resume]:
    """The broker, and where an earlier run of the workload was, as the journal has it."""
    from common.adapters.paper import PaperBroker
    from common.exchange.fills import FillModel
    from common.exchange.simulated import Exchange
    from common.research.workload import order_ids

    without_volume = market.without_volume(day, [instrument.symbol for instrument in instruments])
    book = {instrument.symbol: instrument for instrument in instruments}
    exchange = Exchange(book, FillModel(seed=settings.seed), without_volume, order_ids(day, asset_class))
    broker = PaperBroker(exchange, _journal(settings, day, asset_class))
    return broker, broker.resume


def read_journal(settings: Settings, day: date, asset_class: AssetClass) -> list[OrderUpdate]:
    """The order book of a day; empty where nothing was ordered."""
    from common.adapters.paper import read_book

    return read_book(_journal(settings, day, asset_class))


def _journal(settings: Settings, day: date, asset_class: AssetClass) -> Path:
    return settings.home / "journal" / f"{day.isoformat()}-{asset_class.value}.jsonl"
