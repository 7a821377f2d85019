"""What is really so: positions and working orders by symbol, counted from the exchange's own orders."""

from collections.abc import Collection
from typing import Final

from common.exchange.resting import RestingOrder
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.money import Paise
from common.trading.book import purpose_of
from common.trading.orders import Purpose, Status

RACE: Final = 60 * NANOSECONDS_A_SECOND
"""After others took from our position: so long it may take until we have heard, and withdrawn our exits."""


class Holding:
    """One symbol. ours, theirs: signed filled units of orders with and without our tag. cash: of ours, paise.

    manual: of theirs, what took from our position: signed, it reduces `ours` and is not undone by it. helped: whether
    there ever was such a thing, helped_at: when last; raced: while an exit of ours was under way. cost: paise that was
    paid (or taken) for what is open of ours. live: our orders that may still fill, by key. changed_at: when anything
    last changed. Times: nanoseconds UTC.
    """

    __slots__ = (
        "cash", "changed_at", "cost", "helped", "helped_at", "live", "manual", "option", "ours", "raced", "symbol",
        "theirs", "turnover",
    )

    def __init__(self, symbol: str, *, option: bool) -> None:
        self.symbol = symbol
        self.option = option
        self.ours = 0
        self.theirs = 0
        self.manual = 0
        self.helped = self.raced = False
        self.helped_at = 0
        self.cash: Paise = 0
        self.cost: Paise = 0
        self.turnover: Paise = 0
        self.live: dict[str, RestingOrder] = {}
        self.changed_at = 0

    @property
    def net(self) -> int:
        """What is left of ours after others took from it."""
        return self.ours + self.manual

    @property
    def turned(self) -> bool:
        """Whether an exit of ours and one by hand were on their way together: what is left is nobody's intention."""
        return self.raced or (bool(self.manual) and self.net * self.ours <= 0)

    @property
    def excess(self) -> int:
        """Units that our exits may fill beyond what is left."""
        return max(
            self.left(Purpose.EXIT, side) - max(0, -side * self.net) for side in (1, -1)
        )

    def left(self, purpose: Purpose, side: int) -> int:
        """Units that our live orders of this purpose and side may still fill."""
        return sum(
            order.left for order in self.live.values() if order.side == side and purpose_of(order.tag) is purpose
        )

    @property
    def protected(self) -> int:
        """Units that a stop in TRIGGER PENDING or a working exit stands for, against the position."""
        side = -1 if self.net > 0 else 1
        return sum(
            order.left for order in self.live.values()
            if order.side == side and order.status in _WORKING and purpose_of(order.tag) is Purpose.EXIT
        )


_WORKING = (Status.OPEN, Status.TRIGGER_PENDING)


class Truth:
    """Kept by telling it of every order that changed. before: what the account held before the day, by symbol."""

    def __init__(self, options: Collection[str]) -> None:
        self._options = frozenset(options)
        self.holdings: dict[str, Holding] = {}
        self.before: dict[str, int] = {}
        self.orders = 0
        self.fills = 0
        self._counted: dict[str, int] = {}
        self._against: set[str] = set()

    def of(self, symbol: str) -> Holding:
        """The symbol's holding, made when first asked for."""
        holding = self.holdings.get(symbol)
        if holding is None:
            holding = self.holdings[symbol] = Holding(symbol, option=symbol in self._options)
        return holding

    def busy(self, symbol: str) -> bool:
        """Whether something of ours is open or works there."""
        holding = self.holdings.get(symbol)
        return holding is not None and bool(holding.live or holding.net)

    def take(self, order: RestingOrder, now: int) -> None:
        """The order may have changed: count what is new about it."""
        holding = self.of(order.symbol)
        holding.changed_at = now
        if order.tag:
            if order.working:
                holding.live[order.key] = order
            else:
                holding.live.pop(order.key, None)
            self.orders += order.key not in self._counted
        elif order.key not in self._counted and holding.net * order.side < 0:
            self._against.add(order.key)
        counted = self._counted.get(order.key, 0)
        self._counted[order.key] = len(order.fills)
        for fill in order.fills[counted:]:
            self._fill(holding, order, fill.price, fill.quantity, now)

    def _fill(self, holding: Holding, order: RestingOrder, price: Paise, quantity: int, now: int) -> None:
        signed = order.side * quantity
        if not order.tag:
            before = holding.net
            taken = min(quantity, abs(before)) if before * order.side < 0 else 0
            holding.manual += order.side * taken
            # Sent to close ours, and an exit of ours was faster: each of the two sides counts it otherwise.
            crossed = order.key in self._against and taken < quantity
            if taken or crossed:
                holding.helped, holding.helped_at = True, now
                exits = [one for one in holding.live.values() if one.tag.endswith("X")]
                holding.raced |= any(one.status is not Status.TRIGGER_PENDING or one.coming for one in exits)
            holding.theirs += signed - order.side * taken
            _reduce_cost(holding, before, taken)
            return
        self.fills += 1
        if holding.helped and order.tag.endswith("X") and now - holding.helped_at < RACE:
            holding.raced = True
        before = holding.net
        holding.ours += signed
        holding.cash -= signed * price
        holding.turnover += quantity * price
        closing = min(quantity, abs(before)) if before * order.side < 0 else 0
        _reduce_cost(holding, before, closing)
        holding.cost += (quantity - closing) * price


def _reduce_cost(holding: Holding, before: int, closed: int) -> None:
    if closed:
        holding.cost -= holding.cost * closed // abs(before)
