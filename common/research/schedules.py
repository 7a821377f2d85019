"""When a strategy can signal at all, found for whole columns: its `on_bar` is only asked where it may answer.

A schedule says more bars than there are signals rather than fewer, and puts the strategy into the state that it has
before a bar; what it then decides is its own code. A test holds each against the full replay.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from common.market.bar import NANOSECONDS_A_MINUTE
from common.research.tape import Series
from common.strategies.ema_cross import EmaCross
from common.strategies.scheduled import Schedule, Spans
from common.strategies.vwap import Vwap
from common.trading.strategy import Strategy

if TYPE_CHECKING:
    from common.research.tape import Flags


def schedule_of(strategy: Strategy, series: Series) -> Schedule | None:
    """None where the strategy, or this choice of its parameters, has none: then every bar is replayed."""
    find = _FINDERS.get(strategy.name)
    return find(strategy, series) if find is not None else None


def _ema_cross(strategy: Any, series: Series) -> Schedule | None:
    import numpy as np

    if type(strategy) is not EmaCross:
        return None
    parameters = strategy.parameters
    fast, slow = series.ema(parameters.fast), series.ema(parameters.slow)
    up = fast > slow
    up[: parameters.slow] = True  # while it warms up, as the strategy has it
    before = np.concatenate(([True], up[:-1]))

    def stand(number: int) -> None:
        strategy.stand(float(fast[number - 1]), float(slow[number - 1]), up=bool(before[number]))

    return Schedule(_spans(up & ~before), _spans(~up), _spans(np.zeros_like(up)), stand)


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

    def stand(number: int) -> None:
        done, first = number - 1, int(opened[number])
        begun = (float(turnover[done]), float(volume[done])) if series.ts[number] > first else (0.0, 0.0)
        strategy.stand(*begun, int(before[number]), first)

    return Schedule(_spans(enters), _spans(close < vwap), _spans(close > vwap), stand)


def _spans(where: "Flags") -> Spans:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([False], where, [False]))))
    return Spans(edges[::2].tolist(), edges[1::2].tolist())


_FINDERS: Final[Mapping[str, Callable[[Any, Series], Schedule | None]]] = {"ema_cross": _ema_cross, "vwap": _vwap}
