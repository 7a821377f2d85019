"""Books of a small day, in the store and at the broker, that agree: what tests of the reconciliation start from."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hypothesis import strategies as st

from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.trading.book import order_tag, tag_prefix
from common.trading.charges import SEGMENT_OF, rates_on, round_trip
from common.trading.orders import Fill, Kind, Order, OrderTag, OrderUpdate, Purpose, Status
from common.trading.reconcile import Books, Difference, reconcile

DAY: Final = date(2026, 8, 19)
CLASS: Final = AssetClass.OPTIONS
TIMES: Final = session_times(DAY, CLASS)
RATES: Final = rates_on(DAY, SEGMENT_OF[CLASS])
MINUTE: Final = 60 * 10**9
NO_TAG: Final = OrderTag("")


@dataclass
class Day:
    """The two sides of one workload's day."""

    orders: list[Order]
    trades: list[dict[str, Any]]
    updates: list[OrderUpdate]

    def differences(self) -> list[Difference]:
        """Of the reconciliation."""
        books = Books(tag_prefix(CLASS, DAY), self.orders, self.trades, RATES, TIMES)
        return reconcile(books, self.updates)

    def alarms(self) -> list[Difference]:
        """What is not explained."""
        return [one for one in self.differences() if not one.explained]

    def copy(self) -> "Day":
        """To be spoilt."""
        return copy.deepcopy(self)


def order(
    number: int, side: int, quantity: int, fills: Sequence[tuple[int, int]], purpose: Purpose, symbol: str = "AAA",
    minute: int | None = None, status: Status | None = None,
) -> Order:
    """Ordered in `minute` (its number); fills: (price, quantity). COMPLETE when all is filled, else CANCELLED."""
    at = TIMES.entry_from + (number if minute is None else minute) * MINUTE
    made = Order(
        order_tag(CLASS, DAY, number, purpose), number, symbol, side, quantity, Kind.LIMIT, 10_000, 0, purpose, at,
    )
    made.broker_id = f"9{number:06d}"
    for n, (price, filled) in enumerate(fills):
        made.add_fill(Fill(f"{made.broker_id}-{n}", at + n, price, filled))
    made.status = status or (Status.COMPLETE if made.filled == quantity else Status.CANCELLED)
    return made


def update_of(one: Order) -> OrderUpdate:
    """What the broker says of an order that it knows as we do."""
    terms = (one.kind, one.quantity, one.price, one.trigger)
    fills = tuple(Fill(fill.id, fill.ts, fill.price, fill.quantity) for fill in one.fills)
    return OrderUpdate(
        one.tag, one.status, one.created, fills, one.broker_id, "", terms, one.filled, one.symbol, one.side,
    )


def foreign(
    side: int, quantity: int, price: int = 10_000, minute: int = 100, symbol: str = "AAA", reason: str = "",
    tag: OrderTag = NO_TAG,
) -> OrderUpdate:
    """Another's order, filled."""
    ts = TIMES.entry_from + minute * MINUTE
    fills = (Fill(f"f{minute}", ts, price, quantity),)
    id = f"8{minute:06d}"
    return OrderUpdate(tag, Status.COMPLETE, ts, fills, id, reason, None, quantity, symbol, side)


def trades_of(orders: Iterable[Order]) -> list[dict[str, Any]]:
    """From flat to flat, symbol by symbol: what the workload would have stored."""
    found, held = list[dict[str, Any]](), dict[str, list[tuple[Order, Fill]]]()
    rows = sorted(((fill.ts, one.sequence, fill, one) for one in orders for fill in one.fills), key=lambda r: r[:2])
    for _, _, fill, one in rows:
        trip = held.setdefault(one.symbol, [])
        trip.append((one, fill))
        if sum(o.side * f.quantity for o, f in trip) == 0:
            found.append(_trade(one.symbol, held.pop(one.symbol)))
    return found


def _trade(symbol: str, trip: Sequence[tuple[Order, Fill]]) -> dict[str, Any]:
    turnover = {side: sum(f.price * f.quantity for o, f in trip if o.side == side) for side in (1, -1)}
    count = {side: len({o.tag for o, _ in trip if o.side == side}) for side in (1, -1)}
    charges = round_trip(RATES, turnover[1], turnover[-1], count[1], count[-1]).total
    gross = turnover[-1] - turnover[1]
    return {
        "symbol": symbol, "gross_paise": gross, "charges_paise": charges, "net_paise": gross - charges,
        "asset_class": CLASS.value, "exit_time": at(trip[-1][1].ts).isoformat(),
    }


def day_of(orders: list[Order], others: Sequence[OrderUpdate] = ()) -> Day:
    """Both sides from our orders; what never arrived is not at the broker."""
    there = [update_of(one) for one in orders if one.status not in (Status.NOT_PLACED, Status.INTENDED)]
    return Day(orders, trades_of(orders), [*there, *others])


def plain_day() -> Day:
    """A long in two fills that left in two orders, and a short in another symbol."""
    entry, leave = Purpose.ENTRY, Purpose.EXIT
    return day_of([
        order(1, 1, 150, [(10_000, 75), (10_010, 75)], entry), order(2, -1, 150, [(10_100, 75)], leave),
        order(3, -1, 75, [(10_050, 75)], leave), order(4, -1, 75, [(5_000, 75)], entry, "BBB"),
        order(5, 1, 75, [(4_000, 75)], leave, "BBB"),
    ])


@st.composite
def days(draw: st.DrawFn) -> Day:
    """Round trips in a few symbols, each side in one to three orders of one to three fills, and orders of no effect."""
    orders: list[Order] = []
    for symbol in draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=4)):
        side, lots = draw(st.sampled_from((1, -1))), draw(st.integers(1, 3))
        for purpose, way in ((Purpose.ENTRY, side), (Purpose.EXIT, -side)):
            for _ in range(lots):
                parts = draw(st.lists(st.integers(5, 20_000), min_size=1, max_size=3))
                each = [25] * (len(parts) - 1) + [75 - 25 * (len(parts) - 1)]
                fills = list(zip(parts, each, strict=True))
                orders.append(order(len(orders) + 1, way, 75, fills, purpose, symbol))
        if draw(st.booleans()):
            status = draw(st.sampled_from((Status.CANCELLED, Status.NOT_PLACED, Status.REJECTED)))
            orders.append(_without_effect(len(orders) + 1, symbol, status))
    return day_of(orders)


def _without_effect(number: int, symbol: str, status: Status) -> Order:
    made = order(number, 1, 75, [], Purpose.ENTRY, symbol, status=status)
    if status is Status.NOT_PLACED:
        made.broker_id = ""
    return made


