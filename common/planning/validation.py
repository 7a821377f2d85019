"""Whether a plan, whoever made it, stays inside the mandate and cites only what the evidence says."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

from common.market.instrument import AssetClass
from common.planning.contracts import nearest
from common.planning.evidence import Evidence
from common.planning.exclusions import in_shares
from common.planning.limits import full_limits, looser, scaled
from common.planning.mandate import BROKER_ORDERS_PER_SECOND, Mandate, share_of
from common.planning.plan import ClassPlan, Plan, Reason
from common.planning.rule_planner import careful, refusal_of
from common.planning.structures import planned_structure
from common.strategies import registry

MAX_PROBLEMS: Final = 50


def validate_plan(plan: Plan, mandate: Mandate, evidence: Evidence) -> list[str]:
    """Problems, each naming where and what; an empty list is a plan that may be used. At most fifty."""
    found = chain(
        _identity(plan, mandate, evidence), _day(plan, mandate, evidence), _sums(plan, mandate),
        *(_class_problems(one, mandate, evidence) for one in plan.classes),
        *(_citations("plan", reason, evidence) for reason in plan.reasons),
    )
    return [problem for problem, _ in zip(found, range(MAX_PROBLEMS), strict=False)]


def reduction_problems(before: Plan, after: Plan) -> list[str]:
    """How `after` does more than `before`; empty when it only reduces: fewer classes and symbols, tighter limits."""
    found: list[str] = []
    whole = ("date", "mode", "opening", "evidence_hash", "mandate_hash", "planner")
    found += [f"{name} was changed" for name in whole if getattr(before, name) != getattr(after, name)]
    if before.status != after.status and after.status != "REJECTED":
        found.append(f"status went from {before.status} to {after.status}")
    if sorted(one.asset_class for one in before.classes) != sorted(one.asset_class for one in after.classes):
        found.append("asset classes were added or taken away: switch them off instead")
    for one in after.enabled:
        was = before.of(one.asset_class)
        if was is None or was.limits is None or one.limits is None:
            found.append(f"{one.asset_class}: was not enabled")
            continue
        found += [f"{one.asset_class}: {text}" for text in looser(one.limits, was.limits)]
        kept = ("strategy", "parameters", "options", "banned")
        found += [f"{one.asset_class}: {name} was changed" for name in kept if getattr(one, name) != getattr(was, name)]
        if not set(was.long_only) & set(one.universe) <= set(one.long_only):
            found.append(f"{one.asset_class}: long_only shrank")
        if one.size > was.size or not set(one.universe) <= set(was.universe):
            found.append(f"{one.asset_class}: size or universe grew")
    return found


def _identity(plan: Plan, mandate: Mandate, evidence: Evidence) -> Iterator[str]:
    if plan.date != evidence.date:
        yield f"date {plan.date} is not the evidence's {evidence.date}"
    if not plan.mandate_hash == mandate.hash == evidence.mandate_hash:
        yield "mandate_hash is not that of the mandate in force: prepare and plan the day again"
    if plan.evidence_hash != evidence.hash or plan.planner.input_hash != evidence.hash:
        yield "evidence_hash or the planner's input_hash is not that of the evidence: plan the day again"
    classes = [one.asset_class for one in plan.classes]
    if len(set(classes)) != len(classes):
        yield "an asset class is planned twice"


def _day(plan: Plan, mandate: Mandate, evidence: Evidence) -> Iterator[str]:
    enabled = [one for one in plan.classes if one.enabled]
    if plan.mode == "live" and mandate.mode != "live":
        yield "mode is live and the mandate says paper"
    if plan.mode == "live" and evidence.gate.verdict != "green":
        yield f"mode is live and the gate is {evidence.gate.verdict}"
    if plan.mode == "live" and plan.status == "READY":
        yield "a live plan is a DRAFT until the person has approved it"
    refusal = refusal_of(evidence, mandate)
    if refusal and (enabled or plan.status != "REJECTED"):
        yield f"the day may not be traded ({refusal}): the plan must be REJECTED, with no class enabled"
    if bool(enabled) == (plan.status == "REJECTED"):
        yield f"status is {plan.status} with {len(enabled)} asset classes enabled"
    for name in ("max_symbol_gap_percent", "halve_at_index_gap_percent"):
        if getattr(plan.opening, name) > getattr(mandate.opening, name):
            yield f"opening.{name} {getattr(plan.opening, name)} > {getattr(mandate.opening, name)}"
    index = plan.opening.index_symbol
    if index and index not in evidence.indices and not evidence.features(index).sessions:
        yield f"opening.index_symbol {index} is not in the evidence"


def _sums(plan: Plan, mandate: Mandate) -> Iterator[str]:
    limits = [one.limits for one in plan.classes if one.limits is not None]
    rate = mandate.order_rate
    orders = Decimal(str(rate.exits_per_second)) + Decimal(str(rate.supervisor_per_second))
    orders += sum(Decimal(str(one.order_rate_per_second)) for one in limits)
    exits = sum(Decimal(str(one.exit_rate_per_second)) for one in limits)
    totals = (
        ("capital_paise", sum(one.capital_paise for one in limits), mandate.capital_paise),
        ("loss_paise", sum(one.loss_paise for one in limits), mandate.daily_loss_paise),
        ("index delta in paise", sum(one.max_index_delta_paise for one in limits), mandate.index_delta_paise),
        ("orders a second", orders, BROKER_ORDERS_PER_SECOND),
        ("exits a second", exits, Decimal(str(rate.exits_per_second))),
    )
    for name, total, most in totals:
        if total > most:
            yield f"the asset classes' {name} add to {total}, the account's are {most}"
    most_risk = share_of(mandate.capital_paise, mandate.risk_per_trade_percent)
    for one in limits:
        if one.risk_per_trade_paise > most_risk:
            yield f"risk_per_trade_paise {one.risk_per_trade_paise} is above the account's {most_risk}"


def _class_problems(one: ClassPlan, mandate: Mandate, evidence: Evidence) -> Iterator[str]:
    where = one.asset_class.value
    for reason in one.reasons:
        yield from _citations(where, reason, evidence)
    if not one.enabled:
        return
    own = mandate.of(one.asset_class)
    if not own.enabled:
        yield f"{where}: the mandate does not enable it"
    if one.strategy not in own.strategies:
        yield f"{where}: strategy {one.strategy} is not among the mandate's {', '.join(own.strategies)}"
    if one.strategy in own.strategies or not one.strategy.endswith(registry.FILE_SUFFIX):
        yield from _strategy(one)  # to look a file up is to run it: only those that the mandate names
    yield from _limits(one, mandate, evidence)
    if len(set(one.universe)) != len(one.universe) or len(one.universe) > own.max_symbols:
        yield f"{where}: universe has {len(one.universe)} symbols, some twice or more than {own.max_symbols}"
    for symbol in one.universe:
        if not _admitted(one, symbol, mandate, evidence):
            why = evidence.excluded.get(symbol, "")
            lacking = "is not among today's instruments that the mandate admits"
            yield f"{where}: {symbol} {f'may not be traded: {why}' if why else lacking}"
        if symbol in evidence.long_only and symbol not in one.long_only:
            yield f"{where}: {symbol} has no derivatives that anybody knows of: it belongs into long_only"
    if one.banned is not None and one.banned != evidence.banned:
        yield f"{where}: banned is not the evidence's list: leave it to the rules"
    yield from _selection(one, mandate, evidence)
    yield from _structure(one, evidence)


def _strategy(one: ClassPlan) -> Iterator[str]:
    where = one.asset_class.value
    try:
        strategy = registry.get(one.strategy)
        registry.build(one.strategy, one.parameters)
    except (registry.UnknownStrategy, registry.InvalidParameters) as error:
        yield f"{where}: {error}"
        return
    if one.asset_class not in strategy.asset_classes:
        yield f"{where}: strategy {one.strategy} does not trade this asset class"
    if one.options and one.parameters.get("underlying", one.options.underlying) != one.options.underlying:
        yield f"{where}: parameter underlying is not the selection's {one.options.underlying}"


def _limits(one: ClassPlan, mandate: Mandate, evidence: Evidence) -> Iterator[str]:
    where = one.asset_class.value
    if one.limits is None or not evidence.session.times:
        yield f"{where}: there are no limits, or no session to take them from"
        return
    bound = scaled(full_limits(mandate, evidence.session.times_of(one.asset_class)), one.asset_class, one.size)
    for text in looser(one.limits, bound):
        yield f"{where}: {text} at size {one.size}: tighten it to the mandate's"
    caution = careful(evidence, one.asset_class)
    if caution and one.size > 0.5:
        yield f"{where}: size {one.size} must be at most 0.5: {caution}"


def _admitted(one: ClassPlan, symbol: str, mandate: Mandate, evidence: Evidence) -> bool:
    if one.asset_class is AssetClass.STOCK:
        return symbol in evidence.stocks and mandate.stock.admits(symbol)
    if one.asset_class is AssetClass.FUTURES:
        return any(
            c.symbol == symbol and mandate.futures.admits(c.underlying, symbol)
            and not in_shares(evidence.date, c.underlying, c.expiry, evidence.banned)
            and (not c.rolled or c == nearest(evidence.futures, c.underlying)) for c in evidence.futures
        )
    return one.options is not None and symbol == one.options.signal_symbol


def _selection(one: ClassPlan, mandate: Mandate, evidence: Evidence) -> Iterator[str]:
    chosen, own = one.options, mandate.options
    if chosen is None:
        return
    if not own.admits(chosen.underlying):
        yield f"options: underlying {chosen.underlying} is not one that the mandate admits"
    barred = in_shares(evidence.date, chosen.underlying, chosen.expiry, evidence.banned)
    if barred:
        yield f"options: {chosen.underlying}: {barred}"
    chains = [c for c in evidence.chains if c.underlying == chosen.underlying and c.complete]
    if not any(c.expiry == chosen.expiry and c.signal_symbol == chosen.signal_symbol for c in chains):
        yield f"options: there is no {chosen.underlying} chain of {chosen.expiry} driven by {chosen.signal_symbol}"
    if chosen.strikes_each_side > own.strikes_each_side:
        yield f"options: strikes_each_side {chosen.strikes_each_side} > {own.strikes_each_side}"
    near = (chosen.expiry - evidence.date).days < own.min_days_to_expiry
    if near and any(c.days_to_expiry >= own.min_days_to_expiry for c in chains):
        yield f"options: expiry {chosen.expiry} is nearer than {own.min_days_to_expiry} days, and there is a later one"


def _structure(one: ClassPlan, evidence: Evidence) -> Iterator[str]:
    """What a person is shown before approving must be what the rules say of the plan's own parameters and limits."""
    if one.options is None or one.limits is None:
        return
    try:
        expected = planned_structure(one.strategy, dict(one.parameters), one.options, one.limits, evidence)
    except (registry.UnknownStrategy, registry.InvalidParameters):
        return  # said of the strategy already
    if one.structure != expected:
        yield "options: structure is not what the strategy, its parameters and the limits make: leave it to the rules"


def _citations(where: str, reason: Reason, evidence: Evidence) -> Iterator[str]:
    for path, value in reason.numbers.items():
        known = evidence.numbers.get(path)
        if known is None:
            yield f"{where}: reason cites {path}, which is not in the evidence"
        elif known != value:
            yield f"{where}: reason cites {path} as {value}, the evidence says {known}"
