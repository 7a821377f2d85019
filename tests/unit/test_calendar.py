"""The calendar: hours by date, holidays, special sessions, and agreement with another calendar."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from common.market.calendar import (
    MarketClosed,
    holiday_name,
    is_trading_day,
    next_trading_day,
    previous_trading_day,
    session_on,
    session_times,
    sessions_between,
)
from common.market.indian_time import at, day_of
from common.market.instrument import AssetClass
from common.market.tables import OutsideTable, csv_table, toml_table

NOT_IN_XBOM = {
    "weekend sessions": {date(2020, 2, 1), date(2024, 1, 20), date(2024, 3, 2), date(2024, 5, 18), date(2025, 2, 1),
                         date(2026, 2, 1)},
    "Muhurat sessions, which XBOM calls closed": {
        date(2016, 10, 30), date(2017, 10, 19), date(2018, 11, 7), date(2019, 10, 27), date(2020, 11, 14),
        date(2021, 11, 4), date(2022, 10, 24), date(2023, 11, 12), date(2024, 11, 1), date(2025, 10, 21),
        date(2026, 11, 8),
    },
}


def clock(ts: int) -> str:
    return at(ts).strftime("%H:%M")


def test_normal_sessions_agree_with_exchange_calendars() -> None:
    """Every date of 2016-2026 that XBOM trades is a normal session here, and the special ones are the known ones."""
    calendars = pytest.importorskip("exchange_calendars", reason="install exchange_calendars to cross-check holidays")
    xbom = calendars.get_calendar("XBOM", start="2016-01-01", end="2026-12-31")
    theirs = {stamp.date() for stamp in xbom.sessions}
    ours = list(sessions_between(date(2016, 1, 1), date(2026, 12, 31), special=True))
    normal = {session.date for session in ours if session.kind == "normal"}
    assert normal == theirs
    assert {session.date for session in ours} - theirs == set().union(*NOT_IN_XBOM.values())


@pytest.mark.parametrize(
    ("day", "stock", "cash", "derivatives", "expiring"),
    [
        (date(2016, 8, 30), "15:30", "15:30", "15:30", "15:30"),
        (date(2026, 7, 31), "15:30", "15:30", "15:30", "15:30"),
        (date(2026, 8, 3), "15:15", "15:30", "15:40", "15:40"),
        (date(2026, 12, 4), "15:15", "15:30", "15:40", "15:40"),
        (date(2026, 12, 7), "15:30", "15:30", "15:45", "15:30"),
    ],
)
def test_closes_change_on_their_dates(day: date, stock: str, cash: str, derivatives: str, expiring: str) -> None:
    """The closing auction of 2026-08-03 and its revision of 2026-12-07 hold from their dates, not a day before."""
    session = session_on(day)
    assert session is not None
    assert clock(session.open) == "09:15"
    closes = (session.stock_close, session.cash_close, session.derivatives_close, session.expiring_index_close)
    assert tuple(map(clock, closes)) == (stock, cash, derivatives, expiring)


def test_auction_and_derivatives_pre_open_start_on_their_dates() -> None:
    """Before their dates there are none; after, they carry the announced times."""
    before, after = session_on(date(2025, 12, 5)), session_on(date(2025, 12, 8))
    assert before is not None
    assert after is not None
    assert before.derivatives_pre_open is None
    assert after.derivatives_pre_open is not None
    assert tuple(map(clock, after.derivatives_pre_open)) == ("09:00", "09:08")
    auction, revised = session_on(date(2026, 8, 3)), session_on(date(2026, 12, 7))
    assert after.auction is None
    assert auction is not None
    assert auction.auction is not None
    assert clock(auction.auction.entry_from) == "15:20"
    assert clock(auction.auction.match_until) == "15:35"
    assert revised is not None
    assert revised.auction is not None
    assert clock(revised.auction.entry_until) == "15:40"


def test_special_sessions_are_present_but_off_by_default() -> None:
    """A drill has two windows and does not trade unless asked for; a holiday in the week has no session at all."""
    drill = session_on(date(2024, 3, 2))
    assert drill is not None
    assert [tuple(map(clock, window)) for window in drill.windows] == [("09:15", "10:00"), ("11:30", "12:30")]
    assert not drill.trades_by_default
    assert not is_trading_day(date(2024, 3, 2))
    assert is_trading_day(date(2024, 3, 2), special=True)
    assert session_on(date(2026, 10, 2)) is None
    assert holiday_name(date(2026, 10, 2)) == "Mahatma Gandhi Jayanti"


def test_neighbours_skip_holidays_and_weekends() -> None:
    """Neighbours jump over closures; with `special` a Saturday session counts as the last close."""
    assert previous_trading_day(date(2024, 1, 23)) == date(2024, 1, 19)
    assert previous_trading_day(date(2024, 1, 23), special=True) == date(2024, 1, 20)
    assert next_trading_day(date(2026, 4, 2)) == date(2026, 4, 6)
    span = sessions_between(date(2026, 3, 30), date(2026, 4, 6))
    assert [session.date.day for session in span] == [30, 1, 2, 6]


@pytest.mark.parametrize("day", [date(2015, 12, 31), date(2027, 1, 1)])
def test_uncovered_dates_are_refused_with_the_remedy(day: date) -> None:
    """Outside the table the calendar does not guess: it names the file to extend."""
    with pytest.raises(OutsideTable, match=re.escape("holidays.csv")):
        session_on(day)


def test_closed_days_have_no_times() -> None:
    """Asking a holiday for its times says why it is closed and which day is next."""
    with pytest.raises(MarketClosed, match=r"2026-10-02.*Mahatma Gandhi.*2026-10-05"):
        session_times(date(2026, 10, 2), AssetClass.STOCK)


def test_policy_times_of_a_normal_day() -> None:
    """Cash entries end 14:30, derivatives 14:45, exits start 15:00; no short option after 13:00 on its expiry day."""
    stock, options = (session_times(date(2026, 8, 18), which) for which in (AssetClass.STOCK, AssetClass.OPTIONS))
    columns = ("open", "entry_from", "entry_cutoff", "square_off", "flat_by", "rms_cutoff", "close")
    assert [clock(getattr(stock, name)) for name in columns] == [
        "09:15", "09:20", "14:30", "15:00", "15:05", "15:00", "15:15"]
    assert [clock(getattr(options, name)) for name in columns] == [
        "09:15", "09:20", "14:45", "15:00", "15:05", "15:00", "15:40"]
    assert clock(options.expiry_short_cutoff) == "13:00"
    assert not stock.rms_confirmed


def test_every_session_has_times_in_order() -> None:
    """On all sessions of eleven years, for each class: enter, stop entering, exit, be flat, close, in this order."""
    for session in sessions_between(date(2016, 1, 1), date(2026, 12, 31), special=True):
        for asset_class in AssetClass:
            times = session_times(session.date, asset_class)
            order = [times.open, times.entry_from, times.expiry_short_cutoff, times.entry_cutoff, times.square_off,
                     times.flat_by, times.close]
            assert order == sorted(order), session.date
            assert times.rms_cutoff <= times.flat_by
            assert all(day_of(ts) == session.date for ts in (times.open, times.close, *times.steps.values()))
            assert list(times.steps.values()) == sorted(times.steps.values())
            assert times.steps["opening_gate"] < times.open
            assert times.steps["close_day"] > max(session.cash_close, session.derivatives_close)
            assert times.square_off <= times.steps["square_off"] < times.flat_by


def test_scheduled_steps_follow_the_design() -> None:
    """The morning's steps fall at the times of the design's table."""
    steps = session_times(date(2025, 8, 29), AssetClass.FUTURES).steps
    morning = ("sync_schedule", "remind_login", "prepare_day", "plan_day", "opening_gate", "login_until")
    assert [clock(steps[name]) for name in morning] == ["06:00", "08:00", "08:30", "08:45", "09:09", "10:00"]


def test_tables_name_their_sources_and_are_in_order() -> None:
    """Each shipped row has a source; dates are unique and ascending."""
    for name in ("holidays.csv", "special_sessions.csv"):
        rows = csv_table("common.market", name)
        days = [date.fromisoformat(row["date"]) for row in rows]
        assert days == sorted(set(days))
        assert all(row["source"] and row["name"] for row in rows)
    sessions = toml_table("common.market", "sessions.toml")
    for rows in (sessions["hours"], sessions["policy"]):
        assert all(row["source"] for row in rows)
        assert [row["from"] for row in rows] == sorted(row["from"] for row in rows)


def test_no_closure_is_longer_than_five_days() -> None:
    """A typing error in the table would tear a hole: no two normal sessions of the market are a week apart."""
    days = [session.date for session in sessions_between(date(2016, 1, 1), date(2026, 12, 31))]
    assert max(later - earlier for earlier, later in pairwise(days)) <= timedelta(days=5)
