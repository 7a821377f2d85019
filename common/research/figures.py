"""Figures and names as a person in India reads them: rupees, signs, shares, clock times."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

from common.market.money import paise_from_rupees, rupees_text

IST = ZoneInfo("Asia/Kolkata")
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Stands where there is no figure."""

_UNGROUPED = frozenset({"seed", "year", "id", "version", "epoch", "port"})
_ACRONYMS = frozenset({"atr", "gst", "id", "igst", "ipft", "oi", "pnl", "sebi", "stt", "vix", "vwap"})
_UNITS = {
    "_paise": "", "_rupees": "", "_percent": " %", "_seconds": " s", "_ms": " ms", "_minutes": " min", "_days": " days",
}


def is_number(value: object) -> TypeGuard[int | float]:
    """An int or float; a bool is not a number here."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rupees(paise: Any) -> str:
    """Paise with the rupee sign: 1234550 -> '₹12,345.50'; NOTHING where it is not a number."""
    if not is_number(paise):
        return NOTHING
    whole = round(paise)
    return f"{MINUS if whole < 0 else ''}₹{rupees_text(abs(whole))}"


def signed(paise: Any) -> str:
    """As `rupees`, with a plus sign before a gain."""
    return f"+{rupees(paise)}" if is_number(paise) and round(paise) > 0 else rupees(paise)


def price(rupees_: Any) -> str:
    """A price in rupees, grouped, two decimals, without the sign of the currency: 24567.5 -> '24,567.50'."""
    return rupees_text(paise_from_rupees(rupees_)) if is_number(rupees_) else NOTHING


def count(value: Any) -> str:
    """A whole number with Indian grouping: 1234567 -> '12,34,567'."""
    if not is_number(value):
        return NOTHING
    text = rupees_text(abs(round(value)) * 100)[:-3]
    return f"{MINUS}{text}" if value < 0 else text


def percent(share: Any) -> str:
    """A share of one as per cent: 0.3456 -> '34.6 %'."""
    return f"{100 * float(share):.1f} %".replace("-", MINUS) if is_number(share) else NOTHING


def ratio(value: Any) -> str:
    """To two decimals: -1.2345 -> '-1.23', with a true minus sign."""
    return f"{float(value):.2f}".replace("-", MINUS) if is_number(value) else NOTHING


def number(value: Any) -> str:
    """Any number, no more decimals than it needs: whole ones grouped, small ones to four decimals."""
    if not is_number(value):
        return NOTHING
    if value == int(value):
        return count(int(value))
    size = abs(float(value))
    if size >= 100:
        text = rupees_text(paise_from_rupees(size))
    else:
        text = f"{size:.4f}".rstrip("0") if size >= 0.0001 else f"{size:.2e}"
    return f"{MINUS}{text}" if value < 0 else text


def scalar(value: Any, name: str = "") -> str:
    """A value by the unit that ends its name: `_paise`, `_rupees`, `_percent`, `_share`, `_seconds`, ..."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not is_number(value):
        return NOTHING if value is None else str(value) or NOTHING
    if name.endswith("_paise"):
        return rupees(value)
    if name.endswith("_rupees"):
        return rupees(paise_from_rupees(value))
    if name.endswith(("_share", "_fraction")):
        return percent(value)
    if name.replace(".", "_").rpartition("_")[2] in _UNGROUPED:
        return str(value)
    unit = next((text for ending, text in _UNITS.items() if name.endswith(ending)), "")
    return number(value) + unit


def used(value: Any, unit: str) -> str:
    """A limit or what is used of it. unit: 'paise', 'count', or a rate such as 'per second'."""
    if unit == "paise":
        return rupees(value)
    return number(value) if unit in ("count", "") or not is_number(value) else f"{number(value)} {unit}"


def label(name: Any) -> str:
    """A field's name in words, its unit left to the value: 'risk_per_trade_paise' -> 'Risk per trade'."""
    text = str(name)
    ending = next((ending for ending in _UNITS if text.endswith(ending) and text != ending), "")
    words = text.removesuffix(ending).replace("_", " ").split()
    return " ".join(
        word.upper() if word in _ACRONYMS else word.capitalize() if not n and word.islower() else word
        for n, word in enumerate(words)
    )


def moment(iso: Any) -> datetime | None:
    """An ISO time as IST; a naive one is taken as IST; None where it is no time."""
    try:
        at = datetime.fromisoformat(str(iso))
    except ValueError:
        return None
    return at.replace(tzinfo=IST) if at.tzinfo is None else at.astimezone(IST)


def clock(iso: Any, seconds: bool = True) -> str:
    """The IST clock time of an ISO time: '10:15:03'; NOTHING where it is no time."""
    at = moment(iso)
    return at.strftime("%H:%M:%S" if seconds else "%H:%M") if at else NOTHING


def long_date(iso: Any) -> str:
    """'2026-11-20' -> 'Friday 20 November 2026'; anything else as it stands."""
    try:
        day = date.fromisoformat(str(iso))
    except ValueError:
        return str(iso)
    return f"{day:%A} {day.day} {day:%B %Y}"


def money(trade: Mapping[str, Any], name: str) -> int | None:
    """Paise of a trade's `name` (net, gross, charges): the `_paise` field, else the rupees; None if neither."""
    paise, in_rupees = trade.get(f"{name}_paise"), trade.get(name)
    if is_number(paise):
        return round(paise)
    return paise_from_rupees(in_rupees) if is_number(in_rupees) else None
