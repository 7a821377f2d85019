"""The plan of one day of a backtest: one class with the mandate's limits, tightened by the day's lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.contracts import chains_of, contracts_of
from common.planning.limits import full_limits, scaled
from common.planning.mandate import Mandate
from common.planning.notices import shares_out, without_derivatives
from common.planning.plan import ClassPlan, OptionSelection
from common.planning.session_facts import class_times
from common.research.day_lists import DayLists
from common.strategies.registry import build, get

STRIKES_EACH_SIDE: Final = 15
HALF: Final = 0.5
"""Size of stocks on a day on which a list is missing, as in a day's plan."""


class NothingToTest(ValueError):
    """The strategy, the files and the selection leave nothing to trade; the text says what to change."""


class AllExcluded(Exception):
    """The lists of the day rule out every share that was asked for. excluded: why, by symbol."""

    def __init__(self, excluded: Mapping[str, str]) -> None:
        super().__init__(f"the lists rule out {', '.join(excluded)}")
        self.excluded = excluded


@dataclass(frozen=True, slots=True)
class Request:
    """symbols: empty for all that the strategy can trade. first, last: dates, None for the files' own.

    lists: the exchange's, of each day; None where nobody is asked.
    """

    strategy: str
    paths: tuple[Path, ...]
    symbols: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    lists: DayLists | None = None


@dataclass(frozen=True, slots=True)
class DayPlan:
    """excluded: shares that the lists rule out, by symbol with the reason. missing: what no list says."""

    plan: ClassPlan
    excluded: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def plan_day(day: date, request: Request, instruments: Sequence[Instrument], mandate: Mandate) -> DayPlan:
    """Raises NothingToTest, AllExcluded, and NoticeError for a list that is damaged."""
    classes = get(request.strategy).asset_classes
    parameters = dict(request.parameters)
    known = {instrument.symbol: instrument for instrument in instruments}
    missing = [symbol for symbol in request.symbols if symbol not in known]
    if missing:
        raise NothingToTest(f"the files have no {', '.join(missing)} on {day}: `tron data check` lists their symbols")
    if AssetClass.OPTIONS in classes:
        options = _selection(day, request, instruments)
        parameters.setdefault("underlying", options.underlying)
        return _planned(day, request, mandate, AssetClass.OPTIONS, parameters, (options.signal_symbol,), options)
    found = [known[s] for s in request.symbols] or [i for i in instruments if i.asset_class in classes]
    found = [i for i in found if i.asset_class in classes]
    if not found:
        names = " or ".join(sorted(classes))
        raise NothingToTest(f"{request.strategy} trades {names}, and the files have none on {day}")
    asset_class = found[0].asset_class or AssetClass.STOCK
    universe = tuple(i.symbol for i in found if i.asset_class is asset_class)
    if asset_class is AssetClass.STOCK and request.lists is not None:
        return _listed(day, request, mandate, parameters, universe, instruments)
    return _planned(day, request, mandate, asset_class, parameters, universe)


def _listed(
    day: date, request: Request, mandate: Mandate, parameters: Mapping[str, Any], universe: tuple[str, ...],
    instruments: Sequence[Instrument],
) -> DayPlan:
    """Of shares, by the lists of the day: without those ruled out, half where nobody knows."""
    assert request.lists is not None
    notices = request.lists.of(day)
    excluded = shares_out(day, universe, notices, {})
    left = tuple(symbol for symbol in universe if symbol not in excluded)
    if not left:
        raise AllExcluded(excluded)
    long_only, unsaid = without_derivatives(left, instruments, notices)
    return _planned(
        day, request, mandate, AssetClass.STOCK, parameters, left, size=HALF if unsaid else 1.0,
        excluded=excluded, long_only=long_only, missing=unsaid,
    )


def _planned(
    day: date, request: Request, mandate: Mandate, asset_class: AssetClass, parameters: Mapping[str, Any],
    universe: tuple[str, ...], options: OptionSelection | None = None, *, size: float = 1.0,
    excluded: Mapping[str, str] | None = None, long_only: tuple[str, ...] = (), missing: tuple[str, ...] = (),
) -> DayPlan:
    build(request.strategy, parameters)  # says which parameter is wrong before a plan carries it
    banned = request.lists.of(day).banned if request.lists is not None else None
    limits = scaled(full_limits(mandate, class_times(day, asset_class)), asset_class, size)
    plan = ClassPlan(
        asset_class=asset_class, enabled=True, strategy=request.strategy, parameters=dict(parameters),
        universe=universe, options=options, size=size, limits=limits, long_only=long_only, banned=banned,
    )
    return DayPlan(plan, excluded or {}, missing)


def _selection(day: date, request: Request, instruments: Sequence[Instrument]) -> OptionSelection:
    listed = sorted({i.underlying for i in instruments if i.kind in (Kind.CALL, Kind.PUT)})
    asked = request.parameters.get("underlying")
    wanted = listed if asked is None else [name for name in listed if name == asked]
    if asked is not None and not wanted:
        raise NothingToTest(f"the files have options on {', '.join(listed) or 'nothing'} on {day}, not on {asked}")
    contracts = contracts_of(day, instruments, wanted)
    chains = [
        chain for chain in chains_of(day, instruments, contracts, wanted)
        if chain.signal_symbol and (not request.symbols or chain.signal_symbol in request.symbols)
    ]
    if not chains:
        raise NothingToTest(
            f"{request.strategy} needs an option chain and its future, forward or index on {day}: "
            "give both files with --bars"
        )
    chain = min(chains, key=lambda one: one.expiry)
    return OptionSelection(
        underlying=chain.underlying, signal_symbol=chain.signal_symbol, expiry=chain.expiry,
        strikes_each_side=STRIKES_EACH_SIDE,
    )
