"""Margins and charges as the broker's JSON: by the exchange's own margin and our dated charges."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.exchange.margin import Exposure, MarginRates, margin_of
from common.market.instrument import AssetClass, Kind
from common.market.money import Paise
from common.trading.charges import SEGMENT_OF, order_charges, rates_on
from jobs.kite_server.account import Account
from jobs.kite_server.errors import input_error
from jobs.kite_server.request import OrderRequest, number_of, read_order
from jobs.kite_server.rows import rupees, side_text

CASH: Final = 100_000_000
"""Paise that an account has where the exchange does not look at them."""
MOST_ORDERS: Final = 200


def margins(account: Account) -> dict[str, Any]:
    """Of both segments; commodities are empty."""
    funds = account.funds
    cash = account.exchange.rules.cash or CASH
    used = funds.needed() if funds is not None else 0
    available = funds.available if funds is not None else cash
    return {"equity": _segment(cash, used, available), "commodity": _segment(0, 0, 0)}


def order_margins(account: Account, orders: object) -> list[dict[str, Any]]:
    """Of each order alone. Raises KiteError."""
    return [_margin(account, one) for one in _requests(account, orders)]


def basket_margins(account: Account, orders: object, *, positions: bool, compact: bool) -> dict[str, Any]:
    """Of all of them together, hedges counted as the exchange counts them. Raises KiteError."""
    requests = _requests(account, orders)
    before = account.exchange.books.net if positions else {}
    prefixes = [_needed(account, requests[: number + 1], before) for number in range(len(requests))]
    final = prefixes[-1]
    each = [_margin(account, one) for one in requests]
    return {
        "initial": _total(max(prefixes)), "final": _total(final), "orders": [] if compact else each,
        "charges": _sum_of([one["charges"] for one in each]),
    }


def contract_note(account: Account, orders: object) -> list[dict[str, Any]]:
    """What orders cost that were filled at `average_price`. Raises KiteError."""
    found = []
    for one in _objects(orders):
        fields = {name: _text(value) for name, value in one.items()}
        price = number_of(fields.get("average_price", ""), "average_price")
        request = read_order("regular", {**fields, "price": fields.get("average_price", ""), **_LIMIT}, account.market)
        found.append({
            "transaction_type": side_text(request.side), "tradingsymbol": request.instrument.symbol,
            "exchange": request.instrument.exchange, "variety": "regular", "product": request.product,
            "order_type": fields.get("order_type", "LIMIT"), "quantity": request.quantity, "price": float(price),
            "charges": _charges(account, request, request.price),
        })
    return found


_LIMIT: Final = {"order_type": "LIMIT", "tag": "", "validity": "DAY", "variety": "regular"}


def _requests(account: Account, orders: object) -> list[OrderRequest]:
    return [
        read_order(_text(one.get("variety", "regular")), {name: _text(value) for name, value in one.items()},
                   account.market)
        for one in _objects(orders)
    ]


def _objects(orders: object) -> Sequence[Mapping[str, object]]:
    if not isinstance(orders, list) or not orders or len(orders) > MOST_ORDERS:
        raise input_error(f"Expected a list of 1 to {MOST_ORDERS} orders.")
    if not all(isinstance(one, dict) for one in orders):
        raise input_error("Each order is an object.")
    return orders


def _text(value: object) -> str:
    if value is None or isinstance(value, (list, dict, bool)):
        return ""
    return str(value)


def _needed(account: Account, requests: Sequence[OrderRequest], before: Mapping[str, int]) -> Paise:
    ends: dict[str, list[int]] = {symbol: [net, net] for symbol, net in before.items() if net}
    for one in requests:
        least_most = ends.setdefault(one.instrument.symbol, [0, 0])
        for side in (0, 1):
            least_most[side] += one.side * one.quantity
    rates = account.exchange.rules.margin or MarginRates()
    return margin_of(
        [Exposure(account.market.instruments[symbol], least, most, account.last(symbol))
         for symbol, (least, most) in sorted(ends.items())], rates,
    )


def _margin(account: Account, request: OrderRequest) -> dict[str, Any]:
    instrument = request.instrument
    needed, price = _needed(account, [request], {}), request.price or account.last(instrument.symbol)
    stock, bought = instrument.kind is Kind.EQUITY, request.side > 0
    premium = needed if instrument.kind in (Kind.CALL, Kind.PUT) and bought else 0
    return {
        "type": "equity", "tradingsymbol": instrument.symbol, "exchange": instrument.exchange,
        **_parts(needed, premium, stock=stock), "pnl": {"realised": 0, "unrealised": 0}, "leverage": 1,
        "charges": _charges(account, request, price), "total": rupees(needed),
    }


def _parts(needed: Paise, premium: Paise, *, stock: bool) -> dict[str, float]:
    span = 0 if stock or premium else needed * 5 // 6
    return {
        "span": rupees(span), "exposure": rupees(0 if stock or premium else needed - span),
        "option_premium": rupees(premium), "additional": 0, "bo": 0, "cash": 0,
        "var": rupees(needed if stock else 0),
    }


def _total(needed: Paise) -> dict[str, Any]:
    charges = _sum_of([])
    return {
        "type": "equity", "tradingsymbol": "", "exchange": "", **_parts(needed, 0, stock=False),
        "pnl": {"realised": 0, "unrealised": 0}, "leverage": 1, "charges": charges, "total": rupees(needed),
    }


def _charges(account: Account, request: OrderRequest, price: Paise) -> dict[str, Any]:
    segment = SEGMENT_OF[request.instrument.asset_class or AssetClass.STOCK]
    paid = order_charges(rates_on(account.market.day, segment), request.side, price * request.quantity)
    tax = "stt" if request.instrument.asset_class is not None else ""
    gst = rupees(paid.gst)
    return {
        "transaction_tax": rupees(paid.stt), "transaction_tax_type": tax,
        "exchange_turnover_charge": rupees(paid.transaction + paid.ipft), "sebi_turnover_charge": rupees(paid.sebi),
        "brokerage": rupees(paid.brokerage), "stamp_duty": rupees(paid.stamp),
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst}, "total": rupees(paid.total),
    }


def _sum_of(charges: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = (
        "transaction_tax", "exchange_turnover_charge", "sebi_turnover_charge", "brokerage", "stamp_duty", "total",
    )
    gst = round(sum(one["gst"]["total"] for one in charges), 6)
    return {
        **{name: round(sum(one[name] for one in charges), 6) for name in names}, "transaction_tax_type": "stt",
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst},
    }


def _segment(cash: Paise, used: Paise, available: Paise) -> dict[str, Any]:
    zero = (
        "m2m_unrealised", "option_premium", "payout", "holding_sales", "turnover", "liquid_collateral",
        "stock_collateral", "delivery", "exposure",
    )
    left = available - used
    return {
        "enabled": True, "net": rupees(left),
        "available": {
            "adhoc_margin": 0, "cash": rupees(cash), "opening_balance": rupees(cash), "live_balance": rupees(left),
            "collateral": 0, "intraday_payin": 0,
        },
        "utilised": {
            "debits": rupees(cash - left), "span": rupees(used), "m2m_realised": rupees(available - cash),
            **dict.fromkeys(zero, 0),
        },
    }
