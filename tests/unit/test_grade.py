"""Grading a day at its close: real shadow runs on a generated session, stored, said, and never in the way."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.memory import MemoryArchive, MemoryStore
from common.day import grade
from common.day.grade import GradePorts, grade_day
from common.day.plan import plan_day
from common.day.prepare import prepare_day
from common.day.scorecards import SCORECARDS, season, stored_scorecards
from common.market.bar import Bar
from common.market.instrument import Kind
from common.planning.authority import AUTHORITY, PLANNER
from common.planning.mandate import Mandate
from common.planning.scorecard import GradedDay
from common.ports import Create
from common.research.archived import NothingRecorded, archived_market
from common.research.market import RecordedMarket
from common.research.recorder import bars_table
from common.research.storing import write_parquet
from tests.unit.generated_market import DAY, market
from tests.unit.planning_case import mandate

NAMES = ["as traded", "model", "rules", "fixed choice", "vwap (stock)", "momentum (stock)", "no trade"]
STOCK_ONLY = """
[stock]
strategies = ["vwap", "momentum"]
max_symbols = 3
[futures]
enabled = false
[options]
enabled = false
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> RecordedMarket:
    path = tmp_path_factory.mktemp("session") / "session.parquet"
    write_parquet(market(1), path)
    return RecordedMarket([path])


class Graded:
    """One date, prepared and planned by the real steps; the plan is told to be a model's."""

    def __init__(self, recorded: RecordedMarket, limits: Mandate | None = None, **planner: Any) -> None:
        self.store, self.recorded, self.limits = MemoryStore(), recorded, limits or mandate(STOCK_ONLY)
        clock = VirtualClock(datetime(DAY.year, DAY.month, DAY.day, 8, 45, tzinfo=INDIA))
        self.evidence = prepare_day(DAY, self.store, MemoryArchive(), recorded, self.limits, 3)
        plan = dict(plan_day(DAY, self.store, self.limits, clock))
        self.plan = {**plan, "planner": {**plan["planner"], **planner}}
        self.clock = clock
        self.cutoff: date | None = DAY - timedelta(days=1)

    def run(self, **changes: Any) -> dict[str, Any]:
        ports = GradePorts(**{
            "store": self.store, "mandate": self.limits, "market": lambda _: nullcontext(self.recorded),
            "clock": self.clock, "seed": 1, "model_cutoff": self.cutoff, **changes,
        })
        return grade_day(DAY, self.plan, self.evidence, 100_00, ports)


MODEL: dict[str, Any] = {"kind": "model", "model": "one", "prompt_hash": "a", "cost_paise": 12_34}


def test_all_alternatives_are_run(recorded: RecordedMarket) -> None:
    """The model's plan is the rules' here: they differ by its cost alone; slippage is apart; the day counts."""
    graded = Graded(recorded, **MODEL)
    card = graded.run()
    nets = {arm["name"]: arm["net_paise"] for arm in card["arms"]}
    assert list(nets) == NAMES
    assert [arm["failed"] for arm in card["arms"]] == [""] * len(NAMES)
    assert nets["model"] == nets["rules"] - 12_34 == nets["as traded"] - 12_34
    assert nets["rules"] != 0, "a day without trades proves nothing"
    assert nets["fixed choice"] == nets["vwap (stock)"]
    assert card["slippage_paise"] == 100_00 - nets["as traded"]
    assert card["regret_paise"] == {
        "model": nets["fixed choice"] - nets["model"], "rules": nets["fixed choice"] - nets["rules"],
    }
    assert GradedDay.from_fields(card["graded"]).difference_paise == -12_34
    assert (card["standing"]["days"], card["standing"]["mean_paise"]) == (1, -12_34)
    stored = graded.store.get(SCORECARDS, DAY.isoformat())
    assert stored is not None
    assert stored.fields == card
    authority = graded.store.get(AUTHORITY, PLANNER)
    assert authority is not None
    assert authority.fields["promoted"] is False
    assert graded.run() == card
    again = graded.store.get(SCORECARDS, DAY.isoformat())
    assert again is not None
    assert again.version == stored.version, "the same again writes nothing"
    whole = season(stored_scorecards(graded.store))
    assert (whole["days"], whole["standing"]) == (1, card["standing"])


def test_a_day_without_a_model_grades_the_rules(recorded: RecordedMarket) -> None:
    """No arm of the model, nothing that counts, no authority."""
    graded = Graded(recorded)
    card = graded.run()
    assert [arm["name"] for arm in card["arms"]] == [name for name in NAMES if name != "model"]
    assert card["graded"] is None
    assert graded.store.get(AUTHORITY, PLANNER) is None


