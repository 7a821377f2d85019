"""Session VWAP crossing: with the side that pays up for the day's average price, until price falls back through it."""

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass
from common.strategies.indicators import Atr
from common.trading.strategy import Enter, Exit, Parameters, Signal, View, rupees

_REASONS: Final = {1: "close crossed above the session VWAP", -1: "close crossed below the session VWAP"}


class VwapParameters(Parameters):
    """threshold: share of the VWAP that the close must be beyond it. wait_minutes: no entry on bars that start within
    this time of the day's first bar. stop_atr, target_atr: multiples of the ATR (target 0: none).
    stop_percent: percent of the price; above 0 it is the stop, and no ATR is computed.
    """

    threshold: float = Field(default=0.001, ge=0, le=0.05)
    direction: Literal["long", "both"] = "long"
    wait_minutes: int = Field(default=5, ge=0, le=240)
    atr_period: int = Field(default=14, ge=2, le=100)
    stop_atr: float = Field(default=3.0, ge=0.1, le=1000)
    target_atr: float = Field(default=0.0, ge=0, le=1000)
    stop_percent: float = Field(default=0.0, ge=0, le=90)

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.stop_percent and self.target_atr:
            raise ValueError("target_atr needs the ATR: set stop_percent to 0, or target_atr to 0")
        return self


class Vwap:
    """Enters when the close gets beyond VWAP * (1 +- threshold), exits when it is back on the other side of the VWAP.

    One bar gives one signal: a close that falls through everything exits a long, and a short waits for the next cross.
    No signal before the first trade of the day. `on_bar` is the benchmark's hot path, so it is written out by hand.
    """

    __slots__ = ("_atr", "_entry_from", "_lower", "_turnover", "_upper", "_volume", "_zone", "parameters")

    name: ClassVar[str] = "vwap"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK, AssetClass.FUTURES})
    Parameters: ClassVar[type[Parameters]] = VwapParameters

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
        """Cost: about 0.2 microseconds; no allocation unless there is a signal."""
        close = bar.close
        volume = bar.volume
        if self._atr is not None:
            self._atr.update(bar.high, bar.low, close)
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
                return Exit("close fell below the session VWAP") if close < vwap else None
            return Exit("close rose above the session VWAP") if close > vwap else None
        if zone != self._zone:
            self._zone = zone
            if zone:
                return self._enter(zone, bar, vwap)
        return None

    def _open(self, ts: int, volume: int) -> bool:
        """Start the wait with the day's first bar; whether there is a volume to weigh by."""
        if not self._entry_from:
            self._entry_from = ts + self.parameters.wait_minutes * NANOSECONDS_A_MINUTE
        return volume > 0

    def _enter(self, side: int, bar: Bar, vwap: float) -> Enter | None:
        """None while waiting, and while the ATR is not known or is nothing."""
        if bar.ts < self._entry_from:
            return None
        close, parameters, atr = bar.close, self.parameters, self._atr
        numbers = {"close": rupees(close), "vwap": rupees(vwap)}
        if atr is None:
            return Enter(side, close * parameters.stop_percent / 100, 0.0, _REASONS[side], numbers)
        if not atr.value:
            return None
        numbers["atr"] = rupees(atr.value)
        stop, target = atr.value * parameters.stop_atr, atr.value * parameters.target_atr
        return Enter(side, stop, target, _REASONS[side], numbers)
