"""What the slots of one workload's day have in common: orders and their tags, account, policy, rates."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from common.market.instrument import AssetClass
from common.market.money import Paise
from common.trading.charges import ChargeRates
from common.trading.exit_policy import ExitPolicy
from common.trading.messages import Command, CommitIntent, PlaceOrder
from common.trading.orders import Kind, Order, OrderTag, Purpose
from common.trading.risk import Account, Verdict
from common.trading.slot import Slot
from common.trading.trades import Trade

_LETTER: Final = {AssetClass.STOCK: "S", AssetClass.OPTIONS: "O", AssetClass.FUTURES: "F"}


def order_tag(asset_class: AssetClass, day: date, sequence: int) -> OrderTag:
    """The n-th order of a workload's day: derived, so that it is the same wherever the day is worked out again."""
    return OrderTag(f"T{day:%y%m%d}{_LETTER[asset_class]}{sequence:05d}")


class Book:
    """orders: by tag, in the order of their intents. denied: entries denied, by code.

    flattening: why everything is being closed; what is filled from then on is closed too.
    """

    __slots__ = (
        "account", "asset_class", "day", "denied", "flattening", "orders", "policy", "prefix", "rates",
        "sequence", "trades",
    )

    def __init__(self, asset_class: AssetClass, day: date, account: Account, policy: ExitPolicy, rates: ChargeRates):
        self.asset_class = asset_class
        self.account = account
        self.policy = policy
        self.rates = rates
        self.denied: Counter[str] = Counter()
        self.orders: dict[OrderTag, Order] = {}
        self.open_day(day, rates)

    def open_day(self, day: date, rates: ChargeRates) -> None:
        """A new date: numbers begin anew; orders that still work are carried."""
        self.day = day
        self.rates = rates
        self.prefix = order_tag(self.asset_class, day, 0)[:-5]
        self.sequence = 0
        self.orders = {tag: order for tag, order in self.orders.items() if order.working}
        self.trades: list[Trade] = []
        self.flattening = ""
        self.account.open_day()

    def send(
        self, slot: Slot, purpose: Purpose, side: int, quantity: int, kind: Kind, price: Paise, trigger: Paise,
        now: int, verdict: Verdict, out: list[Command], *, strategy: str = "", reason: str = "",
        numbers: Mapping[str, Any] | None = None, stop_distance: Paise = 0, target_distance: Paise = 0,
    ) -> Order:
        """Number a new order and ask for its intent and its placement, in this order."""
        self.sequence += 1
        tag = OrderTag(f"{self.prefix}{self.sequence:05d}")
        order = Order(
            tag, self.sequence, slot.symbol, side, quantity, kind, price, trigger, purpose, now, strategy, reason,
            numbers, stop_distance, target_distance,
        )
        self.orders[tag] = order
        slot.busy = True
        out.append(CommitIntent(order, verdict))
        out.append(PlaceOrder(order))
        return order
