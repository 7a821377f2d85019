"""A day's result: one JSON object for the report, the command line and whoever compares two runs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from common.market.bar import Bar
from common.market.indian_time import at
from common.market.money import Paise
from common.research.reconciliation import alarm_texts
from common.research.workload import Outcome
from common.trading.charges import SEGMENT_OF, rates_on
from common.trading.order_hash import order_hash


def build_result(
    day: date, source: str, seed: int, plan: Mapping[str, Any], evidence: Mapping[str, Any],
    outcomes: Sequence[Outcome], bars: Iterable[Bar], reconciliation: Mapping[str, Any] | None = None,
    structures: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """bars: of the traded symbols, for the charts. Rupees where no unit is named, paise where it is.

    reconciliation: as `reconcile_day` makes it; None where there is no broker to compare with (a replay). structures:
    as `structures_of` makes them.
    """
    trades = sorted((t for o in outcomes for t in o.trades), key=lambda t: (t["exit_time"], t["asset_class"]))
    equity = _total(outcomes)
    found = differences(outcomes) if reconciliation is None else _reconciled(outcomes, reconciliation)
    return {
        "date": day.isoformat(), "mode": plan.get("mode", "paper"), "source": source, "seed": seed,
        "order_hash": order_hash(order for outcome in outcomes for order in outcome.orders),
        "plan": plan, "evidence": evidence, "workloads": [_workload(outcome) for outcome in outcomes],
        "trades": trades, "structures": list(structures), "equity": equity,
        "totals": _totals(trades, equity, (reconciliation or {}).get("fees_paise", 0)),
        "equity_by_class": {o.asset_class.value: o.equity for o in outcomes},
        "limits": [
            {"asset_class": o.asset_class.value, **limit} for o in outcomes for limit in o.summary.get("limits", ())
        ],
        "bars": _candles(bars), "differences": found, "reconciliation": dict(reconciliation or {}),
        "warnings": [*found, *_extrapolated(day, outcomes)],
    }


def _workload(outcome: Outcome) -> dict[str, Any]:
    summary = outcome.summary
    return {
        "asset_class": outcome.asset_class.value, "state": outcome.state, "orders": len(outcome.orders),
        "fills": sum(len(order.fills) for order in outcome.orders), "trades": len(outcome.trades),
        "net_paise": sum(trade["net_paise"] for trade in outcome.trades), "denied": summary.get("denied", {}),
        "halted": summary.get("halted", ""), "alarms": list(outcome.alarms),
    }


def _total(outcomes: Sequence[Outcome]) -> list[tuple[str, int]]:
    """The account's net P&L: at each minute the last known of every class."""
    marks = sorted((time, n, net) for n, outcome in enumerate(outcomes) for time, net in outcome.equity)
    last = [0] * len(outcomes)
    found: dict[str, int] = {}
    for time, n, net in marks:
        last[n] = net
        found[time] = sum(last)
    return list(found.items())


def _totals(
    trades: Sequence[Mapping[str, Any]], equity: Sequence[tuple[str, int]], fees: Paise,
) -> dict[str, Any]:
    """fees: what the broker takes besides what its trades cost, part of the charges."""
    gross = sum(trade["gross_paise"] for trade in trades)
    charges = sum(trade["charges_paise"] for trade in trades) + fees
    peak = drawdown = 0
    for _, net in equity:
        peak = max(peak, net)
        drawdown = max(drawdown, peak - net)
    return {
        "gross_paise": gross, "charges_paise": charges, "fees_paise": fees, "net_paise": gross - charges,
        "trades": len(trades),
        "wins": sum(1 for trade in trades if trade["net_paise"] > 0),
        "losses": sum(1 for trade in trades if trade["net_paise"] < 0), "max_drawdown_paise": drawdown,
        "charges_share": round(charges / abs(gross), 4) if gross else None,
    }


def _candles(bars: Iterable[Bar]) -> dict[str, list[list[Any]]]:
    found: dict[str, list[list[Any]]] = {}
    for bar in bars:
        row = [at(bar.ts).isoformat(), bar.open / 100, bar.high / 100, bar.low / 100, bar.close / 100, bar.volume]
        found.setdefault(bar.symbol, []).append(row)
    return found


def differences(outcomes: Sequence[Outcome]) -> list[str]:
    """The books against themselves: fills must add up to flat, trades to fills, equity's end to the trades."""
    found = []
    for outcome in outcomes:
        name = outcome.asset_class.value
        held: dict[str, int] = {}
        cash = 0
        for order in outcome.orders:
            held[order.symbol] = held.get(order.symbol, 0) + order.side * order.filled
            cash -= order.side * order.turnover
        found += [f"{name}: {quantity} {symbol} are still open" for symbol, quantity in held.items() if quantity]
        gross = sum(trade["gross_paise"] for trade in outcome.trades)
        if not any(held.values()) and cash != gross:
            found.append(f"{name}: fills are worth {cash} paise and trades {gross}: the books do not agree")
        if not any(held.values()):
            found += _equity(outcome)
    return found


def _reconciled(outcomes: Sequence[Outcome], reconciliation: Mapping[str, Any]) -> list[str]:
    """What the reconciliation leaves unexplained: it looks at positions and trades with others' orders counted."""
    carried = {one["asset_class"] for one in reconciliation["carried"]}
    flat = [outcome for outcome in outcomes if outcome.asset_class.value not in carried]
    return [*alarm_texts(reconciliation), *(text for outcome in flat for text in _equity(outcome))]


def _equity(outcome: Outcome) -> list[str]:
    """Of a workload that is flat."""
    net = sum(trade["net_paise"] for trade in outcome.trades)
    if not outcome.equity or outcome.equity[-1][1] == net:
        return []
    return [f"{outcome.asset_class.value}: equity ends at {outcome.equity[-1][1]} paise and trades add up to {net}"]


def _extrapolated(day: date, outcomes: Sequence[Outcome]) -> list[str]:
    rates = [rates_on(day, SEGMENT_OF[outcome.asset_class]) for outcome in outcomes]
    first = next((row.rates_from for row in rates if row.extrapolated), None)
    return [f"charges are those of {first}, where the table of rates begins"] if first else []
