"""Opening range breakout: the first close beyond the day's first minutes, on volume, with a target in units of risk."""

from typing import ClassVar

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr, Ema, OpeningRange
from common.strategies.parameters import OpeningRangeBreakoutParameters
from common.trading.strategy import AnyParameters, Enter, Signal, Strategy, View, rupees


class OpeningRangeBreakout(Strategy):
    """One breakout a side a day: the first close beyond the range whose bar has the volume, traded or not.

    A close beyond the range without the volume is not the breakout; a later one may be. Exits are the stop, the target
    and the square-off: it gives no exit signals.
    """

    __slots__ = ("_atr", "_broken_down", "_broken_up", "_range", "_volume", "parameters")

    name: ClassVar[str] = "opening_range_breakout"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK})
    Parameters: ClassVar[type[AnyParameters]] = OpeningRangeBreakoutParameters

    def __init__(self, parameters: OpeningRangeBreakoutParameters) -> None:
        self.parameters = parameters
        self._range = OpeningRange(parameters.range_minutes)
        self._volume = Ema(parameters.volume_period)
        self._atr = Atr(parameters.atr_period)
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._range.reset()
        self._volume.reset()
        self._atr.reset()
        self._broken_up = False
        self._broken_down = self.parameters.direction == "long"

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """A signal at most once a side a day."""
        self._atr.update(bar.high, bar.low, bar.close)
        usual = self._volume.value
        self._volume.update(bar.volume)
        if not self._range.update(bar) or (self._broken_up and self._broken_down):
            return None
        side = self._breakout(bar, usual)
        if not side or view.quantity:
            return None
        return self._enter(side, bar, usual)

    def _breakout(self, bar: Bar, usual: float) -> int:
        """+1 or -1 on the side's first breakout, else 0."""
        high, low = self._range.high, self._range.low
        if not high or not bar.volume or bar.volume < self.parameters.volume_ratio * usual:
            return 0
        if bar.close > high and not self._broken_up:
            self._broken_up = True
            return 1
        if bar.close < low and not self._broken_down:
            self._broken_down = True
            return -1
        return 0

    def _enter(self, side: int, bar: Bar, usual: float) -> Enter | None:
        """None where the stop is to be measured in ATRs and there is no ATR yet."""
        close, parameters, high, low = bar.close, self.parameters, self._range.high, self._range.low
        if parameters.stop_atr:
            if not self._atr.value:
                return None
            wanted = parameters.stop_atr * self._atr.value
        else:
            wanted = float(close - low if side > 0 else high - close)
        least, most = close * parameters.min_stop_percent / 100, close * parameters.max_stop_percent / 100
        stop = min(max(wanted, least), most)
        numbers = {
            "close": rupees(close), "range_high": rupees(high), "range_low": rupees(low),
            "volume": float(bar.volume), "usual_volume": round(usual, 1),
        }
        reason = f"close {'above' if side > 0 else 'below'} the first {parameters.range_minutes} minutes on volume"
        return Enter(side, stop, stop * parameters.target_risk, reason, numbers)
