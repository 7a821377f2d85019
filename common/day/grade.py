"""Grading a day at its close: shadow runs of the plan and its alternatives, the verdict, the model's authority."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from common.day.opening import OPENINGS
from common.day.scorecards import SCORECARDS, graded_before, is_latest
from common.market.money import Paise
from common.planning.alternatives import FIXED, RULES, Alternative, alternatives
from common.planning.authority import AUTHORITY, PLANNER
from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.plan import Plan
from common.planning.scorecard import GradedDay, standing_of
from common.ports import Clock, Conflict, Create, DocumentStore, Fields, MarketData, Update
from common.research.shadow import Shadow, ShadowRuns

MODEL: Final = "model"
TRADED: Final = "as traded"
NO_TRADE: Final = "no trade"
BUDGET_SECONDS: Final = 120.0
"""For all shadow runs of a day, which take seconds; the closing has more to do, and a function ends after minutes."""
SHOWN_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class GradePorts:
    """What grading needs. market: opens the day's recorded session. seed: as of the day's paper fills.

    model_cutoff: the last day that the model may remember from its training; None where nobody said.
    """

    store: DocumentStore
    mandate: Mandate
    market: Callable[[date], AbstractContextManager[MarketData]]
    clock: Clock
    seed: int = 0
    model_cutoff: date | None = None


def grade_day(day: date, plan: Fields, evidence: Fields, traded: Paise, ports: GradePorts) -> dict[str, Any]:
    """The scorecard of `day`, stored, and with it the model's authority where it changes. traded: the day's own net.

    Never raises but for StoreError: what cannot be graded is said in the scorecard.
    """
    try:
        card = _card(Plan.from_fields(plan), Evidence.from_fields(evidence), traded, ports)
    except Exception as error:  # the closing goes on whatever a recording, a plug-in or an old document does
        card = {"arms": [], "graded": None, "fault": f"{type(error).__name__}: {error}"[:SHOWN_ERROR]}
    days = graded_before(day, ports.store)
    if card["graded"] is not None:
        days.append(GradedDay.from_fields(card["graded"]))
    standing = standing_of(days)
    card = {"date": day.isoformat(), **card, "standing": standing.to_fields()}
    _put(ports.store, SCORECARDS, day.isoformat(), card)
    if standing.authority is not None and card["graded"] is not None and is_latest(day, ports.store):
        _put(ports.store, AUTHORITY, PLANNER, standing.authority.to_fields())
    return card


def _card(plan: Plan, evidence: Evidence, traded: Paise, ports: GradePorts) -> dict[str, Any]:
    shadows = _shadows(plan, evidence, ports)
    graded = _graded(plan, shadows, ports)
    nets = {name: one.net_paise for name, one in shadows.items() if not one.failed}
    own = nets.get(TRADED)
    return {
        "plan_hash": plan.hash, "evidence_hash": evidence.hash, "mandate_hash": ports.mandate.hash,
        "planner": plan.planner.to_fields(), "arms": [one.to_fields() for one in shadows.values()],
        "traded_paise": traded, "slippage_paise": None if own is None else traded - own,
        "regret_paise": {
            name: nets[FIXED] - nets[name] for name in (MODEL, RULES) if name in nets and FIXED in nets
        },
        "graded": None if graded is None else graded.to_fields(), "fault": "",
    }


def _shadows(plan: Plan, evidence: Evidence, ports: GradePorts) -> dict[str, Shadow]:
    """By name: what was traded, the model where one was asked, the rules and all else, no trade."""
    started = ports.clock.monotonic()

    def in_time() -> bool:
        return ports.clock.monotonic() - started < BUDGET_SECONDS

    opened = ports.store.get(OPENINGS, plan.date.isoformat())
    traded = plan if opened is None else Plan.from_fields(opened.fields)
    with ports.market(plan.date) as market:
        runs = ShadowRuns(plan.date, market, ports.seed, in_time)
        found = [runs.run(Alternative(TRADED, traded.enabled))]
        if plan.planner.model:
            found.append(runs.run(Alternative(MODEL, plan.enabled), plan.planner.cost_paise))
        found += [runs.run(one) for one in alternatives(evidence, ports.mandate)]
    found.append(Shadow(NO_TRADE))
    return {one.name: one for one in found}


def _graded(plan: Plan, shadows: Mapping[str, Shadow], ports: GradePorts) -> GradedDay | None:
    """None where no model was asked. A model that fell back is the rules, less what it cost."""
    if not plan.planner.model:
        return None
    model, rules = shadows[MODEL], shadows[RULES]
    why = _uncounted(plan, ports.model_cutoff) or _unknown(model, rules)
    return GradedDay(
        date=plan.date, model=plan.planner.model, prompt_hash=plan.planner.prompt_hash, why_not=why,
        model_net_paise=model.net_paise, rules_net_paise=rules.net_paise, bound_paise=ports.mandate.daily_loss_paise,
    )


def _uncounted(plan: Plan, cutoff: date | None) -> str:
    day = plan.date
    if plan.status == "REJECTED" and plan.planner.kind == "rules":
        return "the day was refused, whoever planned"
    if cutoff is None:
        return "nobody said up to when the model was trained: set TRON_MODEL_CUTOFF"
    return f"the model was trained up to {cutoff}, and may remember the day" if day <= cutoff else ""


def _unknown(*shadows: Shadow) -> str:
    return "; ".join(f"no shadow of the {one.name}: {one.failed}" for one in shadows if one.failed)


def _put(store: DocumentStore, collection: str, id: str, fields: Fields) -> None:
    stored = store.get(collection, id)
    if stored is not None and stored.fields == fields:
        return
    try:
        store.commit([
            Create(collection, id, fields) if stored is None else Update(collection, id, fields, stored.version)
        ])
    except Conflict:
        return  # closed by another at the same time, from the same books
