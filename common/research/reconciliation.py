"""The day's reconciliation as data: every workload's books against the broker's, for report, alarms and tomorrow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeAlias

from common.market.calendar import session_times
from common.market.instrument import AssetClass
from common.research.workload import Outcome
from common.trading.book import tag_prefix
from common.trading.charges import SEGMENT_OF, rates_on
from common.trading.errors import BrokerUnavailable
from common.trading.orders import Order, OrderUpdate
from common.trading.reconcile import Books, Difference, What, difference_fields, reconcile

ReadOrders: TypeAlias = Callable[[date, AssetClass], Sequence[OrderUpdate]]
"""The broker's whole order book of a day, fills included; an account has one, on paper each asset class its own."""

MAX_DIFFERENCES: Final = 200
"""Of one asset class, listed; more are counted."""


@dataclass(slots=True)
class Reconciled:
    """One asset class. at_broker: orders of ours in its book, None where it could not be read."""

    asset_class: AssetClass
    orders: int
    at_broker: int | None
    found: list[Difference] = field(default_factory=list)

    @property
    def alarms(self) -> list[Difference]:
        """What is not explained."""
        return [one for one in self.found if not one.explained]


def reconcile_day(day: date, outcomes: Iterable[Outcome], read_orders: ReadOrders) -> dict[str, Any]:
    """JSON: classes (counts), differences (each explained or not), alarms and fees in all, and what is carried.

    carried: [{asset_class, symbol, quantity}], signed units that are open at the broker after the close.
    """
    classes = [_class(day, outcome, read_orders) for outcome in outcomes]
    return {
        "classes": [
            {
                "asset_class": one.asset_class.value, "orders": one.orders, "at_broker": one.at_broker,
                "explained": len(one.found) - len(one.alarms), "alarms": len(one.alarms),
            }
            for one in classes
        ],
        "differences": [
            {"asset_class": one.asset_class.value, **difference_fields(difference)}
            for one in classes for difference in one.found[:MAX_DIFFERENCES]
        ],
        "alarms": sum(len(one.alarms) for one in classes),
        "fees_paise": sum(difference.charges for one in classes for difference in one.found),
        "carried": [
            {"asset_class": one.asset_class.value, "symbol": each.symbol, "quantity": each.quantity}
            for one in classes for each in one.found if each.quantity
        ],
    }


def alarm_texts(reconciliation: Mapping[str, Any]) -> list[str]:
    """One line each for people."""
    return [
        f"{one['asset_class']}: {one['tag'] or one['symbol'] or one['what']}: {one['text']}"
        for one in reconciliation["differences"] if not one["explained"]
    ]


def _class(day: date, outcome: Outcome, read_orders: ReadOrders) -> Reconciled:
    asset_class = outcome.asset_class
    prefix = tag_prefix(asset_class, day)
    try:
        updates = read_orders(day, asset_class)
    except BrokerUnavailable as error:
        return Reconciled(asset_class, len(outcome.orders), None, [_unread(error), *_held(outcome.orders)])
    rates, times = rates_on(day, SEGMENT_OF[asset_class]), session_times(day, asset_class)
    found = reconcile(Books(prefix, outcome.orders, outcome.trades, rates, times), updates)
    at_broker = len({update.broker_id for update in updates if update.tag.startswith(prefix)})
    return Reconciled(asset_class, len(outcome.orders), at_broker, found)


def _unread(error: BrokerUnavailable) -> Difference:
    text = f"the broker's order book could not be read: {error}; nothing is reconciled: call close_day again"
    return Difference(What.UNREAD, text)


def _held(orders: Iterable[Order]) -> list[Difference]:
    """What the store alone says is open."""
    held: dict[str, int] = {}
    for order in orders:
        held[order.symbol] = held.get(order.symbol, 0) + order.side * order.filled
    return [
        Difference(What.POSITION, f"{left} {symbol} are open as far as the store knows", symbol=symbol, quantity=left)
        for symbol, left in held.items() if left
    ]
