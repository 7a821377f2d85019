"""`tron plan`: what is to be traded, why, from which numbers, what was rejected, and what it may lose."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.bootstrap import Application
from common.bootstrap_planner import model_ports
from common.day.plan import PLANS, asked_plan
from common.day.prepare import EVIDENCE
from common.market.instrument import AssetClass
from common.market.money import money
from common.planner_settings import read_planner
from common.planning.document import InvalidDocument
from common.planning.evidence import Evidence
from common.planning.explanation import Considered, considered
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan, Plan, Reason
from common.planning.rule_planner import plan_by_rules
from common.ports import Query, StoreError
from common.settings import SettingsError
from jobs.commands import arguments
from jobs.commands.control import open_application
from jobs.commands.output import UserError, print_json, tinted

SHOWN_SYMBOLS: Final = 12
SHOWN_NUMBERS: Final = 6
STORED: Final = "as stored"
MADE_NOW: Final = "made now, not stored"


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("plan", help="what is to be traded, why, and what was rejected")
    parser.add_argument("--date", type=arguments.day, metavar="D",
                        help="the plan of this date as stored (default: one made now, from the latest evidence)")
    parser.add_argument("--planner", choices=("rules", "model"),
                        help="rules: plan anew; model: the stored plan of a model, else ask one (default: see --date)")
    parser.add_argument("--explain", action="store_true", help="what was considered for each class, and why not taken")
    parser.add_argument("--mandate", type=Path, metavar="FILE",
                        help="the limits that the evidence was made for (default: TRON_MANDATE, else the one shipped)")
    parser.add_argument("--run", dest="home", type=Path, metavar="DIR",
                        help="directory of the run (default: TRON_HOME, else the latest in out)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: printed. 1: the plan trades nothing. 2: there is no evidence, or it is of another mandate."""
    app = open_application(chosen.home)
    if chosen.mandate is not None:
        app = Application(replace(app.settings, mandate=chosen.mandate))
    try:
        evidence = _evidence(app, chosen.date)
        mandate = app.mandate
        plan, origin = _plan(app, evidence, mandate, chosen)
    except (StoreError, InvalidDocument, SettingsError, ValueError) as error:
        raise UserError(str(error)) from None
    found = considered(plan, evidence, mandate) if chosen.explain else []
    if chosen.json:
        print_json({
            "plan": plan.to_fields(), "origin": origin, "max_loss_paise": _most(plan),
            "considered": [one.to_fields() for one in found],
        })
    else:
        _print(plan, origin, found)
    return 0 if plan.enabled else 1


def _evidence(app: Application, day: date | None) -> Evidence:
    if day is not None:
        document = app.store.get(EVIDENCE, day.isoformat())
    else:
        document = next(iter(app.store.query(Query(EVIDENCE, order_by="-date", limit=1))), None)
    if document is None:
        what = f"there is no evidence for {day}" if day else "there is no evidence"
        raise UserError(f"{what} in {app.settings.home}: prepare_day makes it, also as the first step of `tron day`")
    return Evidence.from_fields(document.fields)


def _plan(
    app: Application, evidence: Evidence, mandate: Mandate, chosen: argparse.Namespace,
) -> tuple[Plan, str]:
    """The plan, and where it is from. Raises ValueError when the evidence is of another mandate."""
    document = app.store.get(PLANS, evidence.date.isoformat())
    stored = Plan.from_fields(document.fields) if document is not None else None
    if chosen.planner == "model":
        if stored is not None and stored.planner.model:
            return stored, STORED
        return _asked(app, evidence, mandate), MADE_NOW
    if chosen.date is not None and chosen.planner is None and stored is not None:
        return stored, STORED
    return plan_by_rules(evidence, mandate), MADE_NOW


def _asked(app: Application, evidence: Evidence, mandate: Mandate) -> Plan:
    """Within the run's budgets, and not stored. Raises ValueError where no model is set."""
    planner = read_planner(os.environ, "model")
    model = model_ports(Application(replace(app.settings, planner=planner)))
    rules = plan_by_rules(evidence, mandate)
    if model is None or not rules.enabled:
        return rules
    return asked_plan(rules, evidence, mandate, model, planner.deadline_seconds)


