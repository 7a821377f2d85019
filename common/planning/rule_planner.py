"""The rule planner: one plan from one evidence and mandate, each choice explained by the evidence's numbers."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from common.market.instrument import AssetClass
from common.planning.evidence import Evidence
from common.planning.gate import MARKET
from common.planning.limits import full_limits, scaled
from common.planning.mandate import Mandate
from common.planning.plan import MAX_TEXT, ClassPlan, OpeningLimits, Plan, PlannerRecord, Reason
from common.planning.regime import RegimeName
from common.planning.structures import planned_structure
from common.planning.universe import choose, cite
from common.strategies import registry

HALF: Final = 0.5
MAX_MISSING: Final = 10

PREFERENCES: Final[Mapping[RegimeName, tuple[str, ...]]] = {
    "trend": ("opening_range_breakout", "trend"),
    "volatile": ("opening_range_breakout", "trend"),
    "range": ("vwap", "iron_fly"),
    "unknown": ("vwap",),
}
"""First of these that the mandate allows for the class; otherwise the first of the mandate's own order."""

_FADE: Final[Mapping[str, float | str]] = {
    "style": "fade", "direction": "both", "entry_atr": 8.0, "stop_atr": 5.0, "min_stop_percent": 0.4,
}
"""Most sessions are no trend (seven of ten of NIFTY 50's in the first half of 2024 had an efficiency below 0.30), so
also where nothing is known.
"""

ADJUSTMENTS: Final[Mapping[tuple[str, RegimeName], Mapping[str, float | str]]] = {
    ("opening_range_breakout", "trend"): {"target_risk": 3.0},
    ("opening_range_breakout", "volatile"): {"volume_ratio": 2.0},
    ("opening_range_breakout", "range"): {"volume_ratio": 2.0, "target_risk": 1.5},
    ("vwap", "range"): _FADE,
    ("vwap", "unknown"): _FADE,
    ("vwap", "volatile"): {"entry_atr": 4.0, "stop_atr": 8.0},
    ("trend", "trend"): {"target_risk": 3.0},
    ("trend", "volatile"): {"min_efficiency": 0.4},
    ("trend", "range"): {"target_risk": 1.5},
    ("scalp", "volatile"): {"entry_atr": 6.0},
    ("scalp", "range"): {"entry_atr": 5.5, "target_percent": 30.0},
}
"""What differs from a strategy's defaults: volatile days need room and proof; in ranges a stretch comes back, and
targets are modest.
"""

REGIME_TEXTS: Final[Mapping[RegimeName, str]] = {
    "trend": "moves went through: the recent sessions were efficient",
    "range": "moves came back: the recent sessions were no more efficient than chance",
    "volatile": "the last session moved far more than usual",
    "unknown": "too few sessions to say what kind of market it is",
}


def plan_by_rules(evidence: Evidence, mandate: Mandate, fallback_reason: str = "", refusal: str = "") -> Plan:
    """Live only behind a green gate, and then a DRAFT until the person approves; REJECTED when nothing may be traded.

    fallback_reason: why a model's plan was not used. refusal: why the day may not be traded, beyond what the evidence
    says. Raises ValueError when the evidence is of another mandate.
    """
    if evidence.mandate_hash != mandate.hash:
        raise ValueError(
            f"evidence of {evidence.date} was made for mandate {evidence.mandate_hash[:12]}, not {mandate.hash[:12]}: "
            "prepare the day again after changing the mandate"
        )
    refusal = refusal or refusal_of(evidence, mandate)
    classes = tuple(_off(a, refusal) if refusal else class_plan(a, evidence, mandate) for a in AssetClass)
    mode = mandate.mode if evidence.gate.verdict == "green" else "paper"
    trading = any(one.enabled for one in classes)
    return Plan(
        date=evidence.date, mode=mode, classes=classes, evidence_hash=evidence.hash, mandate_hash=mandate.hash,
        status="REJECTED" if not trading else "DRAFT" if mode == "live" else "READY",
        opening=OpeningLimits(
            max_symbol_gap_percent=mandate.opening.max_symbol_gap_percent,
            halve_at_index_gap_percent=mandate.opening.halve_at_index_gap_percent,
            index_symbol=_index(evidence),
        ),
        reasons=_reasons(evidence, mandate, refusal, trading), sentiment=evidence.around.sentiment,
        planner=PlannerRecord(kind="rules", input_hash=evidence.hash, fallback_reason=fallback_reason),
    )


def refusal_of(evidence: Evidence, mandate: Mandate) -> str:
    """Why the day may not be traded at all, or ''."""
    if evidence.gate.verdict == "red":
        return "the gate is red: " + "; ".join(r.text for r in evidence.gate.reasons if r.verdict == "red")
    if not evidence.session.trades_by_default and not mandate.trade_special_sessions:
        return "a special session, and the mandate does not trade those"
    return ""


