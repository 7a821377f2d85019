"""The opening gate: what the pre-open prices of 09:08 still allow of the plan; it may only reduce."""

from collections.abc import Mapping
from statistics import median
from typing import Final

from common.market.instrument import AssetClass
from common.planning.document import Record
from common.planning.history import Count
from common.planning.limits import scaled
from common.planning.plan import ClassPlan, Plan, Reason

HALF: Final = 0.5


class Indication(Record):
    """Pre-open price and the broker's previous close of one symbol, paise; 0 where unknown."""

    price_paise: Count
    previous_close_paise: Count

    @property
    def gap_percent(self) -> float | None:
        """None where either price is unknown."""
        if not (self.price_paise and self.previous_close_paise):
            return None
        return round((self.price_paise / self.previous_close_paise - 1) * 100, 4)


def opening_gate(plan: Plan, pre_open: Mapping[str, Indication]) -> Plan:
    """The plan without stocks that gap too far; at half size after a large gap of the index (or the median symbol).

    Where a gap that should be known is not, the class trades at half size at most. Applied once: a plan that went
    through is not put through again. Its new reasons cite the gaps as 'pre_open.{symbol}.gap_percent'.
    """
    if not plan.enabled:
        return plan
    gaps = {symbol: gap for symbol, one in pre_open.items() if (gap := one.gap_percent) is not None}
    market = _market_gap(plan, gaps)
    classes = tuple(_look(plan, one, gaps, market) if one.enabled else one for one in plan.classes)
    status = plan.status if any(one.enabled for one in classes) else "REJECTED"
    return plan.model_copy(update={"classes": classes, "status": status})


def _market_gap(plan: Plan, gaps: Mapping[str, float]) -> float | None:
    index = plan.opening.index_symbol
    if index in gaps:
        return gaps[index]
    known = [gaps[symbol] for symbol in sorted({s for one in plan.enabled for s in one.universe}) if symbol in gaps]
    return median(known) if known else None


def _look(plan: Plan, one: ClassPlan, gaps: Mapping[str, float], market: float | None) -> ClassPlan:
    one = _drop(one, gaps, plan.opening.max_symbol_gap_percent)
    if not one.enabled:
        return one
    if market is not None and abs(market) > plan.opening.halve_at_index_gap_percent:
        numbers = {f"pre_open.{plan.opening.index_symbol or 'median'}.gap_percent": market}
        return _shrink(one, one.size * HALF, Reason(text="the market gaps: half of the planned size", numbers=numbers))
    unknown = [symbol for symbol in one.universe if symbol not in gaps]
    if unknown or market is None:
        text = f"no gap is known for {', '.join(unknown[:10]) or 'the market'}: half size at most"
        return _shrink(one, min(one.size, HALF), Reason(text=text))
    return one


def _drop(one: ClassPlan, gaps: Mapping[str, float], most: float) -> ClassPlan:
    """Only shares: an index future that gaps is the market, and that is another rule."""
    if one.asset_class is not AssetClass.STOCK:
        return one
    wide = [symbol for symbol in one.universe if abs(gaps.get(symbol, 0.0)) > most]
    if not wide:
        return one
    numbers = {f"pre_open.{symbol}.gap_percent": gaps[symbol] for symbol in wide[:50]}
    reason = Reason(text=f"dropped for their gaps: {', '.join(wide)}"[:500], numbers=numbers)
    rest = tuple(symbol for symbol in one.universe if symbol not in wide)
    if rest:
        return one.model_copy(update={"universe": rest, "reasons": (*one.reasons, reason)})
    return ClassPlan(asset_class=one.asset_class, enabled=False, reasons=(*one.reasons, reason))


def _shrink(one: ClassPlan, size: float, reason: Reason) -> ClassPlan:
    if size >= one.size or one.limits is None:
        return one
    limits = scaled(one.limits, one.asset_class, size / one.size)
    return one.model_copy(update={"size": size, "limits": limits, "reasons": (*one.reasons, reason)})
