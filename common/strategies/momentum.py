"""Intraday momentum: a stock that has moved far, on more volume than usual, goes on for a while; then it is time."""

from typing import ClassVar, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr, Ema, Momentum
from common.strategies.parameters import MomentumParameters
from common.trading.strategy import AnyParameters, Enter, Exit, Signal, Strategy, View, rupees

_RECENT_BARS: Final = 5


class IntradayMomentum(Strategy):
    """Enters on the first bar of a move that volume confirms; a move lasts until half of what it needed is gone.

    Ends by stop, target, `hold_minutes` after its side was last confirmed, or the day's own time, whichever is first.
    """

    __slots__ = ("_atr", "_confirmed", "_first", "_momentum", "_recent", "_usual", "_zone", "parameters")

    name: ClassVar[str] = "momentum"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK})
    Parameters: ClassVar[type[AnyParameters]] = MomentumParameters

    def __init__(self, parameters: MomentumParameters) -> None:
        self.parameters = parameters
        self._atr = Atr(parameters.atr_period)
        self._momentum = Momentum(parameters.momentum_minutes)
        self._recent = Ema(_RECENT_BARS)
        self._usual = Ema(parameters.volume_period)
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._atr.reset()
        self._momentum.reset()
        self._recent.reset()
        self._usual.reset()
        self._first = 0
        self._zone = 0
        self._confirmed = {1: 0, -1: 0}

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """Exit before entry; an entry only on the bar on which a confirmed move begins."""
        if not self._first:
            self._first = bar.ts
        side = self._update(bar)
        minute, quantity = (bar.ts - self._first) // NANOSECONDS_A_MINUTE, view.quantity
        if quantity:
            return self._leave(1 if quantity > 0 else -1, minute, bar.ts)
        parameters = self.parameters
        if not side or (side < 0 and parameters.direction == "long"):
            return None
        return self._enter(side, bar) if parameters.start_minutes <= minute <= parameters.last_minutes else None

    def _update(self, bar: Bar) -> int:
        """Take the bar; +1 or -1 if a confirmed move begins with it, else 0."""
        usual = self._usual.value
        recent = self._recent.update(bar.volume)
        self._usual.update(bar.volume)
        momentum = self._momentum.update(bar.ts, bar.close)
        needed = self.parameters.entry_atr * self._atr.update(bar.high, bar.low, bar.close)
        zone = self._zone if momentum * self._zone > needed / 2 else 0
        busy = bar.volume > 0 and recent >= self.parameters.volume_ratio * usual
        if needed and busy and abs(momentum) >= needed:
            zone = 1 if momentum > 0 else -1
            self._confirmed[zone] = bar.ts
        begins = zone != self._zone
        self._zone = zone
        return zone if begins else 0

    def _leave(self, side: int, minute: int, now: int) -> Exit | None:
        if minute >= self.parameters.exit_minutes:
            return Exit("the day's time for momentum is over")
        if now - self._confirmed[side] >= self.parameters.hold_minutes * NANOSECONDS_A_MINUTE:
            return Exit(f"no confirmed move for {self.parameters.hold_minutes} minutes")
        return None

    def _enter(self, side: int, bar: Bar) -> Enter:
        parameters, atr = self.parameters, self._atr.value
        numbers = {
            "close": rupees(bar.close), "move": rupees(self._momentum.value), "atr": rupees(atr),
            "volume": round(self._recent.value, 1), "usual_volume": round(self._usual.value, 1),
        }
        stop = max(atr * parameters.stop_atr, bar.close * parameters.min_stop_percent / 100)
        reason = f"{'rose' if side > 0 else 'fell'} far in {parameters.momentum_minutes} minutes, on volume"
        return Enter(side, stop, stop * parameters.target_risk, reason, numbers)
