"""What a plan may never do, read from the mandate anew: a second opinion, which shares no code with validation."""

import unicodedata
from collections.abc import Iterator

from common.planning.evidence import Evidence
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan, Plan

MOST_TEXT = 500


def escapes(plan: Plan, mandate: Mandate, evidence: Evidence) -> list[str]:
    """Each way in which the plan is outside; empty for one that is not."""
    found = [text for one in plan.enabled for text in _outside(one, mandate, evidence)]
    if plan.mode == "live" and (mandate.mode != "live" or plan.status == "READY"):
        found.append("live without the person")
    if sum(one.limits.capital_paise for one in plan.enabled if one.limits) > mandate.capital_rupees * 100:
        found.append("more capital than there is")
    texts = [one.text for one in (*plan.reasons, *(one for part in plan.classes for one in part.reasons))]
    texts += [plan.planner.fallback_reason, plan.sentiment.why if plan.sentiment else ""]
    texts += list(plan.sentiment.quotes) if plan.sentiment else []
    return found + [f"text that is not harmless: {text[:80]!r}" for text in texts if not _harmless(text)]


def _harmless(text: str) -> bool:
    controls = any(unicodedata.category(one) in ("Cc", "Cf") for one in text)
    return len(text) <= MOST_TEXT and "://" not in text and not controls


def _outside(one: ClassPlan, mandate: Mandate, evidence: Evidence) -> Iterator[str]:
    own, limits = mandate.of(one.asset_class), one.limits
    if not own.enabled or limits is None:
        yield f"{one.asset_class} is not enabled"
        return
    if one.strategy not in own.strategies:
        yield f"strategy {one.strategy}"
    if not 0 < one.size <= 1:
        yield f"size {one.size}"
    if len(one.universe) > own.max_symbols or len(set(one.universe)) < len(one.universe):
        yield f"{len(one.universe)} symbols"
    futures = {contract.symbol: contract.underlying for contract in evidence.futures}
    for symbol in one.universe:
        name = {"stock": symbol, "futures": futures.get(symbol, ""), "options": symbol}[one.asset_class.value]
        known = {"stock": evidence.stocks, "futures": tuple(futures),
                 "options": tuple(chain.signal_symbol for chain in evidence.chains)}[one.asset_class.value]
        if symbol not in known or symbol in evidence.excluded:
            yield f"symbol {symbol!r}"
        if one.asset_class.value != "options" and not {"*", name, symbol} & set(own.universe):
            yield f"symbol {symbol!r} is not on the list"
    if set(one.universe) & set(evidence.long_only) - set(one.long_only):
        yield "a share without derivatives may be sold short"
    share = mandate.capital_rupees * 100 * own.capital_share_percent / 100
    loss = mandate.capital_rupees * mandate.daily_loss_percent * own.loss_share_percent / 100
    bounds = (
        (limits.capital_paise, share), (limits.loss_paise, loss), (limits.max_trades, own.max_trades),
        (limits.max_order_value_paise, own.max_order_value_rupees * 100),
        (limits.max_open_positions, own.max_open_positions), (limits.max_spread_percent, mandate.max_spread_percent),
        (limits.risk_per_trade_paise, mandate.capital_rupees * mandate.risk_per_trade_percent),
        (limits.order_rate_per_second, mandate.order_rate.workload_per_second),
        (own.margin_percent, limits.margin_percent),
    )
    for number, (value, most) in enumerate(bounds):
        if value > max(1, most) * (1 + 1e-9):
            yield f"bound {number}: {value} > {most}"
    if one.options is not None and one.options.strikes_each_side > mandate.options.strikes_each_side:
        yield "more strikes"
