"""A strategy that is asked only on the bars on which it can signal: what a sweep finds for whole columns at once."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.trading.strategy import AnyParameters, Parameters, Signal, Strategy, View

NEVER: Final = 2**62


class Spans:
    """Runs of bars by their numbers, in order, each from a start to an end that is not part of it."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, starts: Sequence[int], ends: Sequence[int]) -> None:
        self._starts = starts
        self._ends = ends

    def next(self, number: int) -> int:
        """The first bar of a run at or after `number`; NEVER if there is none."""
        at = bisect_right(self._starts, number)
        if at and number < self._ends[at - 1]:
            return number
        return self._starts[at] if at < len(self._starts) else NEVER


class Schedule:
    """Bars of one symbol, by number, on which a signal may come while flat, long or short: too many, never too few.

    stand: puts the strategy into the state that it has before the bar of that number.
    """

    __slots__ = ("flat", "long", "short", "stand")

    def __init__(self, flat: Spans, long: Spans, short: Spans, stand: Callable[[int], None]) -> None:
        self.flat = flat
        self.long = long
        self.short = short
        self.stand = stand

    def next(self, number: int, quantity: int) -> int:
        """The first bar at or after `number` on which a holder of `quantity` may be answered."""
        if not quantity:
            return self.flat.next(number)
        return (self.long if quantity > 0 else self.short).next(number)


class Scheduled(Strategy):
    """Another strategy on its schedule; what is decided is that one's own code. numbers: of the bars, by their `ts`."""

    __slots__ = ("_numbers", "_schedule", "_strategy")

    name: ClassVar[str] = "scheduled"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset()
    Parameters: ClassVar[type[AnyParameters]] = Parameters

    def __init__(self, parameters: AnyParameters) -> None:  # noqa: ARG002  as every strategy is built
        self._strategy: Strategy | None = None

    def follow(self, strategy: Strategy, schedule: Schedule, numbers: dict[int, int]) -> None:
        """Ask `strategy` when `schedule` says so."""
        self._strategy, self._schedule, self._numbers = strategy, schedule, numbers

    def start_day(self) -> None:
        """The columns know where days begin."""

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """What the strategy itself says, where it may say something."""
        strategy = self._strategy
        if strategy is None:
            return None
        number = self._numbers[bar.ts]
        if self._schedule.next(number, view.quantity) != number:
            return None
        self._schedule.stand(number)
        return strategy.on_bar(bar, view)
