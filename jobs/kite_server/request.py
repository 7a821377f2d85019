"""What a client wants of an order, read from the fields of its request."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from common.market.instrument import Instrument
from common.market.instrument import Kind as InstrumentKind
from common.market.money import Paise
from jobs.kite_server.errors import KiteError, input_error
from jobs.kite_server.market import SessionMarket

PRODUCTS: Final = ("MIS", "NRML", "CNC", "MTF")
TYPES: Final = ("MARKET", "LIMIT", "SL", "SL-M")
MOST_SLICES: Final = 10
"""Of one order, since 2026-04-01."""
LARGEST: Final = 10**9
LONGEST_TAG: Final = 20


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """price, trigger: paise, 0 where none. protection: percent, -1 automatic, 0 none. side: +1 buys, -1 sells."""

    instrument: Instrument
    side: int
    quantity: int
    product: str
    type: str
    price: Paise
    trigger: Paise
    validity: str
    protection: float
    tag: str
    autoslice: bool


def read_order(variety: str, fields: Mapping[str, str], market: SessionMarket) -> OrderRequest:
    """A new order. Raises KiteError."""
    if variety != "regular":
        known = variety in ("amo", "co", "iceberg", "auction")
        raise input_error(f"{variety} orders are not simulated" if known else "Invalid `variety`.")
    instrument = market.book.get(fields.get("tradingsymbol", ""), fields.get("exchange") or "-")
    if instrument is None:
        raise input_error("The instrument you are placing an order for has either expired or does not exist.")
    side = {"BUY": 1, "SELL": -1}.get(fields.get("transaction_type", ""))
    if side is None:
        raise input_error("Invalid `transaction_type`.")
    type, tag = _one_of(fields, "order_type", TYPES), fields.get("tag", "")
    if len(tag) > LONGEST_TAG or (tag and not (tag.isascii() and tag.isalnum())):
        raise input_error(f"Invalid `tag`: at most {LONGEST_TAG} letters and digits.")
    if type == "SL-M" and instrument.kind in (InstrumentKind.CALL, InstrumentKind.PUT):
        raise input_error("SL-M orders are not allowed for options.")
    validity = fields.get("validity") or "DAY"
    if validity not in ("DAY", "IOC"):
        raise input_error("Invalid `validity`: DAY and IOC are simulated.")
    return OrderRequest(
        instrument, side, quantity_of(fields, "quantity"), _one_of(fields, "product", PRODUCTS), type,
        price_of(fields, "price") if type in ("LIMIT", "SL") else 0,
        price_of(fields, "trigger_price") if type in ("SL", "SL-M") else 0,
        validity, protection_of(fields), tag, fields.get("autoslice") in ("true", "1"),
    )


def quantity_of(fields: Mapping[str, str], name: str) -> int:
    """Raises KiteError unless it is a whole number from 1."""
    text = fields.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LARGEST)) or not 0 < int(text) <= LARGEST:
        raise input_error(f"Invalid `{name}`.")
    return int(text)


def price_of(fields: Mapping[str, str], name: str) -> Paise:
    """Rupees as text to paise. Raises KiteError unless it is a positive number of whole paise."""
    paise = number_of(fields.get(name, ""), name) * 100
    if paise <= 0 or paise != paise.to_integral_value():
        raise input_error(f"Invalid `{name}`.")
    return int(paise)


def protection_of(fields: Mapping[str, str]) -> float:
    """Raises KiteError unless it is -1, or 0 to 100."""
    text = fields.get("market_protection", "")
    value = float(number_of(text, "market_protection")) if text else 0.0
    if value != -1 and not 0 <= value <= 100:
        raise input_error("Invalid `market_protection`.")
    return value


def number_of(text: str, name: str) -> Decimal:
    """Raises KiteError unless it is a finite number of bearable size."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _invalid(name) from None
    if len(text) > 30 or not value.is_finite() or abs(value) > LARGEST:
        raise _invalid(name)
    return value


def _invalid(name: str) -> KiteError:
    return input_error(f"Invalid `{name}`.")


def _one_of(fields: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = fields.get(name, "")
    if value not in allowed:
        raise _invalid(name)
    return value


def slices_of(request: OrderRequest) -> list[OrderRequest]:
    """Orders of at most the freeze quantity each. Raises KiteError where they are too many."""
    freeze = request.instrument.freeze_quantity
    most = request.quantity if freeze is None else request.instrument.whole_lots(freeze)
    parts = [min(most, request.quantity - begun) for begun in range(0, request.quantity, most)]
    if len(parts) > MOST_SLICES:
        raise input_error(f"The order needs {len(parts)} slices, and at most {MOST_SLICES} are allowed.")
    return [replace(request, quantity=part, autoslice=False) for part in parts]
