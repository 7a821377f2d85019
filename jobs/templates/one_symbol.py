"""my_strategy: say in one sentence what it bets on. This one: above the day's average price, and rising."""

from typing import ClassVar

from pydantic import Field

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr, Ema, SessionVwap
from common.trading.strategy import AnyParameters, Enter, Exit, Parameters, Signal, Strategy, View, rupees


class MyStrategyParameters(Parameters):
    """fast: bars of the average. stop_atr: multiple of the ATR, at least min_stop_percent of the price.
    target_risk: multiple of the stop's distance, 0 for none.
    """

    fast: int = Field(default=20, ge=2, le=200)
    atr_period: int = Field(default=30, ge=2, le=100)
    stop_atr: float = Field(default=6.0, ge=0.1, le=100)
    min_stop_percent: float = Field(default=0.5, ge=0.05, le=10)
    target_risk: float = Field(default=2.0, ge=0, le=20)


class MyStrategy(Strategy):
    """One entry from one crossing to the next: the market crosses, whether or not we are in."""

    __slots__ = ("_atr", "_fast", "_side", "_vwap", "parameters")

    name: ClassVar[str] = "my_strategy"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK})
    Parameters: ClassVar[type[AnyParameters]] = MyStrategyParameters

    def __init__(self, parameters: MyStrategyParameters) -> None:
        self.parameters = parameters
        self._atr = Atr(parameters.atr_period)
        self._fast = Ema(parameters.fast)
        self._vwap = SessionVwap()
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._atr.reset()
        self._fast.reset()
        self._vwap.reset()
        self._side = 0

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """First the market's part (the state, whatever is held), then the position's (the signal)."""
        atr = self._atr.update(bar.high, bar.low, bar.close)
        fast = self._fast.update(bar.close)
        vwap = self._vwap.update(bar)
        before = self._side
        if atr and vwap:
            self._side = 1 if fast > vwap + atr else -1 if fast < vwap - atr else before
        if view.quantity > 0 and self._side < 0:
            return Exit("the average fell below the day's")
        if self._side > 0 and before <= 0 and not view.quantity:
            stop = max(atr * self.parameters.stop_atr, bar.close * self.parameters.min_stop_percent / 100)
            numbers = {"close": rupees(bar.close), "vwap": rupees(vwap), "atr": rupees(atr)}
            return Enter(1, stop, stop * self.parameters.target_risk, "the average rose above the day's", numbers)
        return None