def careful(evidence: Evidence, asset_class: AssetClass) -> str:
    """Why an asset class trades at half size today, or ''."""
    if evidence.is_missing(asset_class):
        return "something about it is missing in the evidence"
    if evidence.regime.name == "volatile":
        return "the market is volatile"
    if evidence.around.news.is_silent:
        return "feeds of headlines are set, and none has answered"
    return "" if evidence.session.kind == "normal" else "the session is a special one"


def _index(evidence: Evidence) -> str:
    """Whose gap at the opening is the market's: what the regime was read from, else an index of today, else ''."""
    basis = evidence.regime.basis
    if evidence.features(basis).sessions:
        return basis
    return evidence.indices[0] if evidence.indices else ""


def class_plan(asset_class: AssetClass, evidence: Evidence, mandate: Mandate, alone: str = "") -> ClassPlan:
    """One asset class by the rules. alone: a strategy to take at its defaults, in the place of the rules' choice."""
    own = mandate.of(asset_class)
    if not own.enabled:
        return _off(asset_class, "the mandate does not enable it")
    caution = careful(evidence, asset_class)
    size = HALF if caution else 1.0
    limits = scaled(full_limits(mandate, evidence.session.times_of(asset_class)), asset_class, size)
    if not limits.entry_from < limits.entry_cutoff <= limits.square_off:
        return _off(asset_class, "the session and the mandate together leave no time to enter")
    strategy = alone or _strategy(asset_class, evidence.regime.name, own.strategies)
    if not strategy:
        return _off(asset_class, f"none of the mandate's strategies is registered for it: {', '.join(own.strategies)}")
    choice = choose(asset_class, evidence, mandate, limits)
    if not choice.universe:
        return ClassPlan(asset_class=asset_class, enabled=False, reasons=choice.reasons)
    underlying = choice.options.underlying if choice.options else ""
    parameters = _parameters(strategy, "" if alone else evidence.regime.name, underlying)
    structure = None
    if choice.options is not None:
        structure = planned_structure(strategy, parameters, choice.options, limits, evidence)
    return ClassPlan(
        asset_class=asset_class, enabled=True, strategy=strategy, universe=choice.universe, options=choice.options,
        parameters=parameters, size=size, limits=limits, structure=structure,
        long_only=tuple(symbol for symbol in choice.universe if symbol in evidence.long_only),
        banned=None if asset_class is AssetClass.STOCK else evidence.banned,
        reasons=(*choice.reasons, *_why(evidence, strategy, alone), *_half(evidence, asset_class, caution)),
    )


def _strategy(asset_class: AssetClass, regime: RegimeName, allowed: tuple[str, ...]) -> str:
    registered = registry.names(asset_class)
    usable = [name for name in allowed if name in registered]
    return next((name for name in PREFERENCES[regime] if name in usable), usable[0] if usable else "")


def _parameters(strategy: str, regime: RegimeName | Literal[""], underlying: str) -> dict[str, Any]:
    """All of them, defaults too, so that a replay years later does not depend on today's defaults."""
    model = registry.get(strategy).Parameters
    values: dict[str, Any] = dict(ADJUSTMENTS.get((strategy, regime), {}) if regime else {})
    if underlying and "underlying" in model.model_fields:
        values["underlying"] = underlying
    return model.model_validate(values).model_dump(mode="json")


def _why(evidence: Evidence, strategy: str, alone: str) -> tuple[Reason, ...]:
    if alone:
        return (Reason(text=f"{strategy} at its defaults, to compare with"),)
    paths = [f"regime.{key}" for key in ("efficiency", "trend_efficiency", "volatility_ratio", "volatile_ratio")]
    return (cite(evidence, f"{strategy}: {REGIME_TEXTS[evidence.regime.name]}", paths),)


def _half(evidence: Evidence, asset_class: AssetClass, caution: str) -> tuple[Reason, ...]:
    if not caution:
        return ()
    missing = [Reason(text=m.text[:MAX_TEXT]) for m in evidence.missing if m.scope in (asset_class.value, MARKET)]
    half = cite(evidence, f"half size: {caution}", ["regime.volatility_ratio", "regime.sessions"])
    return (half, *missing[:MAX_MISSING])


def _off(asset_class: AssetClass, why: str) -> ClassPlan:
    return ClassPlan(asset_class=asset_class, enabled=False, reasons=(Reason(text=why[:MAX_TEXT]),))


def _reasons(evidence: Evidence, mandate: Mandate, refusal: str, trading: bool) -> tuple[Reason, ...]:
    regime = evidence.regime
    keys = ("sessions", "efficiency", "volatility_ratio", "volatility_percent", "return_percent")
    paths = [f"regime.{key}" for key in keys]
    basis = f" by {regime.basis}" if regime.sessions else ""
    found = [cite(evidence, f"{regime.name} market{basis}: {REGIME_TEXTS[regime.name]}", paths)]
    if refusal:
        found.append(Reason(text=refusal[:MAX_TEXT]))
    elif not trading:
        found.append(Reason(text="no asset class has anything to trade today"))
    if mandate.mode == "live" and evidence.gate.verdict != "green":
        found.append(Reason(text="on paper today: live needs a green gate"))
    return tuple(found)
