"""Rolling futures: which contract is traded by the dated rule, and one history over the roll."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from common.market.calendar import previous_trading_day, sessions_between
from common.market.instrument import Instrument, Kind
from common.market.rules import futures_roll_day
from common.planning.continuity import continuous
from common.planning.contracts import contracts_of, nearest
from common.planning.history import DaySummary, features_of
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from tests.unit import planning_case as case

AUGUST, SEPTEMBER = date(2026, 8, 25), date(2026, 9, 29)
ROLL = previous_trading_day(AUGUST)
NEAR, NEXT = "NIFTY26AUGFUT", "NIFTY26SEPFUT"
BASIS = 150_00
"""Paise that the next month trades above the near one."""


def listed() -> list[Instrument]:
    return [
        Instrument(symbol, "NFO", Kind.FUTURE, 10, 65, 0, "NIFTY", expiry, 0, 1755)
        for symbol, expiry in ((NEAR, AUGUST), (NEXT, SEPTEMBER))
    ]


def traded_on(day: date) -> str:
    found = nearest(contracts_of(day, listed(), ["NIFTY"]), "NIFTY")
    assert found is not None
    return found.symbol


def days(first: date, last: date) -> list[date]:
    return [session.date for session in sessions_between(first, last)]


def sessions(symbol: str, first: date, last: date, basis: int = 0, turnover: int = 10**12) -> list[DaySummary]:
    """A market that gains 10 rupees a day from 25,000, with a range of 100, seen through one contract."""
    found = []
    for number, day in enumerate(days(date(2026, 8, 3), date(2026, 9, 28))):
        close = 25_000_00 + number * 10_00 + basis
        if first <= day <= last:
            found.append(case.summary(
                symbol, day, open=close - 10_00, high=close + 50_00, low=close - 50_00, close=close,
                turnover_paise=turnover,
            ))
    return found


def test_the_next_contract_is_traded_from_the_roll_on() -> None:
    """Until two trading days before the expiry the near one; on the last two the next; holidays do not count."""
    assert futures_roll_day(AUGUST) == ROLL == date(2026, 8, 24)
    for day in days(date(2026, 8, 10), AUGUST):
        assert traded_on(day) == (NEXT if day >= ROLL else NEAR), day
    assert traded_on(AUGUST + timedelta(days=1)) == NEXT


def test_with_nothing_to_roll_into_the_last_one_is_traded() -> None:
    """A recorded day may hold one contract only."""
    alone = contracts_of(AUGUST, listed()[:1], ["NIFTY"])
    assert [c.rolled for c in alone] == [True]
    assert nearest(alone, "NIFTY") == alone[0]


def test_beyond_the_calendar_it_rolls_on_its_last_day() -> None:
    """Where nobody can count trading days."""
    expiry = date(2031, 1, 28)
    far = [Instrument("NIFTY31JANFUT", "NFO", Kind.FUTURE, 10, 65, 0, "NIFTY", expiry, 0, 1755)]
    assert [contracts_of(day, far, [])[0].rolled for day in (expiry - timedelta(days=1), expiry)] == [False, True]


def test_a_plan_may_not_trade_the_contract_that_was_rolled() -> None:
    """The rules trade the next one, and a plan that does not is refused."""
    options = [one for one in case.instruments() if one.kind in (Kind.CALL, Kind.PUT, Kind.EQUITY, Kind.INDEX)]
    past = {"NIFTY 50": case.sessions("NIFTY 50", until=ROLL), NEXT: case.sessions(NEXT, until=ROLL)}
    evidence = case.evidence(past=past, listed=[*options, *listed()], day=ROLL)
    plan = plan_by_rules(evidence, case.mandate())
    assert validate_plan(plan, case.mandate(), evidence) == []
    own = next(one for one in plan.classes if one.asset_class == "futures")
    assert own.universe == (NEXT,)
    back = own.model_copy(update={"universe": (NEAR,)})
    classes = tuple(back if one is own else one for one in plan.classes)
    problems = validate_plan(plan.model_copy(update={"classes": classes}), case.mandate(), evidence)
    assert any(NEAR in problem for problem in problems)


def test_history_runs_over_the_roll_without_a_gap() -> None:
    """Before the roll the near contract's sessions moved by the basis, from then on the next one's own."""
    day = date(2026, 9, 1)
    near = sessions(NEAR, date(2026, 8, 3), AUGUST)
    own = sessions(NEXT, date(2026, 8, 17), day - timedelta(days=1), BASIS, turnover=10**9)
    contract = contracts_of(day, listed(), [])[0]
    assert contract.symbol == NEXT
    whole = continuous(contract, {NEAR: near, NEXT: own})
    assert [one.date for one in whole] == days(date(2026, 8, 3), date(2026, 8, 31))
    assert {one.symbol for one in whole} == {NEXT}
    closes = [one.close for one in whole]
    assert [b - a for a, b in pairwise(closes)] == [10_00] * (len(closes) - 1)
    assert {one.high - one.low for one in whole} == {100_00}
    assert [one.turnover_paise for one in whole] == [10**12 if one.date < ROLL else 10**9 for one in whole]
    features = features_of(NEXT, day, whole)
    assert features.gap_percent == pytest.approx(0, abs=1e-9)
    assert features.previous_close_paise == own[-1].close, "orders and limits see the contract's own price"


def test_three_contracts_are_chained() -> None:
    """Each shift is on top of the one after it."""
    july = [one.model_copy(update={"symbol": "NIFTY26JULFUT"}) for one in (
        case.summary("x", day, close=24_000_00, open=24_000_00, high=24_010_00, low=23_990_00)
        for day in days(date(2026, 7, 13), date(2026, 7, 24))
    )]
    near = [case.summary(NEAR, day, close=24_100_00, open=24_100_00, high=24_110_00, low=24_090_00)
            for day in days(date(2026, 7, 20), date(2026, 8, 7))]
    own = [case.summary(NEXT, day, close=24_250_00, open=24_250_00, high=24_260_00, low=24_240_00)
           for day in days(date(2026, 8, 3), date(2026, 8, 7))]
    contract = contracts_of(date(2026, 8, 10), listed(), [])[1]
    whole = continuous(contract, {"NIFTY26JULFUT": july, NEAR: near, NEXT: own})
    assert {one.close for one in whole} == {24_250_00}
    assert whole[0].date == date(2026, 7, 13)


def test_without_a_common_session_the_history_begins_with_the_contract() -> None:
    """A shift that nobody saw is not invented."""
    near = sessions(NEAR, date(2026, 8, 3), date(2026, 8, 14))
    own = sessions(NEXT, date(2026, 8, 24), date(2026, 8, 31), BASIS)
    contract = contracts_of(date(2026, 9, 1), listed(), [])[0]
    assert continuous(contract, {NEAR: near, NEXT: own, "BANKNIFTY26AUGFUT": near}) == own


def test_evidence_of_a_fresh_contract_has_its_underlyings_past() -> None:
    """On the first day after the roll the plan knows more than the contract's own few sessions."""
    past = {NEAR: sessions(NEAR, date(2026, 8, 3), date(2026, 8, 21)),
            NEXT: sessions(NEXT, date(2026, 8, 20), date(2026, 8, 21), BASIS)}
    evidence = case.evidence(past=past, listed=listed(), day=ROLL)
    assert evidence.features(NEXT).sessions == len(past[NEAR])
    assert evidence.features(NEXT).previous_close_paise == past[NEXT][-1].close
