"""The exchange's lists: parsed strictly, named when missing, and what they rule out reaches plan and session."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryStore
from common.day.prepare import prepare_day
from common.market.calendar import next_trading_day, previous_trading_day
from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.evidence import Evidence, build_evidence
from common.planning.notices import COLUMNS, NAMED_WHEN_MISSING, NoticeError, Notices, parse_notices, shares_out
from common.planning.rule_planner import plan_by_rules
from common.planning.session_facts import session_facts
from common.planning.validation import reduction_problems, validate_plan
from common.research.workload import open_session, select
from tests.unit import planning_case as case

EX = date(2026, 8, 19)
WHOLE: Mapping[str, str | None] = {
    "surveillance": "symbol,stage\nTCS,ASM I\nTCS,GSM 0\n",
    "series": "symbol,series\nSBIN,EQ\nINFY,be\nTCS,EQ\nAXISBANK,EQ\n",
    "ex_dates": f"symbol,ex_date\nAXISBANK,{EX}\n", "derivatives": "symbol\nSBIN\n",
    "previous_closes": "symbol,close\nSBIN,1000.00\nTCS,1000\n", "ban": "symbol\nINFY\n",
}
FREE = parse_notices({"surveillance": "symbol,stage\n", "series": "symbol,series\n" + "".join(
    f"{symbol},EQ\n" for symbol in case.STOCKS), "ex_dates": "symbol,ex_date\n"})


def prepared(notices: Notices | None, listed: list[Instrument] | None = None) -> Evidence:
    instruments = case.instruments() if listed is None else listed
    return build_evidence(
        case.DAY, session_facts(case.DAY), case.history(), instruments, case.mandate(), (), notices
    )


def test_each_list_rules_out_what_it_names() -> None:
    """Surveillance, another series, an ex-date; what no list names is free."""
    found = shares_out(case.DAY, ["SBIN", "INFY", "TCS", "AXISBANK"], parse_notices(WHOLE), {})
    assert set(found) == {"INFY", "TCS", "AXISBANK"}
    assert found["TCS"] == "it is under surveillance: ASM I, GSM 0"
    assert "series BE" in found["INFY"]
    assert str(EX) in found["AXISBANK"]


def test_a_share_that_the_list_of_series_does_not_know_is_out() -> None:
    """Nobody says that it is EQ."""
    assert "not in today's list" in shares_out(case.DAY, ["ODD"], parse_notices(WHOLE), {})["ODD"]


def test_an_ex_date_rules_out_its_day_and_one_trading_day_each_side() -> None:
    """Over a weekend Friday and Monday are neighbours."""
    for ex in (date(2026, 8, 19), date(2026, 8, 17), date(2026, 8, 21)):
        notices = Notices(ex_dates={"SBIN": (ex,)})
        around = {previous_trading_day(ex), ex, next_trading_day(ex)}
        for offset in range(-8, 9):
            day = ex + timedelta(days=offset)
            out = bool(shares_out(day, ["SBIN"], notices, {}))
            if day.weekday() < 5:
                assert out == (day in around), day


@pytest.mark.parametrize(("theirs", "out"), [
    (1000_00, False), (1030_00, False), (970_00, False), (1030_01, True), (969_99, True), (500_00, True),
])
def test_another_previous_close_than_ours_blocks(theirs: int, out: bool) -> None:
    """Within 3 % both are the same day's close; beyond it something happened that our history does not know."""
    notices = Notices(previous_closes={"SBIN": (theirs,)})
    assert bool(shares_out(case.DAY, ["SBIN"], notices, {"SBIN": 1000_00})) == out
    assert shares_out(case.DAY, ["SBIN"], notices, {}) == {}


@pytest.mark.parametrize(("name", "text", "says"), [
    ("series", "symbol\nSBIN\n", "no column series"), ("series", "", "no column symbol, series"),
    ("ex_dates", "symbol,ex_date\nSBIN,19-08-2026\n", r"row 2 \(SBIN 19-08-2026\)"),
    ("surveillance", "symbol,stage\nSBIN,\n", "row 2"), ("previous_closes", "symbol,close\nSBIN,0\n", "not above 0"),
    ("previous_closes", "symbol,close\nSBIN,ten\n", "row 2"), ("derivatives", "name\nSBIN\n", "no column symbol"),
])
def test_a_damaged_list_is_refused_with_its_row(name: str, text: str, says: str) -> None:
    """Nothing of it is used."""
    with pytest.raises(NoticeError, match=says):
        parse_notices({name: text})


