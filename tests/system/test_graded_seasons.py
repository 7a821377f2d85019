"""Seasons over real replays: the recorded stock sessions of 2016-08 and generated days, with a truth that is known."""

from contextlib import nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.memory import MemoryArchive, MemoryStore
from common.day.grade import GradePorts, grade_day
from common.day.plan import plan_day
from common.day.prepare import prepare_day
from common.day.scorecards import season, stored_scorecards
from common.planning.mandate import parse_mandate
from common.planning.plan import Plan
from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.market import RecordedMarket, StreamedMarket
from common.research.recorded import dates
from common.research.storing import write_parquet

SYMBOLS = ("AXISBANK", "HDFCBANK", "ICICIBANK", "INFY", "RELIANCE", "SBIN", "TATAMOTORS", "TATASTEEL")
MANDATE = """
[stock]
strategies = ["vwap"]
max_symbols = 8
[futures]
enabled = false
[options]
enabled = false
"""


class SeasonOf:
    """Days graded one after the other into one store, as `close_day` does, each with the rules' plan of the real steps.

    planner: what the plans say of who made them. veto: the model trades nothing that day.
    """

    def __init__(self, **planner: Any) -> None:
        self.store, self.mandate = MemoryStore(), parse_mandate(MANDATE)
        self.planner = {"kind": "model", "model": "one", "prompt_hash": "a", **planner}

    def add(self, day: date, market: RecordedMarket, *, veto: bool = False) -> dict[str, Any]:
        clock = VirtualClock(datetime(day.year, day.month, day.day, 8, 45, tzinfo=INDIA))
        evidence = prepare_day(day, self.store, MemoryArchive(), market, self.mandate, 4)
        plan = plan_day(day, self.store, self.mandate, clock)
        planned = Plan.from_fields({**plan, "planner": {**plan["planner"], **self.planner}})
        if veto:
            off = tuple(one.model_copy(update={
                "enabled": False, "limits": None, "universe": (), "options": None, "size": 0.0,
            }) for one in planned.classes)
            planned = planned.model_copy(update={"classes": off, "status": "REJECTED"})
        ports = GradePorts(
            self.store, self.mandate, lambda _: nullcontext(market), clock, 3, day - timedelta(days=1),
        )
        return grade_day(day, planned.to_fields(), evidence, 0, ports)

    def result(self) -> dict[str, Any]:
        return season(stored_scorecards(self.store))


@pytest.fixture(scope="module")
def month(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight of the recorded stocks: what a replay costs goes with their number."""
    rows = parquet.read_table(shared / "equity_1m_2016-08.parquet")
    path = tmp_path_factory.mktemp("month") / "month.parquet"
    parquet.write_table(rows.filter(pc.is_in(rows["symbol"], pa.array(SYMBOLS))), path)
    return path


def test_recorded_month_of_models_whose_truth_is_known(month: Path) -> None:
    """Twelve real sessions. Equal: the rules' own plan. Worse: the same, for a whole daily loss a day. A veto: minus
    what the rules made, to the paisa, and no verdict, for twelve days say nothing.
    """
    days = dates([month])
    assert len(days) == 12
    equal, worse, veto = SeasonOf(), SeasonOf(cost_paise=30_000_00), SeasonOf()
    market = StreamedMarket([month], days)
    for day in days:
        equal.add(day, market)
        worse.add(day, market)
        veto.add(day, market, veto=True)
    same = equal.result()["standing"]
    assert (same["days"], same["verdict"], same["total_paise"], same["days_needed"]) == (12, "not shown", 0, None)
    lost = worse.result()["standing"]
    assert (lost["days"], lost["verdict"], lost["total_paise"]) == (12, "worse", -12 * 30_000_00)
    assert not lost["authority"]["promoted"]
    found = veto.result()
    rows = {row["name"]: row for row in found["arms"]}
    assert (rows["rules"]["days"], rows["rules"]["failed_days"]) == (12, 0)
    assert rows["rules"]["net_paise"] != 0, "a month without trades proves nothing"
    assert found["standing"]["total_paise"] == -rows["rules"]["net_paise"]
    assert found["standing"]["verdict"] == "not shown"
    assert rows["model"]["net_paise"] == rows["no trade"]["net_paise"] == 0


def test_generated_season_through_the_shadow_runs(tmp_path: Path) -> None:
    """Eleven generated days whose model pays a daily loss for nothing: worse at last, and not after a few days."""
    graded = SeasonOf(cost_paise=30_000_00)
    said = []
    path = tmp_path / "season.parquet"
    write_parquet(generate(date(2026, 10, 16), 1, stocks=LARGE_CAPS[:4], sessions_before=10), path)
    days = dates([path])
    market = StreamedMarket([path], days)
    for day in days:
        card = graded.add(day, market)
        assert [arm["failed"] for arm in card["arms"]] == [""] * len(card["arms"])
        said.append(card["standing"]["verdict"])
    assert said.index("worse") >= 5
    assert said[-1] == "worse"
