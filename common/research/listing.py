"""Which instrument a symbol is: kind from columns and name, lot and tick from the file or from dated rules."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.market.expiries import expiries
from common.market.instrument import Instrument, Kind
from common.market.money import Paise
from common.market.rules import equity_tick, freeze_quantity, index_tick, lot_size
from common.market.tables import OutsideTable

DERIVED: Final = "DERIVED"
"""Exchange of computed series, such as a forward from put-call parity: fill those from price, not from volume."""

DERIVED_TICK: Final = 5
INDEX_TICK: Final = 1
"""An index has no tick: its value is rounded to the paisa."""

_INDEX_NAME: Final = re.compile(r"(NIFTY|SENSEX|BANKEX|INDIA VIX)( .*)?")
_FORWARD_NAME: Final = re.compile(r"(?P<underlying>.+)_SYNFWD_(?P<expiry>\d{4}-\d\d-\d\d)")
_FUTURE_NAME: Final = re.compile(r"(?P<underlying>.+?)(?P<year>\d\d)(?P<month>[A-Z]{3})FUT")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SAME_EXPIRY_AS_STOCKS: Final = "NIFTY"


class UnlistedError(LookupError):
    """A symbol whose contract neither the file nor a dated table describes; `remedy` says what to add."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy}.")
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Described:
    """What a file says about one symbol. strike, tick, price: paise; lot: units; None or '' where it says nothing.

    traded: whether any row has volume; price: its first; on: its last date.
    """

    symbol: str
    exchange: str
    underlying: str
    type: str
    expiry: date | None
    strike: Paise | None
    lot: int | None
    tick: Paise | None
    traded: bool
    price: Paise
    on: date


def instrument_of(said: Described) -> Instrument:
    """The instrument; what the file says wins over every table. Raises UnlistedError."""
    kind = _kind(said)
    if kind in (Kind.EQUITY, Kind.INDEX):
        tick = said.tick or (INDEX_TICK if kind is Kind.INDEX else _equity_tick(said))
        return Instrument(said.symbol, said.exchange, kind, tick, lot=said.lot or 1)
    underlying, expiry = said.underlying, said.expiry
    if not underlying or expiry is None:
        from_name = _contract_from_name(said)
        underlying, expiry = underlying or from_name[0], expiry or from_name[1]
    tick = said.tick or _contract_tick(kind, said)
    return Instrument(
        said.symbol, said.exchange, kind, tick, lot=said.lot or _lot(underlying, expiry),
        underlying=underlying, expiry=expiry, strike=said.strike or 0 if kind is not Kind.FUTURE else 0,
        freeze_quantity=freeze_quantity(underlying, said.on),
    )


def future_symbol(underlying: str, expiry: date) -> str:
    """The broker's name of a future: NIFTY26NOVFUT."""
    return f"{underlying}{expiry:%y}{_MONTHS[expiry.month - 1]}FUT"


def option_symbol(underlying: str, expiry: date, strike_rupees: int, type: str, *, monthly: bool) -> str:
    """The broker's name of an option: NIFTY26NOV26000CE for a monthly one, NIFTY26N0326000CE for a weekly one."""
    month = _MONTHS[expiry.month - 1] if monthly else f"{'123456789OND'[expiry.month - 1]}{expiry:%d}"
    return f"{underlying}{expiry:%y}{month}{strike_rupees}{type}"


def _kind(said: Described) -> Kind:
    if said.type:
        return Kind(said.type)
    if said.expiry is not None or said.exchange == DERIVED or _FUTURE_NAME.fullmatch(said.symbol):
        return Kind.FUTURE
    if _INDEX_NAME.fullmatch(said.symbol) or not said.traded:
        return Kind.INDEX
    return Kind.EQUITY


def _contract_from_name(said: Described) -> tuple[str, date]:
    """Underlying and expiry of a future that is described by its symbol only."""
    forward = _FORWARD_NAME.fullmatch(said.symbol)
    future = _FUTURE_NAME.fullmatch(said.symbol)
    try:
        if forward:
            return forward["underlying"], date.fromisoformat(forward["expiry"])
        if future:
            first = date(2000 + int(future["year"]), _MONTHS.index(future["month"]) + 1, 1)
            return future["underlying"], _monthly_expiry(future["underlying"], first)
    except (ValueError, OutsideTable) as error:
        raise UnlistedError(f"its expiry is not known ({error})", "Add the columns underlying, expiry") from error
    raise UnlistedError("nothing says when it expires", "Add the columns underlying, expiry")


def _monthly_expiry(underlying: str, first: date) -> date:
    try:
        return expiries(underlying, first, 1, "monthly")[0]
    except OutsideTable:
        return expiries(_SAME_EXPIRY_AS_STOCKS, first, 1, "monthly")[0]


def _equity_tick(said: Described) -> Paise:
    try:
        return equity_tick(said.price, said.on)
    except OutsideTable as error:
        raise UnlistedError(f"its tick is not known ({error})", "Add a column tick, in rupees") from error


def _contract_tick(kind: Kind, said: Described) -> Paise:
    if said.exchange == DERIVED:
        return DERIVED_TICK
    try:
        return index_tick(kind, said.strike or said.price, said.on)
    except OutsideTable as error:
        raise UnlistedError(f"its tick is not known ({error})", "Add a column tick, in rupees") from error


def _lot(underlying: str, expiry: date) -> int:
    try:
        return lot_size(underlying, expiry)
    except OutsideTable as error:
        raise UnlistedError(f"its lot is not known ({error})", "Add a column lot, in units") from error
