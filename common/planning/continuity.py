"""One history of a future over its rolls: earlier contracts back-adjusted, for indicators and never for orders."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from common.market.expiries import expiries
from common.market.instrument import Kind
from common.market.rules import futures_roll_day
from common.market.symbols import parse_contract_symbol
from common.market.tables import OutsideTable
from common.planning.contracts import Contract
from common.planning.history import MAX_SESSIONS, DaySummary

PRICES: Final = ("open", "high", "low", "close")


def continuous(contract: Contract, history: Mapping[str, Sequence[DaySummary]]) -> list[DaySummary]:
    """The contract's own sessions since it was rolled into, before them those of the contracts traded then, in order.

    Earlier prices are moved by the difference of both closes in the last session before the roll that both traded: so
    the roll is no gap, and ranges stay what they were in paise. Without such a session the history begins there.
    The numbers of an earlier session that are not prices (volume, volatility, efficiency) stay as they were traded.
    """
    found = sorted(history.get(contract.symbol, ()), key=lambda one: one.date)
    for expiry, symbol in _earlier(contract, history):
        roll = futures_roll_day(expiry)
        older = {one.date: one for one in history[symbol] if one.date < roll}
        common = [one for one in found if one.date in older]
        if not common or (len(found) >= MAX_SESSIONS and found[-MAX_SESSIONS].date >= roll):
            break
        shift = common[-1].close - older[common[-1].date].close
        before = [_moved(older[day], contract.symbol, shift) for day in sorted(older)]
        found = [*before, *(one for one in found if one.date >= roll)]
    return found


def _earlier(contract: Contract, history: Mapping[str, Sequence[DaySummary]]) -> list[tuple[date, str]]:
    """Contracts of the same underlying that expire before it and have history, the latest first."""
    found = []
    for symbol in history:
        parts = parse_contract_symbol(symbol)
        if parts is None or parts.kind is not Kind.FUTURE or parts.underlying != contract.underlying:
            continue
        try:
            expiry = expiries(parts.underlying, date(parts.year, parts.month, 1), 1, "monthly")[0]
            futures_roll_day(expiry)
        except OutsideTable:
            continue
        if contract.expiry is not None and history[symbol] and expiry < contract.expiry:
            found.append((expiry, symbol))
    return sorted(found, reverse=True)


def _moved(one: DaySummary, symbol: str, shift: int) -> DaySummary:
    return one.model_copy(update={"symbol": symbol} | {name: getattr(one, name) + shift for name in PRICES})
