"""Orders, trades and positions as the broker's JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from common.exchange.resting import RestingOrder, Verb
from common.market.indian_time import at
from common.market.instrument import Instrument
from common.market.money import Paise
from common.trading.orders import Kind, Status

_STATUS = {Status.SENT: "PUT ORDER REQ RECEIVED"}
_COMING = {Verb.MODIFY: "MODIFY VALIDATION PENDING", Verb.CANCEL: "CANCEL PENDING"}


@dataclass(slots=True)
class Ticket:
    """What the broker keeps of an order besides what the exchange holds.

    placed: nanoseconds UTC. history: its rows as they came. tag: as the client gave it; tags: with the broker's own.
    """

    order: RestingOrder
    instrument: Instrument
    person: str
    product: str
    validity: str
    tag: str
    tags: list[str]
    placed: int
    modified: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)


def stamp(ts: int) -> str:
    """`2026-11-20 09:15:00`, Indian time."""
    return f"{at(ts):%Y-%m-%d %H:%M:%S}"


def rupees(paise: float) -> float:
    """For JSON."""
    return round(paise / 100, 6)


def order_row(ticket: Ticket) -> dict[str, Any]:
    """One row of the order book, as the order is now."""
    order = ticket.order
    at_exchange = order.status is not Status.SENT and order.status is not Status.REJECTED
    touched = stamp(max((order.since, *(fill.ts for fill in order.fills))))
    coming = None if order.coming is None else _COMING.get(order.coming.verb)
    left, gone = order.left, order.status in (Status.CANCELLED, Status.REJECTED)
    return {
        "account_id": ticket.person, "placed_by": ticket.person, "order_id": order.id,
        "exchange_order_id": _exchange_id(order) if at_exchange else None, "parent_order_id": None,
        "status": coming or _STATUS.get(order.status, order.status.value),
        "status_message": order.reason or None, "status_message_raw": order.reason or None,
        "order_timestamp": stamp(max(ticket.placed, order.sent)),
        "exchange_update_timestamp": touched if at_exchange else None,
        "exchange_timestamp": touched if at_exchange else None,
        "variety": "regular", "modified": ticket.modified, "exchange": ticket.instrument.exchange,
        "tradingsymbol": order.symbol, "instrument_token": ticket.instrument.token,
        "order_type": order.kind.value, "transaction_type": side_text(order.side), "validity": ticket.validity,
        "validity_ttl": 0, "product": ticket.product, "quantity": order.quantity, "disclosed_quantity": 0,
        "price": rupees(order.price), "trigger_price": rupees(order.trigger if order.kind is Kind.SL else 0),
        "average_price": rupees(average(order)), "filled_quantity": order.filled,
        "pending_quantity": 0 if gone else left, "cancelled_quantity": left if gone else 0, "market_protection": 0,
        "meta": {}, "tag": ticket.tag or None, **({"tags": list(ticket.tags)} if ticket.tags else {}),
        "guid": f"01X{order.id}",
    }


def trade_rows(ticket: Ticket) -> list[dict[str, Any]]:
    """Of one order. An order's fills are numbered, so that a trade's id is the same whenever it is told."""
    order = ticket.order
    return [
        {
            "trade_id": f"{int(order.id[-8:])}{number:03d}", "order_id": order.id,
            "exchange": ticket.instrument.exchange, "tradingsymbol": order.symbol,
            "instrument_token": ticket.instrument.token, "product": ticket.product,
            "average_price": rupees(fill.price), "quantity": fill.quantity, "exchange_order_id": _exchange_id(order),
            "transaction_type": side_text(order.side), "fill_timestamp": stamp(fill.ts),
            "order_timestamp": f"{at(ticket.placed):%H:%M:%S}", "exchange_timestamp": stamp(fill.ts),
        }
        for number, fill in enumerate(order.fills, start=1)
    ]


def position_rows(tickets: Iterable[Ticket], last: Mapping[str, Paise]) -> list[dict[str, Any]]:
    """Of the day, by symbol and product; what was closed stays with 0. last: prices in paise."""
    groups: dict[tuple[str, str], list[Ticket]] = {}
    for ticket in tickets:
        if ticket.order.fills:
            groups.setdefault((ticket.order.symbol, ticket.product), []).append(ticket)
    return [_position(group, last[symbol]) for (symbol, _), group in sorted(groups.items())]


def side_text(side: int) -> str:
    """BUY or SELL."""
    return "BUY" if side > 0 else "SELL"


def average(order: RestingOrder) -> float:
    """Paise, 0 where nothing is filled."""
    return sum(fill.price * fill.quantity for fill in order.fills) / order.filled if order.filled else 0.0


def _position(tickets: list[Ticket], last: Paise) -> dict[str, Any]:
    fills = [(one.order.side, fill) for one in tickets for fill in one.order.fills]
    bought = sum(fill.quantity for side, fill in fills if side > 0)
    sold = sum(fill.quantity for side, fill in fills if side < 0)
    paid = sum(fill.quantity * fill.price for side, fill in fills if side > 0)
    got = sum(fill.quantity * fill.price for side, fill in fills if side < 0)
    net, instrument = bought - sold, tickets[0].instrument
    buy_price, sell_price = paid / bought if bought else 0.0, got / sold if sold else 0.0
    pnl = rupees(got - paid + net * last)
    return {
        "tradingsymbol": instrument.symbol, "exchange": instrument.exchange, "instrument_token": instrument.token,
        "product": tickets[0].product, "quantity": net, "overnight_quantity": 0, "multiplier": 1,
        "average_price": rupees((buy_price if net > 0 else sell_price) if net else 0), "close_price": 0,
        "last_price": rupees(last), "value": rupees(got - paid), "pnl": pnl, "m2m": pnl, "unrealised": pnl,
        "realised": 0, "buy_quantity": bought, "buy_price": rupees(buy_price), "buy_value": rupees(paid),
        "buy_m2m": rupees(paid), "sell_quantity": sold, "sell_price": rupees(sell_price), "sell_value": rupees(got),
        "sell_m2m": rupees(got), "day_buy_quantity": bought, "day_buy_price": rupees(buy_price),
        "day_buy_value": rupees(paid), "day_sell_quantity": sold, "day_sell_price": rupees(sell_price),
        "day_sell_value": rupees(got),
    }


def _exchange_id(order: RestingOrder) -> str:
    return f"13{int(order.id[-8:]):014d}"
