"""The grammar of the broker's trading symbols for futures and options: weekly YYMDD, monthly YYMON."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.market.instrument import Kind
from common.market.money import Paise, paise_from_rupees

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKLY_MONTHS: Final = "123456789OND"
_CONTRACT: Final = re.compile(
    rf"(?P<underlying>[A-Z0-9&-]+?)(?P<year>\d\d)"
    rf"(?:(?P<name>{'|'.join(_MONTHS)})|(?P<month>[{_WEEKLY_MONTHS}])(?P<day>[0-3]\d))"
    r"(?:(?P<future>FUT)|(?P<strike>\d+(?:\.\d{1,2})?)(?P<kind>CE|PE))"
)


@dataclass(frozen=True, slots=True)
class ContractSymbol:
    """What a symbol says. day: None for a monthly contract, whose date only the dump or the calendar knows.

    strike: paise, 0 for a future.
    """

    underlying: str
    kind: Kind
    year: int
    month: int
    day: int | None
    strike: Paise


def option_symbol(underlying: str, expiry: date, strike: Paise, kind: Kind, *, weekly: bool) -> str:
    """The symbol of a call or put; strike in paise. `weekly`: the contract is not its month's last."""
    return f"{underlying}{_expiry_text(expiry, weekly)}{_strike_text(strike)}{kind.value}"


def future_symbol(underlying: str, expiry: date) -> str:
    """The symbol of a (monthly) future."""
    return f"{underlying}{_expiry_text(expiry, weekly=False)}FUT"


def parse_contract_symbol(symbol: str) -> ContractSymbol | None:
    """The parts of a future's or option's symbol; None for a stock, an index and whatever has another form.

    The grammar cannot tell where a name that ends in a digit stops before a weekly date; no such name has weeklies.
    """
    match = _CONTRACT.fullmatch(symbol)
    if match is None:
        return None
    month = _MONTHS.index(match["name"]) + 1 if match["name"] else _WEEKLY_MONTHS.index(match["month"]) + 1
    return ContractSymbol(
        underlying=match["underlying"], kind=Kind.FUTURE if match["future"] else Kind(match["kind"]),
        year=2000 + int(match["year"]), month=month, day=int(match["day"]) if match["day"] else None,
        strike=paise_from_rupees(match["strike"]) if match["strike"] else 0,
    )


def _expiry_text(expiry: date, weekly: bool) -> str:
    year = f"{expiry.year % 100:02d}"
    if weekly:
        return f"{year}{_WEEKLY_MONTHS[expiry.month - 1]}{expiry.day:02d}"
    return year + _MONTHS[expiry.month - 1]


def _strike_text(strike: Paise) -> str:
    rupees, paise = divmod(strike, 100)
    return f"{rupees}.{paise:02d}".rstrip("0").rstrip(".") if paise else str(rupees)
