"""close_day where something is not as on other days: nothing was recorded, the plan was rejected after trading."""

from functools import partial
from pathlib import Path

from common.day.plan import PLANS
from common.planning.plan import Plan
from common.ports import Update
from common.research.archived import archived_market
from tests.unit.books_case import CLASS, DAY, plain_day
from tests.unit.closing_case import Closing


def test_a_day_that_nobody_recorded(tmp_path: Path) -> None:
    """It is closed all the same, without charts, and says why."""
    closing = Closing(tmp_path, plain_day())
    closing.market = partial(archived_market, closing.archive)
    result = closing.run()
    assert (result["bars"], result["structures"], result["differences"]) == ({}, [], [])
    assert [text for text in result["warnings"] if "no charts, no structures" in text]


def test_a_plan_that_is_rejected_after_trading(tmp_path: Path) -> None:
    """What had begun is closed and reported; a class that was never launched is not."""
    closing = Closing(tmp_path, plain_day())
    plan = closing.store.get(PLANS, DAY.isoformat())
    assert plan is not None
    rejected = Plan.from_fields(plan.fields).model_copy(update={"status": "REJECTED"})
    closing.store.commit([Update(PLANS, plan.id, rejected.to_fields(), plan.version)])
    (found,) = closing.run()["workloads"]
    assert (found["asset_class"], found["orders"]) == (CLASS.value, 5)
