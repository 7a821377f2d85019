"""What may not be entered today whatever a strategy says, by symbol and with the reason."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from common.market.instrument import AssetClass, Instrument
from common.market.rules import last_entry_day_before_settlement
from common.market.tables import OutsideTable
from common.planning.contracts import CASH_SETTLED

FARTHEST_DAYS: Final = 20
"""Calendar days: an expiry further away is beyond every last entry day, holidays included; it is not looked up."""
NO_BAN_LIST: Final = "there is no ban list of the day: nobody can say whether its underlying may be traded"
UNKNOWN_FREEZE: Final = "its freeze quantity is not known: nobody can say how large an order may be"


def exclusions(
    day: date, instruments: Iterable[Instrument], banned: Collection[str] | None = None,
) -> dict[str, str]:
    """Derivatives without a known freeze quantity, and of those that settle in shares the banned ones and those that
    do so too soon (facts/trading.md, 7, 11).

    banned: underlyings on the exchange's ban list of the day; None where there is no list: then none of them is
    entered. What is held already may be left at any time: these reasons are about entries.
    """
    found = {}
    for instrument in instruments:
        reason = _reason(day, instrument, banned)
        if reason:
            found[instrument.symbol] = reason
    return found


def _reason(day: date, instrument: Instrument, banned: Collection[str] | None) -> str:
    if instrument.asset_class not in (AssetClass.FUTURES, AssetClass.OPTIONS):
        return ""
    if instrument.freeze_quantity is None:
        return UNKNOWN_FREEZE
    return in_shares(day, instrument.underlying, instrument.expiry, banned) if instrument.expiry else ""


def in_shares(day: date, underlying: str, expiry: date | None, banned: Collection[str] | None) -> str:
    """Why a derivative may not be entered for being settled in shares, '' where it may. banned: as `exclusions`."""
    if underlying in CASH_SETTLED:
        return ""
    if expiry is None:
        return "nobody knows when it settles in shares"
    if banned is not None and underlying in banned:
        return f"{underlying} is on today's ban list: positions may only be reduced"
    if (expiry - day).days > FARTHEST_DAYS:
        return "" if banned is not None else NO_BAN_LIST
    try:
        last = last_entry_day_before_settlement(expiry)
    except OutsideTable:
        return f"it settles in shares on {expiry}, and the calendar does not say how many trading days that leaves"
    if day <= last:
        return "" if banned is not None else NO_BAN_LIST
    return f"it settles in shares on {expiry}: no entries after {last}"
