"""What may not be entered today: contracts that settle in shares soon, and those without a freeze quantity."""

from datetime import date, timedelta

import pytest

from common.market.calendar import previous_trading_day, sessions_between
from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.exclusions import NO_BAN_LIST, UNKNOWN_FREEZE, exclusions
from common.planning.limits import full_limits
from common.planning.plan import ClassPlan
from common.planning.session_facts import class_times
from common.research.workload import open_session
from tests.unit import planning_case

EXPIRY = date(2026, 8, 25)


def contract(
    underlying: str = "SBIN", expiry: date | None = EXPIRY, freeze: int | None = 5_000, kind: Kind = Kind.FUTURE,
) -> Instrument:
    """A derivative; stocks settle in shares."""
    return Instrument(f"{underlying}-{kind}", "NFO", kind, 5, 750, 0, underlying, expiry, 0, freeze)


def test_no_entries_in_the_last_four_trading_days_before_shares_are_delivered() -> None:
    """The fifth trading day before the expiry is the last; weekends and holidays between them do not count."""
    last = EXPIRY
    for _ in range(5):
        last = previous_trading_day(last)
    for session in sessions_between(EXPIRY - timedelta(days=30), EXPIRY):
        for kind in (Kind.FUTURE, Kind.CALL, Kind.PUT):
            found = exclusions(session.date, [contract(kind=kind)], banned=())
            assert bool(found) == (session.date > last), session.date
            assert not found or f"no entries after {last}" in found[f"SBIN-{kind}"]


def test_index_contracts_are_settled_in_cash() -> None:
    """On the very day of its expiry an index contract may be entered."""
    assert exclusions(EXPIRY, [contract("NIFTY")]) == {}


@pytest.mark.parametrize("kind", [Kind.FUTURE, Kind.CALL, Kind.PUT])
def test_an_unknown_freeze_quantity_denies(kind: Kind) -> None:
    """Of an index or a stock, however far away the expiry is."""
    far = EXPIRY + timedelta(days=90)
    found = exclusions(EXPIRY, [contract("SENSEX", far, None, kind), contract("SBIN", far, None, kind)])
    assert found == {f"SENSEX-{kind}": UNKNOWN_FREEZE, f"SBIN-{kind}": UNKNOWN_FREEZE}


def test_a_banned_underlying_is_not_entered() -> None:
    """Whatever its expiry; an index of that name is not concerned, and without a list nobody knows: no stock at all."""
    far = contract(expiry=EXPIRY + timedelta(days=60))
    near = contract(expiry=EXPIRY, kind=Kind.CALL)
    day = EXPIRY - timedelta(days=19)
    assert exclusions(day, [far, near, contract("NIFTY")], banned={"SBIN", "NIFTY"}) == {
        one.symbol: "SBIN is on today's ban list: positions may only be reduced" for one in (far, near)
    }
    assert exclusions(day, [far, near], banned={"TCS"}) == {}
    assert exclusions(day, [far, near, contract("NIFTY")]) == {far.symbol: NO_BAN_LIST, near.symbol: NO_BAN_LIST}


def test_what_has_neither_is_left_alone() -> None:
    """Shares and indices have no freeze quantity here; a derived forward has no expiry."""
    listed = [Instrument("SBIN", "NSE", Kind.EQUITY, 5), Instrument("NIFTY 50", "NSE", Kind.INDEX, 1)]
    assert exclusions(EXPIRY, [*listed, contract(expiry=None)]) == {}


def test_beyond_the_calendar_it_is_denied() -> None:
    """Where nobody can count the trading days, a contract that settles in shares is not entered."""
    found = exclusions(date(2026, 12, 30), [contract(expiry=date(2027, 1, 12))])
    assert "the calendar does not say" in found["SBIN-FUT"]


def test_a_session_opens_with_its_exclusions() -> None:
    """Whatever plan or backtest asks for it, such a contract is watched and not entered; others are free."""
    limits = full_limits(planning_case.mandate(), class_times(EXPIRY, AssetClass.FUTURES))
    plan = ClassPlan(
        asset_class=AssetClass.FUTURES, enabled=True, strategy="trend", universe=("SBIN-FUT", "NIFTY-FUT"), size=1.0,
        limits=limits,
    )
    session = open_session(EXPIRY, plan, [contract(), contract("NIFTY")])
    assert "settles in shares" in session.slots["SBIN-FUT"].blocked
    assert session.slots["NIFTY-FUT"].blocked == ""