def test_what_is_missing_is_named_and_halves_the_size() -> None:
    """Each list by its file; the class trades at half size, and the gate is amber."""
    evidence = prepared(Notices())
    texts = " ".join(one.text for one in evidence.missing if one.scope == "stock")
    assert all(f"lists/{name}.csv" in texts for name in (*NAMED_WHEN_MISSING, "derivatives"))
    plan = plan_by_rules(evidence, case.mandate()).of(AssetClass.STOCK)
    assert plan is not None
    assert (plan.size, evidence.gate.verdict) == (0.5, "amber")
    free = plan_by_rules(prepared(FREE), case.mandate()).of(AssetClass.STOCK)
    assert free is not None
    assert free.size == 0.5, "nobody says which have derivatives"


def test_a_plan_with_an_excluded_share_is_refused_with_the_reason() -> None:
    """The rules leave it out; whoever names it all the same is told why it may not be."""
    evidence = prepared(parse_notices(WHOLE))
    assert evidence.stocks == ("SBIN",)
    plan = plan_by_rules(evidence, case.mandate())
    assert validate_plan(plan, case.mandate(), evidence) == []
    own = plan.of(AssetClass.STOCK)
    assert own is not None
    assert own.universe == ("SBIN",)
    classes = tuple(
        one.model_copy(update={"universe": ("SBIN", "TCS")}) if one is own else one for one in plan.classes
    )
    problems = validate_plan(plan.model_copy(update={"classes": classes}), case.mandate(), evidence)
    assert problems == ["stock: TCS may not be traded: it is under surveillance: ASM I, GSM 0"]


def test_only_shares_with_derivatives_are_sold_short() -> None:
    """By the day's instruments or by the list; the plan says so, may not say less, and the session keeps it."""
    future = Instrument("SBIN26AUGFUT", "NFO", Kind.FUTURE, 5, 750, 0, "SBIN", case.WEEKLY, 0, 15_000)
    evidence = prepared(FREE, [*case.instruments(), future])
    assert evidence.long_only == ("AXISBANK", "INFY", "TCS")
    assert "SBIN" not in prepared(parse_notices(WHOLE)).long_only
    plan = plan_by_rules(evidence, case.mandate())
    own = plan.of(AssetClass.STOCK)
    assert own is not None
    assert set(own.long_only) == {"AXISBANK", "INFY", "TCS"}
    session = open_session(case.DAY, own, select(own, case.instruments()))
    assert {name: slot.may_short for name, slot in session.slots.items()} == {
        "SBIN": True, "AXISBANK": False, "INFY": False, "TCS": False,
    }
    bold = own.model_copy(update={"long_only": ()})
    other = plan.model_copy(update={"classes": tuple(bold if one is own else one for one in plan.classes)})
    assert len(validate_plan(other, case.mandate(), evidence)) == 3
    assert reduction_problems(plan, other) == ["stock: long_only shrank"]
    free = own.model_copy(update={"banned": ()})
    other = plan.model_copy(update={"classes": tuple(free if one is own else one for one in plan.classes)})
    assert reduction_problems(plan, other) == ["stock: banned was changed"]


class Market:
    """Instruments and no history."""

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return case.instruments()

    def history(self, day: date, sessions: int) -> dict[str, list[list[object]]]:
        del day, sessions
        return {}

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[object]:
        del symbols, at
        return []


def test_the_days_archive_is_where_the_lists_are(tmp_path: Path) -> None:
    """What is there counts; what is there and damaged is a finding of the gate, and counts as missing."""
    archive, store = DirectoryArchive(tmp_path), MemoryStore()
    for name in COLUMNS:
        text = WHOLE[name] if name != "ex_dates" else "symbol,ex_date\nSBIN,soon\n"
        archive.put(case.DAY, f"lists/{name}.csv", (text or "").encode())
    evidence = Evidence.from_fields(prepare_day(case.DAY, store, archive, Market(), case.mandate(), 5))  # type: ignore[arg-type]
    assert set(evidence.excluded) == {"INFY", "TCS"}
    assert any(one.name == "list_ex_dates" and "SBIN soon" in one.text for one in evidence.gate.reasons)
    assert any("ex_dates.csv" in one.text for one in evidence.missing)
    assert evidence.banned == ("INFY",)
