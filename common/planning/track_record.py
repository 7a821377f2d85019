"""What each strategy would have made lately, day by day after its plan was frozen, shrunk towards nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, variance
from typing import Final, NamedTuple

from common.market.instrument import AssetClass
from common.planning.document import Record
from common.planning.history import Count, Size

MIN_DAYS: Final = 2
FEW_DAYS: Final = 5
"""With fewer graded days than that the results count as missing."""


class StrategyDay(NamedTuple):
    """One strategy in one asset class on one day: net of charges, paise."""

    asset_class: AssetClass
    strategy: str
    net_paise: int


class TrackRecord(Record):
    """Net a day over `days` graded days, paise. shrunken_paise: the mean, cut by how much of it may be chance.

    A day's result is of parameters that were frozen before it: nothing was fitted to the days that are counted.
    """

    asset_class: AssetClass
    strategy: str
    days: Count
    mean_paise: float
    standard_error_paise: Size | None
    shrunken_paise: float


def track_records(results: Iterable[StrategyDay]) -> tuple[TrackRecord, ...]:
    """By asset class and strategy. Towards 0, by the spread of all strategies' means beyond their errors.

    The mean is multiplied by spread / (spread + error squared): where the strategies differ by no more than chance
    would make them (which is usual), what is left is nothing. One strategy alone is held against its own error.
    """
    nets: dict[tuple[AssetClass, str], list[int]] = {}
    for one in results:
        nets.setdefault((one.asset_class, one.strategy), []).append(one.net_paise)
    errors = {key: math.sqrt(variance(own) / len(own)) for key, own in nets.items() if len(own) >= MIN_DAYS}
    spread = _spread({key: fmean(nets[key]) for key in errors}, errors)
    return tuple(_record(key, nets[key], errors.get(key), spread) for key in sorted(nets))


def _record(
    key: tuple[AssetClass, str], own: Sequence[int], error: float | None, spread: float,
) -> TrackRecord:
    kept = spread / (spread + error * error) if error is not None and spread > 0 else 0.0
    mean = fmean(own)
    return TrackRecord(
        asset_class=key[0], strategy=key[1], days=len(own), mean_paise=round(mean, 2),
        standard_error_paise=None if error is None else round(error, 2), shrunken_paise=round(mean * kept, 2),
    )


def _spread(
    means: Mapping[tuple[AssetClass, str], float], errors: Mapping[tuple[AssetClass, str], float],
) -> float:
    """Of the true means around 0, squared paise: what the means show beyond their errors."""
    if not means:
        return 0.0
    return max(0.0, fmean(means[key] ** 2 - errors[key] ** 2 for key in means))
