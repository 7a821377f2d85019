"""What the slots of one workload's day have in common: orders and their tags, account, policies, doubts, alarms."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.trading.charges import ChargeRates
from common.trading.doubts import Doubts
from common.trading.exit_policy import ExitPolicy
from common.trading.halts import HaltLevel
from common.trading.limits import Verdict
from common.trading.messages import Command, CommitIntent, Log, PlaceOrder
from common.trading.order_rate import OrderRate
from common.trading.orders import ENTRY, Kind, Order, OrderTag, Purpose
from common.trading.pace import REPLAY, Pace
from common.trading.risk import Account
from common.trading.slot import Slot
from common.trading.trades import Trade

if TYPE_CHECKING:
    from common.trading.baskets import Basket

_PURPOSE: Final = {Purpose.ENTRY: "E", Purpose.EXIT: "X"}
_LETTER: Final = {AssetClass.STOCK: "S", AssetClass.OPTIONS: "O", AssetClass.FUTURES: "F"}
MAX_ALARMS: Final = 64
"""Of one kind for one symbol: said at the 1st, 2nd, 4th ... 64th time, so that it is loud and still bounded."""


def tag_prefix(asset_class: AssetClass, day: date) -> str:
    """How the tags of a workload's day begin; no other order of the account does."""
    year, month, date_ = day.isoformat().split("-")
    return f"T{year[2:]}{month}{date_}{_LETTER[asset_class]}"


def order_tag(asset_class: AssetClass, day: date, sequence: int, purpose: Purpose) -> OrderTag:
    """The n-th order of a workload's day: derived, so that it is the same wherever the day is worked out again.

    It ends in E for an entry and X for an exit: the broker's order book alone tells which is which.
    """
    return OrderTag(f"{tag_prefix(asset_class, day)}{sequence:05d}{_PURPOSE[purpose]}")


def purpose_of(tag: str) -> Purpose:
    """The inverse of `order_tag`, for its purpose."""
    return Purpose.EXIT if tag.endswith("X") else Purpose.ENTRY


class Book:
    """orders: by tag, in the order of their intents. denied: entries denied, by code. counted: fills of the day.

    flattening: why everything is being closed; what is filled from then on is closed too.
    level: halt that the person, the supervisor or the scheduler has set. flat_seconds: of each way out, how long it
    took. heard: orders of which there is news that the ledger has not been told. seen: units filled so far of each
    order that is not ours, by the broker's id.
    """

    __slots__ = (
        "_alarms", "account", "asset_class", "baskets", "counted", "day", "denied", "doubts", "flat_seconds",
        "flattening", "heard", "level", "orders", "pace", "policy", "prefix", "rate", "rates", "seen", "sequence",
        "trades",
    )

    def __init__(
        self, asset_class: AssetClass, day: date, account: Account, policy: ExitPolicy, rates: ChargeRates,
        pace: Pace = REPLAY,
    ) -> None:
        self.asset_class = asset_class
        self.account = account
        self.policy = policy
        self.pace = pace
        self.rates = rates
        limits = account.limits
        self.rate = OrderRate(limits.orders_per_second, limits.exits_per_second, pace.window_seconds)
        self.denied: Counter[str] = Counter()
        self.orders: dict[OrderTag, Order] = {}
        self.doubts = Doubts(pace)
        self.baskets: dict[str, Basket] = {}
        self.level = HaltLevel.RUN
        self.heard: list[Order] = []
        self.open_day(day, rates)

    def open_day(self, day: date, rates: ChargeRates) -> None:
        """A new date: numbers begin anew; orders that still work are carried."""
        self.day = day
        self.rates = rates
        self.prefix = tag_prefix(self.asset_class, day)
        self.sequence = self.counted = 0
        self.orders = {tag: order for tag, order in self.orders.items() if order.working}
        self.trades: list[Trade] = []
        self.flattening = ""
        self.flat_seconds: list[float] = []
        self.seen: dict[str, int] = {}
        self._alarms: Counter[tuple[str, str]] = Counter()
        self.account.open_day()

    def send(
        self, slot: Slot, purpose: Purpose, side: int, quantity: int, kind: Kind, price: Paise, trigger: Paise,
        now: int, verdict: Verdict, out: list[Command], *, strategy: str = "", reason: str = "",
        numbers: Mapping[str, Any] | None = None, stop_distance: Paise = 0, target_distance: Paise = 0,
        trail_distance: Paise = 0, basket: Mapping[str, Any] | None = None,
    ) -> Order:
        """Number a new order and ask for its intent and its placement, in this order."""
        self.sequence += 1
        sequence = self.sequence
        tag = OrderTag(self.prefix + str(sequence).zfill(5) + ("E" if purpose is ENTRY else "X"))
        order = Order(
            tag, sequence, slot.symbol, side, quantity, kind, price, trigger, purpose, now, strategy, reason,
            numbers, stop_distance, target_distance, trail_distance, basket,
        )
        order.after = self.counted
        self.orders[tag] = order
        slot.busy = True
        slot.resting = False
        out.append(CommitIntent(order, verdict))
        out.append(PlaceOrder(order))
        return order

    def alarm(
        self, slot: Slot, kind: str, message: str, now: int, out: list[Command], severity: str = "CRITICAL",
        once: bool = False, **fields: Any,
    ) -> None:
        """Tell a person, ever more rarely: at the 1st, 2nd, 4th, 8th ... time, or only once, whoever restarts."""
        self._alarms[slot.symbol, kind] += 1
        times = self._alarms[slot.symbol, kind]
        if times & (times - 1) == 0 and times <= (1 if once else MAX_ALARMS):
            details = {"symbol": slot.symbol, "kind": kind, "times": times, "quantity": slot.quantity, **fields}
            if once:
                details["once"] = f"{slot.symbol}-{kind}".replace(" ", "-")
            out.append(Log(now, severity, f"{slot.symbol}: {message}", details))

    def flat(self, slot: Slot, now: int) -> None:
        """A way out has come to its end: remember how long it took."""
        self.flat_seconds.append((now - slot.leaving_since) / NANOSECONDS_A_SECOND)
