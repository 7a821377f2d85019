"""The day is over: what the store says against what the exchange did, order by order and to the paisa."""

from typing import TYPE_CHECKING, Final

from common.day.stored import load_orders, load_trades
from common.day.workloads import WORKLOADS, State, workload_id
from common.exchange.resting import RestingOrder
from common.market.instrument import AssetClass
from common.simulation.findings import Invariant
from common.trading.book import tag_prefix
from common.trading.orders import Order, order_from_fields

if TYPE_CHECKING:
    from common.simulation.day import SimulatedDay

NEVER_THERE: Final = ("NOT PLACED", "REJECTED")


class BooksAtClose:
    """Checks each asset class whose workload says that it is done."""

    def __init__(self, day: "SimulatedDay") -> None:
        self._day = day
        self._findings = day.findings

    def check(self) -> None:
        """Every tag at most once, every order known, positions and money as they are."""
        for tag, times in self._day.account.arrivals.items():
            self._findings.expect(
                times == 1, Invariant.ONE_ORDER_AN_INTENT, tag, f"{tag} reached the broker {times} times",
            )
        for asset_class in self._day.classes:
            self._check_class(asset_class)

    def _check_class(self, asset_class: AssetClass) -> None:
        day = self._day
        workload = day.store.get(WORKLOADS, workload_id(day.day, asset_class))
        state = workload.fields["state"] if workload is not None else ""
        if state != State.DONE:
            return
        stored = load_orders(day.store, day.day, asset_class)
        prefix = tag_prefix(asset_class, day.day)
        known = {tag: order for tag, order in day.exchange.book.items() if tag.startswith(prefix)}
        for tag, fields in stored.items():
            self._check_order(tag, order_from_fields(fields), known.get(tag))
        strange = sorted(known.keys() - stored.keys())
        self._findings.expect(
            not strange, Invariant.BOOKS_AGREE, f"{asset_class} strange", f"not in the store: {', '.join(strange[:5])}",
        )
        self._check_money(asset_class)

    def _check_order(self, tag: str, order: Order, real: RestingOrder | None) -> None:
        if real is None:
            self._findings.expect(
                order.status in NEVER_THERE and not order.filled, Invariant.BOOKS_AGREE, tag,
                f"{tag} is {order.status} with {order.filled} filled in the store; the broker has no such order",
            )
            return
        self._findings.expect(
            (order.filled, order.status) == (real.filled, real.status), Invariant.BOOKS_AGREE, tag,
            f"{tag} of {real.symbol}: the store has {order.filled} {order.status}, the broker "
            f"{real.filled} {real.status}",
        )

    def _check_money(self, asset_class: AssetClass) -> None:
        """Where nobody else took part: what the trades say is what the fills brought."""
        day = self._day
        held = [
            one for symbol, one in day.truth.holdings.items()
            if day.listing.instruments[symbol].asset_class is asset_class
        ]
        if any(one.helped or one.ours for one in held):
            return
        made = sum(trade["gross_paise"] for trade in load_trades(day.store, day.day, asset_class).values())
        real = sum(one.cash for one in held)
        self._findings.expect(
            made == real, Invariant.MONEY, asset_class,
            f"{asset_class}: the trades made {made} paise, the fills {real}",
        )
