"""Session VWAP: with the side that pays up for the day's average price, or against a stretch that has turned."""

from typing import ClassVar, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr
from common.strategies.parameters import VwapParameters
from common.trading.strategy import AnyParameters, Enter, Exit, Signal, Strategy, View, rupees

_REASONS: Final = {1: "close crossed above the session VWAP", -1: "close crossed below the session VWAP"}
_EXITS: Final = {1: "close fell below the session VWAP", -1: "close rose above the session VWAP"}
_TURNS: Final = {1: "a stretch below the session VWAP has turned", -1: "a stretch above the session VWAP has turned"}
_TURNED: Final = 0.85
"""Of the band: a stretch is over, and has turned, when the close is nearer to the VWAP than this."""


class Vwap(Strategy):
    """Enters when the close gets beyond the band around the VWAP, exits when it is back through the VWAP.

    With ATRs the band has room on both sides: a side that was taken is left only `exit_atr` beyond the VWAP, and only
    then may the next crossing come, so a price that hovers around its average is left alone. With a percentage as the
    stop both are the bare threshold and VWAP: the benchmark's hot path, written out by hand. Fading, it enters the
    other way when the close is well back within the band, and leaves at the VWAP.
    One bar gives one signal: a close that falls through everything exits a long, and a short waits for the next cross.
    No signal before the first trade of the day.
    """

    __slots__ = ("_atr", "_entry_from", "_lower", "_turnover", "_upper", "_volume", "_zone", "parameters")

    name: ClassVar[str] = "vwap"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK, AssetClass.FUTURES})
    Parameters: ClassVar[type[AnyParameters]] = VwapParameters

    def __init__(self, parameters: VwapParameters) -> None:
        self.parameters = parameters
        self._upper = 1 + parameters.threshold
        self._lower = 1 - parameters.threshold if parameters.direction == "both" else 0.0
        self._atr = None if parameters.stop_percent else Atr(parameters.atr_period)
        self.start_day()

    def start_day(self) -> None:
        """VWAP, ATR and crossing start anew."""
        self._turnover = 0.0
        self._volume = 0.0
        self._zone = 0
        self._entry_from = 0
        if self._atr is not None:
            self._atr.reset()

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """Cost: about 0.2 microseconds with a percentage as the stop; no allocation unless there is a signal."""
        if self._atr is not None:
            return self._on_bar_with_room(bar, view.quantity, self._atr)
        close = bar.close
        volume = bar.volume
        total = self._volume
        if not total and not self._open(bar.ts, volume):
            return None
        self._volume = total = total + volume
        self._turnover = turnover = self._turnover + (bar.high + bar.low + close) / 3 * volume
        vwap = turnover / total
        if close > vwap:
            zone = 1 if close > vwap * self._upper else 0
        elif close < vwap * self._lower:
            zone = -1
        else:
            zone = 0
        quantity = view.quantity
        if quantity:
            self._zone = zone
            if quantity > 0:
                return Exit(_EXITS[1]) if close < vwap else None
            return Exit(_EXITS[-1]) if close > vwap else None
        if zone != self._zone:
            self._zone = zone
            if zone:
                return self._enter(zone, bar, vwap, 0.0)
        return None

    def stand(self, turnover: float, volume: float, zone: int, opened: int) -> None:
        """As after the bar that left these sums and this zone, on a day whose first bar began at `opened` (ns UTC).

        A sweep computes them once for many sets; without ATRs only.
        """
        self._turnover, self._volume, self._zone = turnover, volume, zone
        self._entry_from = opened + self.parameters.wait_minutes * NANOSECONDS_A_MINUTE

    def _on_bar_with_room(self, bar: Bar, quantity: int, average: Atr) -> Signal | None:
        """The same with distances in ATRs, and with crossings that keep their side until it is left for good."""
        atr = average.update(bar.high, bar.low, bar.close)
        if not self._volume and not self._open(bar.ts, bar.volume):
            return None
        self._volume += bar.volume
        self._turnover += (bar.high + bar.low + bar.close) / 3 * bar.volume
        vwap = self._turnover / self._volume
        away = bar.close - vwap
        before, self._zone = self._zone, self._side(away, vwap, atr)
        fading = self.parameters.style == "fade"
        if quantity:
            return self._leave(1 if quantity > 0 else -1, away, atr, fading=fading)
        side = -before if fading else self._zone
        wanted = side and self._zone != before and (side > 0 or self.parameters.direction == "both")
        return self._enter(side, bar, vwap, atr) if wanted else None

    def _side(self, away: float, vwap: float, atr: float) -> int:
        """+1 or -1: the side of the VWAP that the market has taken and not left since; else 0, and without an ATR."""
        parameters = self.parameters
        if not atr:
            return 0
        band = max(vwap * parameters.threshold, parameters.entry_atr * atr)
        if abs(away) > band:
            return 1 if away > 0 else -1
        least = _TURNED * band if parameters.style == "fade" else -parameters.exit_atr * atr
        return 0 if away * self._zone < least else self._zone

    def _leave(self, side: int, away: float, atr: float, *, fading: bool) -> Exit | None:
        if fading:
            return Exit("close is back at the session VWAP") if away * side >= 0 else None
        return Exit(_EXITS[side]) if away * side < -self.parameters.exit_atr * atr else None

    def _open(self, ts: int, volume: int) -> bool:
        """Start the wait with the day's first bar; whether there is a volume to weigh by."""
        if not self._entry_from:
            self._entry_from = ts + self.parameters.wait_minutes * NANOSECONDS_A_MINUTE
        return volume > 0

    def _enter(self, side: int, bar: Bar, vwap: float, atr: float) -> Enter | None:
        """None while waiting."""
        if bar.ts < self._entry_from:
            return None
        close, parameters = bar.close, self.parameters
        numbers = {"close": rupees(close), "vwap": rupees(vwap)}
        stop = close * parameters.stop_percent / 100
        if not stop:
            numbers["atr"] = rupees(atr)
            stop = max(atr * parameters.stop_atr, close * parameters.min_stop_percent / 100)
        reason = (_TURNS if parameters.style == "fade" else _REASONS)[side]
        return Enter(side, stop, stop * parameters.target_risk, reason, numbers)
