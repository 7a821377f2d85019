"""When a strategy can signal at all, found for whole columns: its `on_bar` is only asked where it may answer.

A schedule says more bars than there are signals rather than fewer, and puts the strategy into the state that it has
before a bar; what it then decides is its own code. A test holds each against the full replay.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from common.market.bar import NANOSECONDS_A_MINUTE
from common.research.tape import Series
from common.strategies.ema_cross import EmaCross
from common.strategies.scheduled import NEVER, Schedule
from common.strategies.vwap import Vwap
from common.trading.strategy import Strategy


def schedule_of(strategy: Strategy, series: Series) -> Schedule | None:
    """None where the strategy, or this choice of its parameters, has none: then every bar is replayed."""
    find = _FINDERS.get(strategy.name)
    return find(strategy, series) if find is not None else None


def _ema_cross(strategy: Any, series: Series) -> Schedule | None:
    if type(strategy) is not EmaCross:
        return None
    parameters = strategy.parameters
    fast, slow = series.ema(parameters.fast), series.ema(parameters.slow)
    up = fast > slow
    up[: parameters.slow] = True  # while it warms up, as the strategy has it
    return _EmaSchedule(strategy, up.tobytes(), fast.data, slow.data)


class _EmaSchedule(Schedule):
    """up: a byte for each bar, 1 where the fast average is above after it. fast, slow: the averages after it.

    The strategy enters where `up` becomes 1 and leaves where it is 0: nothing else has to be kept for a set.
    """

    __slots__ = ("_fast", "_slow", "_strategy", "_up")

    def __init__(self, strategy: EmaCross, up: bytes, fast: Any, slow: Any) -> None:
        super().__init__(b"", b"", b"")
        self._strategy = strategy
        self._up = up
        self._fast = fast
        self._slow = slow

    def due(self, number: int, quantity: int) -> bool:
        """As `Schedule` has it; a short position is not this strategy's, and never asked about."""
        if quantity:
            return quantity > 0 and self._up[number] == 0
        return self._up[number] == 1 and number > 0 and self._up[number - 1] == 0

    def next(self, number: int, quantity: int) -> int:
        """As `Schedule` has it."""
        if quantity:
            found = self._up.find(0, number) if quantity > 0 else -1
        else:
            found = self._up.find(b"\0\1", number - 1 if number else 0) + 1 or -1
        return found if found >= 0 else NEVER

    def stand(self, number: int) -> None:
        """The averages as they are after the bar before."""
        self._strategy.stand(self._fast[number - 1], self._slow[number - 1], up=self._up[number - 1] == 1)


def _vwap(strategy: Any, series: Series) -> Schedule | None:
    import numpy as np

    if type(strategy) is not Vwap or not strategy.parameters.stop_percent:
        return None
    parameters, close = strategy.parameters, series.close
    turnover, volume = series.turnover(), series.traded()
    with np.errstate(invalid="ignore"):
        vwap = turnover / volume  # nan before the day's first volume: no comparison holds then
    zone = (close > vwap * (1 + parameters.threshold)).astype(np.int8)
    if parameters.direction == "both":
        zone[close < vwap * (1 - parameters.threshold)] = -1
    before = np.concatenate((zone[:1], zone[:-1]))
    before[series.days] = 0
    opened = np.repeat(series.ts[series.days], np.diff([*series.days, len(close)]))
    enters = (zone != before) & (zone != 0) & (series.ts >= opened + parameters.wait_minutes * NANOSECONDS_A_MINUTE)
    signals = (enters.tobytes(), (close < vwap).tobytes(), (close > vwap).tobytes())
    return _VwapSchedule(strategy, signals, (series.ts, opened, before, turnover, volume))


class _VwapSchedule(Schedule):
    """signals: a byte for each bar, while flat, long and short.

    columns: starts of the bars and of their days, the zone before each, turnover and volume after it.
    """

    __slots__ = ("_columns", "_strategy")

    def __init__(self, strategy: Vwap, signals: tuple[bytes, bytes, bytes], columns: tuple[Any, ...]) -> None:
        flat, long, short = signals  # not as `*signals`, which mypyc hands on as one
        super().__init__(flat, long, short)
        self._strategy = strategy
        self._columns = [_values(column) for column in columns]

    def stand(self, number: int) -> None:
        """The day's sums and zone as they are after the bar before, none before the day's first bar."""
        starts, openings, zones, turnovers, volumes = self._columns
        first = openings[number]
        if starts[number] > first:
            self._strategy.stand(turnovers[number - 1], volumes[number - 1], zones[number], first)
        else:
            self._strategy.stand(0.0, 0.0, zones[number], first)


def _values(column: Any) -> Any:
    """A column's memory: a single value out of it costs half of one out of the array."""
    return column.data


_FINDERS: Final[Mapping[str, Callable[[Any, Series], Schedule | None]]] = {"ema_cross": _ema_cross, "vwap": _vwap}
