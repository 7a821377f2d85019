"""Why the rules planned as they did: what they considered for each class, with the numbers, and why not the others."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from common.market.instrument import AssetClass
from common.planning.contracts import CASH_SETTLED
from common.planning.document import Record
from common.planning.evidence import Evidence
from common.planning.mandate import ClassMandate, Mandate
from common.planning.plan import ClassPlan, Plan
from common.planning.rule_planner import PREFERENCES
from common.strategies import registry

MOST_SYMBOLS: Final = 10
"""Of those that were left out, the next in line first."""


class Considered(Record):
    """One thing that a plan could have had. kind: strategy, symbol or expiry. numbers: by their paths."""

    asset_class: AssetClass
    kind: Annotated[str, Field(pattern="strategy|symbol|expiry")]
    name: str
    chosen: bool
    why: str
    numbers: dict[str, float] = Field(default_factory=dict)


def considered(plan: Plan, evidence: Evidence, mandate: Mandate) -> list[Considered]:
    """Of each enabled class of the mandate: its strategies, then symbols or expiries, what was chosen first."""
    found = list[Considered]()
    for asset_class in mandate.enabled:
        own, limits = plan.of(asset_class), mandate.of(asset_class)
        if own is None:
            continue
        found += sorted(_strategies(own, evidence, limits), key=_place)
        if asset_class is AssetClass.OPTIONS:
            found += sorted(_expiries(own, evidence, mandate), key=_place)
        else:
            found += sorted(_symbols(own, evidence, limits), key=_place)
    return found


def _place(one: Considered) -> bool:
    return not one.chosen


def _strategies(own: ClassPlan, evidence: Evidence, limits: ClassMandate) -> Iterator[Considered]:
    regime = evidence.regime.name
    registered = registry.names(own.asset_class)
    usable = [name for name in limits.strategies if name in registered]
    liked = [name for name in PREFERENCES[regime] if name in usable]
    for name in limits.strategies:
        chosen = own.enabled and name == own.strategy
        if name not in usable:
            why = f"is not registered for {own.asset_class}"
        elif not own.enabled:
            why = "the class is not traded"
        elif chosen:
            why = f"the rules take it in a {regime} market" if name in liked else "first of the mandate's order"
        elif name in liked:
            why = f"suits a {regime} market too, after {own.strategy}"
        else:
            why = f"is not what the rules take in a {regime} market"
            why += "" if liked else ", and comes later in the mandate's order"
        yield _one(own, "strategy", name, chosen, why, _about(evidence, name))


def _symbols(own: ClassPlan, evidence: Evidence, limits: ClassMandate) -> Iterator[Considered]:
    most = own.limits.max_order_value_paise if own.limits else 0
    stock = own.asset_class is AssetClass.STOCK
    names = list(evidence.stocks) if stock else [one.symbol for one in evidence.futures]
    underlying = {one.symbol: one.underlying for one in evidence.futures}
    names.sort(key=lambda name: -evidence.features(name).liveliness)
    left = 0
    for name in [*own.universe, *(name for name in names if name not in own.universe)]:
        chosen = name in own.universe
        left += not chosen
        if left > MOST_SYMBOLS:
            return
        features = evidence.features(name)
        if chosen:
            why = "among the liveliest that are admitted" if stock else "the nearest that may be traded"
        elif not limits.admits(name, underlying.get(name, name)):
            why = "the mandate does not admit it"
        elif not stock and underlying[name] not in CASH_SETTLED:
            why = "settles in shares"
        elif not features.sessions:
            why = "has no history"
        elif stock and most and (features.previous_close_paise or 0) > most:
            why = "one share costs more than an order may be worth"
        else:
            why = f"less lively than the {limits.max_symbols} taken" if stock else "another contract is taken"
        yield _one(own, "symbol", name, chosen, why, _of(evidence, f"symbols.{name}.", SYMBOL_KEYS))
    for name, why in list(evidence.excluded.items())[:MOST_SYMBOLS] if stock else ():
        yield _one(own, "symbol", name, False, why, {})


SYMBOL_KEYS: Final = ("median_turnover_paise", "range_percent", "previous_close_paise")
CHAIN_KEYS: Final = ("days_to_expiry", "calls", "puts", "lot")


def _expiries(own: ClassPlan, evidence: Evidence, mandate: Mandate) -> Iterator[Considered]:
    limits = mandate.options
    taken = (own.options.underlying, own.options.expiry) if own.options else None
    for chain in evidence.chains[: MOST_SYMBOLS * 2]:
        chosen = (chain.underlying, chain.expiry) == taken
        if chosen:
            why = f"the {limits.expiry} expiry that is far enough"
        elif not limits.admits(chain.underlying) or chain.underlying not in CASH_SETTLED:
            why = "the mandate does not admit it, or it settles in shares"
        elif not chain.complete:
            why = "lacks calls, puts or something to drive it"
        elif chain.days_to_expiry < limits.min_days_to_expiry:
            why = f"nearer than {limits.min_days_to_expiry} days"
        else:
            why = f"is not the {limits.expiry} one"
        name = f"{chain.underlying} {chain.expiry}"
        numbers = _of(evidence, f"chains.{chain.underlying}.{chain.expiry}.", CHAIN_KEYS)
        yield _one(own, "expiry", name, chosen, why, numbers)


def _one(own: ClassPlan, kind: str, name: str, chosen: bool, why: str, numbers: dict[str, float]) -> Considered:
    return Considered(asset_class=own.asset_class, kind=kind, name=name, chosen=chosen, why=why, numbers=numbers)


def _of(evidence: Evidence, prefix: str, keys: tuple[str, ...]) -> dict[str, float]:
    return {prefix + key: evidence.numbers[prefix + key] for key in keys if prefix + key in evidence.numbers}


def _about(evidence: Evidence, strategy: str) -> dict[str, float]:
    """What the evidence says of the strategy itself, such as its results."""
    return {path: value for path, value in evidence.numbers.items() if f".{strategy}." in f".{path}."}


def explained(plan: Plan, evidence: Evidence, mandate: Mandate) -> list[dict[str, Any]]:
    """As JSON values."""
    return [one.to_fields() for one in considered(plan, evidence, mandate)]
