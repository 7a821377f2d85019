"""What may not be entered today whatever a strategy says, by symbol and with the reason."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from common.market.instrument import AssetClass, Instrument
from common.market.rules import last_entry_day_before_settlement
from common.market.tables import OutsideTable
from common.planning.contracts import CASH_SETTLED

FARTHEST_DAYS: Final = 20
"""Calendar days: an expiry further away is beyond every last entry day, holidays included; it is not looked up."""
UNKNOWN_FREEZE: Final = "its freeze quantity is not known: nobody can say how large an order may be"


def exclusions(day: date, instruments: Iterable[Instrument]) -> dict[str, str]:
    """Derivatives without a known freeze quantity, and those that settle in shares too soon (facts/trading.md, 7, 11).

    What is held already may be left at any time: these reasons are about entries.
    """
    found = {}
    for instrument in instruments:
        reason = _reason(day, instrument)
        if reason:
            found[instrument.symbol] = reason
    return found


def _reason(day: date, instrument: Instrument) -> str:
    if instrument.asset_class not in (AssetClass.FUTURES, AssetClass.OPTIONS):
        return ""
    if instrument.freeze_quantity is None:
        return UNKNOWN_FREEZE
    expiry = instrument.expiry
    if expiry is None or instrument.underlying in CASH_SETTLED or (expiry - day).days > FARTHEST_DAYS:
        return ""
    try:
        last = last_entry_day_before_settlement(expiry)
    except OutsideTable:
        return f"it settles in shares on {expiry}, and the calendar does not say how many trading days that leaves"
    return "" if day <= last else f"it settles in shares on {expiry}: no entries after {last}"
