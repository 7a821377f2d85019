"""Kite's rows as our values: paise, nanoseconds, statuses, tags; what is not as documented raises AnswerError."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from common.market.indian_time import INDIA, moment
from common.market.money import Paise, paise_from_rupees
from common.trading.orders import Fill, Kind, OrderTag, OrderUpdate, Status

Row: TypeAlias = Mapping[str, Any]

STATUSES: Final[Mapping[str, Status]] = {
    "PUT ORDER REQ RECEIVED": Status.SENT, "VALIDATION PENDING": Status.SENT, "OPEN PENDING": Status.SENT,
    "AMO REQ RECEIVED": Status.SENT, "OPEN": Status.OPEN, "TRIGGER PENDING": Status.TRIGGER_PENDING,
    "COMPLETE": Status.COMPLETE, "CANCELLED": Status.CANCELLED, "REJECTED": Status.REJECTED,
}
CHANGING: Final = frozenset({"MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED", "CANCEL PENDING"})
"""An order that stands while a change of it is looked at; a stop among them has not been triggered by that."""
_OURS: Final = re.compile(r"T\d{6}[SOF]\d{5}[EX]")
_SIDES: Final = {"BUY": 1, "SELL": -1}
_KINDS: Final = {"LIMIT": Kind.LIMIT, "SL": Kind.SL}
MOST_RUPEES: Final = 10**12


class AnswerError(ValueError):
    """An answer is not as documented: nothing of it is used."""


def order_update(row: Row, fills: tuple[Fill, ...] = ()) -> OrderUpdate:
    """One row of the order book, or one order update. A status that is not documented is told as SENT: see `is_known`.

    Quantities that Kite calls pending and cancelled are known to be inconsistent: `filled_quantity` alone counts.
    terms: None for kinds of order that we never send.
    """
    kind = _KINDS.get(text(row, "order_type"))
    terms = None
    if kind is not None:
        trigger = paise(row, "trigger_price") if kind is Kind.SL else 0
        terms = (kind, count(row, "quantity"), paise(row, "price"), trigger)
    filled = count(row, "filled_quantity")
    if filled < 0 or (fills and sum(fill.quantity for fill in fills) < 0):
        raise AnswerError(f"filled_quantity {filled} of order {row.get('order_id')!r} is negative")
    return OrderUpdate(
        tag_of(row), _status(row, kind), _updated(row), fills, order_id(row), _reason(row), terms, filled,
        text(row, "tradingsymbol"), side(row),
    )


def is_known(row: Row) -> bool:
    """Whether the row's status is one that is documented."""
    return row.get("status") in STATUSES or row.get("status") in CHANGING


def fills_by_order(rows: Sequence[Row], day: date) -> dict[str, tuple[Fill, ...]]:
    """The trade book by order id. day: of times without a date."""
    found: dict[str, list[Fill]] = {}
    for row in rows:
        quantity = count(row, "quantity")
        if quantity <= 0:
            raise AnswerError(f"trade {row.get('trade_id')!r} has a quantity of {quantity}")
        filled_at = row.get("fill_timestamp") or row.get("exchange_timestamp") or row.get("order_timestamp")
        fill = Fill(text(row, "trade_id"), nanoseconds(filled_at, day), paise(row, "average_price"), quantity)
        found.setdefault(order_id(row), []).append(fill)
    return {id: tuple(fills) for id, fills in found.items()}


def net_positions(data: Any, exchanges: Mapping[str, str]) -> dict[str, int]:
    """Signed net units by symbol, over all products; 0 is left out. exchanges: of our symbols, for names on two."""
    if not isinstance(data, Mapping) or not isinstance(data.get("net"), list):
        raise AnswerError("positions without a list 'net'")
    net: dict[str, int] = {}
    for row in rows_of(data["net"]):
        symbol = text(row, "tradingsymbol")
        if exchanges.get(symbol, row.get("exchange")) == row.get("exchange"):
            net[symbol] = net.get(symbol, 0) + count(row, "quantity")
    return {symbol: units for symbol, units in net.items() if units}


def rows_of(data: Any) -> list[Row]:
    """A list of objects. Raises AnswerError."""
    if not isinstance(data, list) or not all(isinstance(row, Mapping) for row in data):
        raise AnswerError(f"a {type(data).__name__} that is no list of objects")
    return data


def tag_of(row: Row) -> OrderTag:
    """Our tag, wherever Kite has put it; '' for orders that are not Tron's, whatever others have tagged them."""
    more = row.get("tags")
    for tag in (row.get("tag"), *(more if isinstance(more, list) else ())):
        if isinstance(tag, str) and _OURS.fullmatch(tag):
            return OrderTag(tag)
    return OrderTag("")


def order_id(row: Row) -> str:
    """Of 15 to 19 digits: always text."""
    id = row.get("order_id")
    if isinstance(id, bool) or not isinstance(id, str | int) or not str(id).isalnum():
        raise AnswerError(f"order_id {id!r} is no id")
    return str(id)


def side(row: Row) -> int:
    """+1 for BUY, -1 for SELL."""
    found = _SIDES.get(text(row, "transaction_type"))
    if found is None:
        raise AnswerError(f"transaction_type {row.get('transaction_type')!r} is neither BUY nor SELL")
    return found


def text(row: Row, name: str) -> str:
    """A field that must be text, and not empty."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise AnswerError(f"{name} {value!r} is no text")
    return value


def count(row: Row, name: str) -> int:
    """A whole number of units."""
    value = row.get(name)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise AnswerError(f"{name} {value!r} is no whole number")
    return value


def paise(row: Row, name: str) -> Paise:
    """A field in rupees."""
    return paise_of(row.get(name), name)


def paise_of(value: Any, name: str) -> Paise:
    """Rupees as JSON has them, by their shortest decimal text: 0.1 + 0.2 is not met on the way."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise AnswerError(f"{name} {value!r} is no amount of money")
    try:
        if abs(Decimal(str(value))) > MOST_RUPEES:
            raise AnswerError(f"{name} {value!r} is beyond any price")
        return paise_from_rupees(value)
    except (ValueError, InvalidOperation):
        raise AnswerError(f"{name} {value!r} is no amount of money") from None


def rupees(amount: Paise) -> str:
    """As Kite takes it, to the digit."""
    return f"{amount // 100}.{amount % 100:02d}"


def nanoseconds(value: Any, day: date | None = None) -> int:
    """India's wall clock as Kite writes it, or as its client has parsed it (naive); some have no date: then `day`'s."""
    try:
        if isinstance(value, str) and len(value) == 8 and day is not None:
            value = f"{day.isoformat()} {value}"
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
    except ValueError:
        value = None
    if not isinstance(value, datetime):
        raise AnswerError("a time is not as documented")
    if value.tzinfo is not None:
        value = value.astimezone(INDIA)
    return moment(value.date(), value.time())


def _status(row: Row, kind: Kind | None) -> Status:
    named = text(row, "status")
    if named in CHANGING:
        return Status.TRIGGER_PENDING if kind is Kind.SL else Status.OPEN
    return STATUSES.get(named, Status.SENT)


def _updated(row: Row) -> int:
    """The latest of the row's times."""
    times = [row.get(name) for name in ("exchange_update_timestamp", "exchange_timestamp", "order_timestamp")]
    known = [nanoseconds(value) for value in times if value]
    if not known:
        raise AnswerError(f"order {row.get('order_id')!r} has no time")
    return max(known)


def _reason(row: Row) -> str:
    return str(row.get("status_message") or row.get("status_message_raw") or "")[:300]
