"""close_day: the books read back, reconciled, and the report written."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from common.day.errors import TooEarly
from common.day.ledger import load_orders, load_trades, workload_id
from common.day.plan import PLANS
from common.day.prepare import EVIDENCE
from common.day.trade import equity_name
from common.day.workloads import WORKLOADS
from common.planning.plan import ClassPlan, Plan
from common.ports import Archive, Conflict, Create, DocumentStore, MarketData
from common.research.day_result import build_result
from common.research.report import render_html, render_json
from common.research.workload import Outcome
from common.trading.orders import order_from_fields

REPORTS: Final = "reports"



def close_day(
    day: date, store: DocumentStore, archive: Archive, market: MarketData, source: str, seed: int,
) -> Mapping[str, Any]:
    """The day's result, also written to the archive as report.json and report.html. Raises TooEarly."""
    plan, evidence = store.get(PLANS, day.isoformat()), store.get(EVIDENCE, day.isoformat())
    if plan is None or evidence is None:
        raise TooEarly(f"there is no plan for {day}: run prepare_day and plan_day first")
    outcomes = [_outcome(day, chosen, store, archive) for chosen in Plan.from_fields(plan.fields).enabled]
    traded = sorted({trade["symbol"] for outcome in outcomes for trade in outcome.trades})
    bars = market.feed(day, traded) if traded else iter(())
    result = build_result(day, source, seed, plan.fields, evidence.fields, outcomes, bars)
    archive.put(day, "report.json", render_json(result).encode(), overwrite=True)
    archive.put(day, "report.html", render_html(result).encode(), overwrite=True)
    summary = {"date": day.isoformat(), "order_hash": result["order_hash"], "totals": result["totals"]}
    try:
        store.commit([Create(REPORTS, day.isoformat(), summary)])
    except Conflict:
        return result
    return result


def _outcome(day: date, chosen: ClassPlan, store: DocumentStore, archive: Archive) -> Outcome:
    asset_class = chosen.asset_class
    workload = store.get(WORKLOADS, workload_id(day, asset_class))
    summary: Mapping[str, Any] = workload.fields["summary"] if workload else {}
    equity = archive.get(day, equity_name(asset_class))
    trades = load_trades(store, day, asset_class)
    return Outcome(
        asset_class=asset_class, state=workload.fields["state"] if workload else "NEVER LAUNCHED",
        orders=[order_from_fields(fields) for fields in load_orders(store, day, asset_class).values()],
        trades=[trades[id] for id in sorted(trades)],
        equity=[(time, net) for time, net in json.loads(equity)] if equity else [], summary=summary,
        alarms=list(summary.get("alarms", ())),
    )
