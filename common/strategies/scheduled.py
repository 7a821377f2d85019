"""A strategy that is asked only on the bars on which it can signal: what a sweep finds for whole columns at once."""

from typing import ClassVar, Final

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.trading.strategy import AnyParameters, Parameters, Signal, Strategy, View

NEVER: Final = 2**62


class Schedule:
    """Bars of one symbol on which a signal may come while flat, long or short: too many, never too few.

    flat, long, short: a byte for each bar, 1 where one may come.
    """

    __slots__ = ("flat", "long", "short")

    def __init__(self, flat: bytes, long: bytes, short: bytes) -> None:
        self.flat = flat
        self.long = long
        self.short = short

    def stand(self, number: int) -> None:
        """Puts the strategy into the state that it has before the bar of that number."""
        raise NotImplementedError

    def due(self, number: int, quantity: int) -> bool:
        """Whether a holder of `quantity` may be answered on the bar of that number."""
        return (self.flat if not quantity else self.long if quantity > 0 else self.short)[number] == 1

    def next(self, number: int, quantity: int) -> int:
        """The first bar at or after `number` on which a holder of `quantity` may be answered; NEVER if none is."""
        flags = self.flat if not quantity else self.long if quantity > 0 else self.short
        found = flags.find(1, number)
        return found if found >= 0 else NEVER


class Scheduled(Strategy):
    """Another strategy on its schedule; what is decided is that one's own code.

    number: of the bar that comes next; who hands out the bars says so.
    """

    __slots__ = ("_schedule", "_strategy", "number")

    name: ClassVar[str] = "scheduled"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset()
    Parameters: ClassVar[type[AnyParameters]] = Parameters

    def __init__(self, parameters: AnyParameters) -> None:  # noqa: ARG002  as every strategy is built
        self._strategy: Strategy | None = None
        self.number = 0

    def follow(self, strategy: Strategy, schedule: Schedule) -> None:
        """Ask `strategy` when `schedule` says so."""
        self._strategy, self._schedule = strategy, schedule

    def start_day(self) -> None:
        """The columns know where days begin."""

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """What the strategy itself says, where it may say something."""
        strategy = self._strategy
        if strategy is None:
            return None
        number, schedule = self.number, self._schedule
        if not schedule.due(number, view.quantity):
            return None
        schedule.stand(number)
        return strategy.on_bar(bar, view)
