"""Replay in one process: the session that trades, the simulated exchange, everything kept in memory."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.indian_time import iso
from common.planning.plan import ClassPlan
from common.ports import MarketData
from common.research.memory_ledger import MemoryLedger
from common.research.workload import Outcome, open_session, order_ids, select, summarise, trade_minutes
from common.trading.driver import Driver
from common.trading.trades import trade_fields

COLLECT_AFTER: Final = 100_000
"""Objects made since the last collection; a long replay with all its orders stays below it."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Bars and orders live as long as the replay and hold no cycles: the garbage collector need not walk them."""
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, 50, 50)
    try:
        yield
    finally:
        gc.freeze()  # what the replay made counts as old: the next collection of young objects need not walk it
        gc.set_threshold(*before)
        gc.unfreeze()


def replay_class(day: date, plan: ClassPlan, market: MarketData, seed: int) -> Outcome:
    """One asset class of a plan over its day, as the workload would trade it on paper."""
    with rare_collections():
        outcome = _replayed(day, plan, market, seed)
        # Session and driver refer to themselves. Left to the end of the block they would count as old, and stay.
        gc.collect()
    return outcome


def _replayed(day: date, plan: ClassPlan, market: MarketData, seed: int) -> Outcome:
    instruments = select(plan, market.instruments(day))
    symbols = [instrument.symbol for instrument in instruments]
    book = {instrument.symbol: instrument for instrument in instruments}
    ids = order_ids(day, plan.asset_class)
    exchange = Exchange(book, FillModel(seed=seed), market.without_volume(day, symbols), ids)
    session, ledger = open_session(day, plan, instruments), MemoryLedger()
    account, equity, before = session.book.account, list[tuple[int, int]](), 0

    def each_minute(ts: int) -> None:
        nonlocal before
        net = account.net
        if net != before or account.reserved:  # else nothing has been used since
            account.note_peaks()
            before = net
        equity.append((ts, net))

    trade_minutes(Driver(session, exchange, ledger), market.feed(day, symbols), each_minute)
    state = "FAILED" if any(slot.quantity for slot in session.slots.values()) else "DONE"
    alarms = [{"message": record.message, "severity": record.severity} for record in ledger.records]
    return Outcome(
        plan.asset_class, state, list(ledger.orders.values()),
        [trade_fields(trade, plan.asset_class) for trade in ledger.trades],
        [(iso(ts), net) for ts, net in equity], summarise(session),
        [alarm for alarm in alarms if alarm["severity"] != "INFO"],
    )