def _most(plan: Plan) -> int:
    return sum(one.limits.loss_paise for one in plan.enabled if one.limits is not None)


def _print(plan: Plan, origin: str, found: list[Considered]) -> None:
    planner = plan.planner
    by = f"by {planner.model}" if planner.kind == "model" else "by the rules"
    print(f"{plan.date}  {plan.status}  {plan.mode}  planned {by}, {origin}")
    if planner.fallback_reason:
        print(tinted(f"  the model's plan was not taken: {planner.fallback_reason}", "orange"))
    for reason in plan.reasons:
        _print_reason(reason)
    for one in plan.classes:
        _print_class(one)
        for each in found:
            if each.asset_class is one.asset_class:
                _print_considered(each)
    if plan.enabled:
        print(f"maximum loss of the day: {money(_most(plan))}; gaps and charges of the way out may add to it")
    print(f"plan {plan.hash[:12]}, evidence {plan.evidence_hash[:12]}, mandate {plan.mandate_hash[:12]}")


def _print_class(one: ClassPlan) -> None:
    if not one.enabled or one.limits is None:
        print(f"{one.asset_class.value:8} not traded")
    else:
        more = len(one.universe) - SHOWN_SYMBOLS
        symbols = ", ".join(one.universe[:SHOWN_SYMBOLS]) + (f" and {more} more" if more > 0 else "")
        print(f"{one.asset_class.value:8} {one.strategy} on {symbols}; size {one.size:g}")
        limits = one.limits
        print(
            f"  may lose {money(limits.loss_paise)} a day, {money(limits.risk_per_trade_paise)} a trade; capital "
            f"{money(limits.capital_paise)}, {limits.max_trades} trades, entries {limits.entry_from} to "
            f"{limits.entry_cutoff}, out by {limits.square_off}"
        )
    if one.asset_class is AssetClass.OPTIONS and one.options is not None:
        wanted = one.options
        width = f"{wanted.strikes_each_side} strikes each side of the money"
        print(f"  {wanted.underlying} options of {wanted.expiry}, {width}")
    if one.structure is not None:
        _print_structure(one)
    for reason in one.reasons:
        _print_reason(reason)


def _print_structure(one: ClassPlan) -> None:
    structure = one.structure
    assert structure is not None
    legs = ", ".join(
        f"{'buy' if leg.side > 0 else 'sell'} {leg.strike_paise // 100} {leg.kind}" for leg in structure.legs
    )
    fits = f"{structure.lots} lots" if structure.lots else tinted("not one lot fits the limits; of one lot", "orange")
    print(
        f"  {legs}: {fits}, may lose {money(structure.max_loss_paise)}, may win {money(structure.max_profit_paise)}, "
        f"margin {money(structure.margin_paise)} ({structure.basis})"
    )
    if structure.most_lost_paise:
        most = money(structure.most_lost_paise)
        print(f"  whatever its credit, one position may lose {most} at most at expiry, before charges")


def _print_reason(reason: Reason) -> None:
    print(f"  - {reason.text}{_numbers(reason.numbers)}")


def _print_considered(one: Considered) -> None:
    mark = "taken" if one.chosen else "not  "
    own = {path.rpartition(".")[2]: value for path, value in one.numbers.items()}
    print(f"    {mark} {one.kind} {one.name}: {one.why}{_numbers(own)}")


def _numbers(numbers: Mapping[str, float]) -> str:
    """By their paths; --json has them all."""
    if not numbers:
        return ""
    more = len(numbers) - SHOWN_NUMBERS
    shown = ", ".join(_number(path, value) for path, value in list(numbers.items())[:SHOWN_NUMBERS])
    return f" ({shown}{f' and {more} more' if more > 0 else ''})"


def _number(path: str, value: float) -> str:
    if path.endswith("_paise"):
        return f"{path.removesuffix('_paise')} {money(round(value))}"
    return f"{path} {value:g}"
