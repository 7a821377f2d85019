"""Trend following on futures: two averages give the side, efficiency says whether it is a trend or noise."""

from typing import ClassVar

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr, Efficiency, Ema
from common.strategies.parameters import TrendParameters
from common.trading.strategy import AnyParameters, Enter, Exit, Signal, Strategy, View, rupees


class Trend(Strategy):
    """Enters once a crossing, on the first bar on which the move is efficient; exits when the averages cross back.

    Needs `slow` bars of the day before it signals. Volume is never looked at: a derived forward has none.
    An entry whose bar is also an exit's bar is given up: one bar gives one signal.
    """

    __slots__ = ("_atr", "_efficiency", "_fast", "_seen", "_side", "_slow", "_spent", "parameters")

    name: ClassVar[str] = "trend"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.FUTURES})
    Parameters: ClassVar[type[AnyParameters]] = TrendParameters

    def __init__(self, parameters: TrendParameters) -> None:
        self.parameters = parameters
        self._fast = Ema(parameters.fast)
        self._slow = Ema(parameters.slow)
        self._efficiency = Efficiency(parameters.efficiency_period)
        self._atr = Atr(parameters.atr_period)
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day, so that an overnight gap is no trend."""
        self._fast.reset()
        self._slow.reset()
        self._efficiency.reset()
        self._atr.reset()
        self._seen = 0
        self._side = 0
        self._spent = False

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """Exit before entry; at most one entry from one crossing to the next."""
        started = self._update(bar)
        side, quantity = self._side, view.quantity
        if quantity * side < 0:
            return Exit("averages crossed " + ("up" if side > 0 else "down"))
        if not started or quantity or (side < 0 and self.parameters.direction == "long"):
            return None
        return self._enter(side, bar.close)

    def _update(self, bar: Bar) -> bool:
        """Take the bar; whether a trend starts with it: a side, not yet spent, with an efficient move its way."""
        close = bar.close
        fast, slow = self._fast.update(close), self._slow.update(close)
        efficiency = self._efficiency.update(close)
        self._atr.update(bar.high, bar.low, close)
        if self._seen < self.parameters.slow:
            self._seen += 1
            return False
        side = (fast > slow) - (fast < slow)
        if side != self._side:
            self._side = side
            self._spent = False
        if not side or self._spent or side * efficiency < self.parameters.min_efficiency:
            return False
        self._spent = True
        return True

    def _enter(self, side: int, close: int) -> Enter | None:
        """None while the ATR is not known or is nothing."""
        parameters, atr, efficiency = self.parameters, self._atr.value, self._efficiency.value
        if not atr:
            return None
        numbers = {
            "close": rupees(close), "fast": rupees(self._fast.value), "slow": rupees(self._slow.value),
            "atr": rupees(atr), "efficiency": round(efficiency, 3),
        }
        reason = f"{'up' if side > 0 else 'down'}trend: averages crossed and the move is efficient"
        stop = max(atr * parameters.stop_atr, close * parameters.min_stop_percent / 100)
        return Enter(side, stop, stop * parameters.target_risk, reason, numbers)
