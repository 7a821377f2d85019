"""Range reversal: while a stock ranges, a turn at the range's edge is traded back to its middle."""

from typing import ClassVar

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Efficiency, Highest, OpeningRange
from common.strategies.parameters import RangeReversalParameters
from common.trading.strategy import AnyParameters, Enter, Exit, Signal, Strategy, View, rupees


class RangeReversal(Strategy):
    """One entry a turn: the close must have been at the edge, and be back inside, on the way to the middle.

    Trades within the day's opening range until a close breaks it, or within that of the bars before each one.
    """

    __slots__ = (
        "_broken", "_edge", "_efficiency", "_first", "_high", "_highs", "_low", "_lows", "_opening", "parameters",
    )

    name: ClassVar[str] = "range_reversal"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK})
    Parameters: ClassVar[type[AnyParameters]] = RangeReversalParameters

    def __init__(self, parameters: RangeReversalParameters) -> None:
        self.parameters = parameters
        self._efficiency = Efficiency(parameters.efficiency_period)
        self._opening = OpeningRange(parameters.range_minutes)
        self._highs = Highest(parameters.range_minutes)
        self._lows = Highest(parameters.range_minutes)
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._efficiency.reset()
        self._opening.reset()
        self._highs.reset()
        self._lows.reset()
        self._first = 0
        self._high = self._low = 0
        self._edge = 0
        self._broken = False

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """Exit before entry. A bar without volume carries an old price: it turns nothing."""
        if not self._first:
            self._first = bar.ts
        side = self._update(bar)
        minute, quantity = (bar.ts - self._first) // NANOSECONDS_A_MINUTE, view.quantity
        if quantity:
            return self._leave(1 if quantity > 0 else -1, bar.close, minute)
        parameters = self.parameters
        if not side or minute > parameters.last_minutes or (side < 0 and parameters.direction == "long"):
            return None
        return self._enter(side, bar.close)

    def _update(self, bar: Bar) -> int:
        """Take the bar; +1 or -1 if it turns up from the low edge or down from the high one, in a ranging market."""
        parameters, close = self.parameters, bar.close
        efficiency = self._efficiency.update(close)
        if not self._range(bar) or not bar.volume:
            return 0
        high, low = self._high, self._low
        width = high - low
        if max(close - high, low - close) * 100 > parameters.break_percent * width:
            self._broken = parameters.range == "opening"
            self._edge = 0
            return 0
        if self._broken or width * 100 < parameters.min_width_percent * close:
            self._edge = 0
            return 0
        inset = width * parameters.edge_percent / 100
        edge = -1 if close <= low + inset else 1 if close >= high - inset else 0
        turned = -self._edge if not edge else 0
        self._edge = edge
        return turned if abs(efficiency) <= parameters.max_efficiency else 0

    def _range(self, bar: Bar) -> bool:
        """Set the range that holds for the bar, made of earlier ones only; whether there is one."""
        if self.parameters.range == "opening":
            if self._opening.update(bar):
                self._high, self._low = self._opening.high, self._opening.low
            return self._high > 0
        highest, lowest, full = self._highs.value, self._lows.value, self._highs.full
        if full and highest is not None and lowest is not None:
            self._high, self._low = highest, -lowest
        if bar.volume:
            self._highs.update(bar.high)
            self._lows.update(-bar.low)
        return full

    def _leave(self, side: int, close: int, minute: int) -> Exit | None:
        if minute >= self.parameters.exit_minutes:
            return Exit("the day's time for reversals is over")
        if self._broken:
            return Exit("the range is broken")
        if self._high and (2 * close - self._high - self._low) * side >= 0:
            return Exit("close is in the middle of the range")
        return None

    def _enter(self, side: int, close: int) -> Enter | None:
        """None where the middle is too near for the risk."""
        parameters, high, low = self.parameters, self._high, self._low
        target = (high + low) / 2 - close if side > 0 else close - (high + low) / 2
        beyond = (high - low) * parameters.buffer_percent / 100
        stop = (close - low if side > 0 else high - close) + beyond
        stop = max(stop, close * parameters.min_stop_percent / 100)
        if target <= 0 or target < parameters.min_reward * stop:
            return None
        numbers = {
            "close": rupees(close), "range_high": rupees(high), "range_low": rupees(low),
            "efficiency": round(self._efficiency.value, 3),
        }
        reason = f"turned {'up from the low' if side > 0 else 'down from the high'} of its range"
        return Enter(side, stop, target, reason, numbers)
