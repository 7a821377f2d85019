"""Example plug-in: buys a stock stretched far below its session VWAP and sells when the price is back at it."""

from typing import ClassVar

from pydantic import Field

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr, SessionVwap
from common.trading.strategy import Enter, Exit, Parameters, Signal, Strategy, View, rupees


class VwapReversionParameters(Parameters):
    """stretch_atr: how many ATRs below the VWAP the close must be. stop_atr: multiple of the ATR."""

    stretch_atr: float = Field(default=4.0, ge=1, le=20)
    atr_period: int = Field(default=14, ge=2, le=100)
    stop_atr: float = Field(default=3.0, ge=0.5, le=20)


class VwapReversion(Strategy):
    """One entry a stretch: the price must be back at the VWAP before the next one counts."""

    __slots__ = ("_atr", "_stretched", "_vwap", "parameters")

    name: ClassVar[str] = "vwap_reversion"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK})
    Parameters: ClassVar[type[Parameters]] = VwapReversionParameters

    def __init__(self, parameters: VwapReversionParameters) -> None:
        self.parameters = parameters
        self._atr = Atr(parameters.atr_period)
        self._vwap = SessionVwap()
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._atr.reset()
        self._vwap.reset()
        self._stretched = False

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """First the market's part (the state), then the position's (the signal)."""
        atr = self._atr.update(bar.high, bar.low, bar.close)
        vwap = self._vwap.update(bar)
        if not atr or not vwap:
            return None
        begins = not self._stretched and bar.close < vwap - self.parameters.stretch_atr * atr
        back = bar.close >= vwap
        self._stretched = not back and (begins or self._stretched)
        if back and view.quantity > 0:
            return Exit("price is back at the session VWAP")
        if begins and not view.quantity:
            numbers = {"close": rupees(bar.close), "vwap": rupees(vwap), "atr": rupees(atr)}
            reason = "stretched below the session VWAP"
            return Enter(1, atr * self.parameters.stop_atr, vwap - bar.close, reason, numbers)
        return None