@pytest.mark.parametrize(("cutoff", "why"), [(None, "TRON_MODEL_CUTOFF"), (DAY, "may remember the day")])
def test_days_that_the_model_may_remember_do_not_count(
    recorded: RecordedMarket, cutoff: date | None, why: str,
) -> None:
    """Nor do they where nobody says up to when it was trained."""
    graded = Graded(recorded, **MODEL)
    graded.cutoff = cutoff
    card = graded.run()
    assert why in card["graded"]["why_not"]
    assert card["standing"]["days"] == 0


def test_a_model_that_fell_back_is_the_rules_less_its_cost(recorded: RecordedMarket) -> None:
    """Its failures cost what they cost, and the day counts."""
    card = Graded(recorded, **{**MODEL, "kind": "rules", "fallback_reason": "refused"}).run()
    assert GradedDay.from_fields(card["graded"]).difference_paise == -12_34
    assert card["standing"]["days"] == 1


class Broken:
    """The same market, but for the bars of one symbol."""

    def __init__(self, inner: RecordedMarket) -> None:
        self.inner = inner

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        del day, symbols
        raise RuntimeError("a torn page")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_runs_that_fail_are_said(recorded: RecordedMarket) -> None:
    """Each with its reason; the day does not count; doing nothing is still known."""
    graded = Graded(recorded, **MODEL)
    card = graded.run(market=lambda _: nullcontext(Broken(recorded)))
    assert {arm["name"] for arm in card["arms"] if "a torn page" in arm["failed"]} == set(NAMES) - {"no trade"}
    assert "no shadow of the model" in card["graded"]["why_not"]
    assert card["slippage_paise"] is None


def test_a_market_that_cannot_be_opened_is_said(recorded: RecordedMarket) -> None:
    """So is a mandate that was changed since: the closing goes on."""
    graded = Graded(recorded, **MODEL)

    def closed(_: date) -> Any:
        raise NothingRecorded("the archive has no recorded session")

    assert "no recorded session" in graded.run(market=closed)["fault"]
    assert "prepare the day again" in graded.run(mandate=mandate())["fault"]


def test_the_time_for_shadow_runs_is_bounded(recorded: RecordedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is not run, and said; nothing else is lost."""
    monkeypatch.setattr(grade, "BUDGET_SECONDS", 0.0)
    card = Graded(recorded, **MODEL).run()
    assert {arm["failed"] for arm in card["arms"]} == {"not run: the time for shadow runs was over", ""}


def test_a_fixed_choice_that_cannot_be_made_is_said(recorded: RecordedMarket) -> None:
    """A strategy that is not there, or trades something else."""
    for name, why in (("nowhere", "there is no strategy"), ("scalp", "does not trade stock")):
        limits = mandate(STOCK_ONLY.replace("max_symbols", f'fixed_choice = "{name}"\nmax_symbols'))
        card = Graded(recorded, limits, **MODEL).run()
        (fixed,) = [arm for arm in card["arms"] if arm["name"] == "fixed choice"]
        assert why in fixed["failed"]
        assert "model" not in card["regret_paise"]


def test_an_older_day_does_not_decide_again(recorded: RecordedMarket) -> None:
    """Closing yesterday once more leaves the authority as the latest day has left it."""
    graded = Graded(recorded, **MODEL)
    graded.store.commit([Create(SCORECARDS, "2026-12-01", {"date": "2026-12-01"})])
    graded.run()
    assert graded.store.get(AUTHORITY, PLANNER) is None


def test_the_archives_recording_is_the_same_market(recorded: RecordedMarket) -> None:
    """What two workloads recorded, one of them with a gap: each minute once, the whole one, and the same shadows."""
    session, archive = market(1), MemoryArchive()
    import io

    from pyarrow import parquet

    def put(name: str, wanted: Sequence[str], whole: bool) -> None:
        rows = [(bar, whole) for symbol in wanted for bar in recorded.feed(DAY, [symbol])]
        data = io.BytesIO()
        parquet.write_table(bars_table(rows, session.instruments), data)
        archive.put(DAY, f"market/{name}.parquet", data.getvalue())

    symbols = [one.symbol for one in recorded.instruments(DAY) if one.kind is Kind.EQUITY]
    put("stock/bars-09-a", symbols, True)
    put("stock/bars-09-b", symbols[:5], False)
    archive.put(DAY, "market/stock/quotes-09-a.parquet", b"no bars")
    with archived_market(archive, DAY) as found:
        assert [one.symbol for one in found.instruments(DAY)] == symbols
        assert list(map(repr, found.feed(DAY, symbols[:7]))) == list(map(repr, recorded.feed(DAY, symbols[:7])))
    graded = Graded(recorded, **MODEL)
    assert graded.run(market=lambda day: archived_market(archive, day)) == graded.run()
    with pytest.raises(NothingRecorded), archived_market(MemoryArchive(), DAY):
        pass
