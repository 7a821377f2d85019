"""The same day in one process: the same steps, plan and session, without functions, relay and workload processes."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from common.bootstrap import Application
from common.bootstrap_planner import model_ports, open_feeds
from common.day.plan import plan_day
from common.day.prepare import prepare_day
from common.planning.plan import Plan
from common.research.day_result import build_result
from common.research.replay import replay_class
from common.research.structures import structures_of
from jobs.local.day import refuse


def run_in_process(day: date, app: Application, progress: Callable[[str, float], None]) -> Mapping[str, Any]:
    """The day's result."""
    settings = app.settings
    progress("prepare_day", 0.0)
    evidence = prepare_day(
        day, app.store, app.archive, app.market, app.mandate, settings.history_sessions, feeds=open_feeds(app),
        now=app.step_clock(day, "prepare_day").now(),
    )
    progress("prepare_day", 1.0)
    progress("plan_day", 0.0)
    plan = plan_day(day, app.store, app.mandate, app.step_clock(day, "plan_day"), model_ports(app))
    progress("plan_day", 1.0)
    refuse(Plan.from_fields(plan))
    outcomes = []
    for chosen in Plan.from_fields(plan).enabled:
        progress(chosen.asset_class.value, 0.0)
        outcomes.append(replay_class(day, chosen, app.market, settings.seed))
        progress(chosen.asset_class.value, 1.0)
    traded = sorted({trade["symbol"] for outcome in outcomes for trade in outcome.trades})
    bars = app.market.feed(day, traded) if traded else iter(())
    structures = structures_of(day, outcomes, app.market)
    return build_result(
        day, settings.source, settings.seed, plan, evidence, outcomes, bars, structures=structures,
    )
