"""Risk: what may be sent, how large, and that no sequence of entries and exits gets beyond a limit."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import Instrument, Kind
from common.trading.limits import EXIT_ALLOWED, Limits
from common.trading.risk import CONFIRM_AFTER, MAX_SLICES, Account, most_units
from tests.unit.trading_case import LIMITS, share


def limits(**changes: Any) -> Limits:
    """The ordinary ones, with changes."""
    return replace(LIMITS, **changes)


MONEY = st.integers(1, 10**9)


@given(
    capital=MONEY, value=MONEY, risk=MONEY, used=st.integers(1, 10**8), price=st.integers(5, 10**6),
    stop=st.integers(1, 10**5),
    lot=st.sampled_from([1, 15, 75]), freeze=st.none() | st.integers(1, 5000), margin=st.integers(1, 100),
)
def test_a_size_is_always_allowed_and_never_too_large(
    capital: int, value: int, risk: int, used: int, price: int, stop: int, lot: int, freeze: int | None, margin: int,
) -> None:
    """Whole lots within risk, value, free capital and freeze; a size above zero passes the check it was made for."""
    bounds = limits(
        capital=capital, max_order_value=value, risk_per_trade=risk, margin_percent=margin, daily_loss=10**12,
    )
    account = Account(bounds)
    account.reserved["BBB"] = used
    instrument = share("AAA", lot, freeze)
    quantity = account.size(instrument, price, stop)
    assert quantity >= 0
    assert quantity % lot == 0
    if not quantity:
        return
    assert quantity * stop <= risk
    assert account.need(price, quantity) <= min(value, capital - used)
    assert freeze is None or quantity <= MAX_SLICES * instrument.whole_lots(freeze)
    assert account.check_entry(instrument, price, quantity, stop).allowed
    more = account.check_entry(instrument, price, quantity + lot, stop)
    assert not more.allowed or quantity + lot > most_units(instrument)


@pytest.mark.parametrize(("changes", "used", "code"), [
    ({}, {}, "allow"),
    ({}, {"halted": "by hand"}, "halted"),
    ({"max_trades": 3}, {"trades": 3}, "max_trades"),
    ({"max_trades": 3}, {"trades": 2, "reserved": {"X": 1}}, "max_trades"),
    ({"max_open_positions": 2}, {"results": {"X": 0, "Y": 0}, "reserved": {"X": 1, "Y": 1}}, "max_open_positions"),
    ({"max_open_positions": 2}, {"results": {"X": 0}, "reserved": {"X": 1, "Y": 1}}, "max_open_positions"),
    ({"max_order_value": 99_99}, {}, "max_order_value"),
    ({"capital": 150_00}, {"reserved": {"X": 50_01}}, "capital"),
    ({"capital": 150_00}, {"reserved": {"X": 50_00}}, "allow"),
    ({"risk_per_trade": 99}, {}, "risk_per_trade"),
    ({"daily_loss": 1_000}, {"gross": -900}, "daily_loss"),
    ({"daily_loss": 1_000}, {"gross": -899}, "allow"),
    ({"daily_loss": 1_000}, {"pending_charges": 900}, "daily_loss"),
    ({"daily_loss": 1_000}, {"open_pnl": -900}, "daily_loss"),
    ({"losses_to_lock_class": 2}, {"losses_in_a_row": 2}, "class_locked"),
])
def test_each_limit_denies_with_its_code(changes: dict[str, Any], used: dict[str, Any], code: str) -> None:
    """One share at 100 rupees, stop at one rupee: exactly at a limit and just within."""
    account = Account(limits(**changes))
    for name, value in used.items():
        setattr(account, name, value)
    verdict = account.check_entry(share(), 100_00, 1, 100)
    assert (verdict.code, verdict.allowed) == (code, code == "allow")


@pytest.mark.parametrize(
    ("quantity", "stop", "code"), [(0, 100, "too_small"), (10, 100, "too_small"), (75, 0, "no_stop")],
)
def test_no_entry_without_lots_and_a_stop(quantity: int, stop: int, code: str) -> None:
    """A part of a lot is too small; no stop, no entry."""
    assert Account(LIMITS).check_entry(share(lot=75), 100_00, quantity, stop).code == code


def test_a_denial_shows_all_that_it_was_decided_from() -> None:
    """Numbers are exact: a person can work the verdict out again."""
    account = Account(limits(daily_loss=50_00, risk_per_trade=20_00, capital=1_000_00, max_order_value=300_00))
    account.reserve("BBB", 750_00, 35_00)
    instrument = share(lot=75)
    denied = account.check_entry(instrument, 100_00, account.size(instrument, 100_00, 1_00), 1_00)
    assert (denied.code, dict(denied.numbers)) == ("too_small", {
        "units": 0, "price": 100_00, "lot": 75, "stop_distance": 1_00, "risk_per_trade": 20_00, "risk_left": 15_00,
        "max_order_value": 300_00, "free": 250_00,
    })
    refused = account.check_entry(share(), 100_00, 3, 1_00)
    assert (refused.code, dict(refused.numbers)) == ("capital", {
        "need": 300_00, "used": 750_00, "capital": 1_000_00, "risk": 3_00, "net": 0, "at_risk": 35_00,
    })


@pytest.mark.parametrize(("stop", "units"), [(100, 9), (111, 9), (112, 8), (1_000, 0), (999, 1)])
def test_a_size_leaves_a_paisa_of_the_days_loss(stop: int, units: int) -> None:
    """Met at its stop it ends the day just short of the daily loss: the size is the largest that is still allowed."""
    account = Account(limits(daily_loss=2_000, risk_per_trade=5_000))
    account.reserve("BBB", 0, 1_000)
    assert account.size(share(), 100_00, stop) == units
    assert account.check_entry(share(), 100_00, units, stop).allowed is bool(units)
    assert account.check_entry(share(), 100_00, units + 1, stop).code == "daily_loss"


@pytest.mark.parametrize(("price", "stop", "used"), [(0, 100, 0), (100, 0, 0), (100, 100, LIMITS.capital)])
def test_without_price_stop_or_capital_nothing_is_sized(price: int, stop: int, used: int) -> None:
    """Zero units, and no error that would stop the day."""
    account = Account(LIMITS)
    account.reserve("BBB", used, 0)
    assert account.size(share(), price, stop) == 0


def test_what_is_there_after_all_is_bound_besides() -> None:
    """A late order binds its own capital and risk, alone or on top of another of the same symbol."""
    account = Account(LIMITS)
    account.reserve_more("AAA", 500, 30)
    assert (account.reserved, account.at_risk) == ({"AAA": 500}, {"AAA": 30})
    account.reserve_more("AAA", 70, 5)
    assert (account.reserved, account.at_risk) == ({"AAA": 570}, {"AAA": 35})
    account.reserve("AAA", 1, 1)
    account.release("AAA")
    assert (account.reserved, account.at_risk) == ({}, {})


def test_another_day_begins_as_the_first_did() -> None:
    """Counts, losses, locks and the halt are gone; capital and risk of what is open stay bound."""
    account, fresh = Account(LIMITS), Account(LIMITS)
    day = ("trades", "gross", "charges", "losses", "losses_in_a_row", "halted", "warned_at", "floor", "net")
    assert [getattr(fresh, name) for name in day] == [0, 0, 0, {}, 0, "", 0, -LIMITS.daily_loss, 0]
    for name, instrument in (("AAA", share("AAA")), ("BBB", share("BBB"))):
        account.open(name, 500, 30)
        account.open_pnl -= 900
        account.close(name, name, -900, 50)
        account.judge(name, instrument)
    account.release("AAA")
    account.halted, account.warned_at = "daily loss reached", 7
    assert account.floor == 2 * 950 - LIMITS.daily_loss
    account.open_day()
    assert [getattr(account, name) for name in day] == [getattr(fresh, name) for name in day]
    assert (account.reserved, account.at_risk) == ({"BBB": 500}, {"BBB": 30})


def test_the_daily_loss_counts_from_exactly_there() -> None:
    """At the limit to the paisa the confirmation begins; one paisa less ends it, and it must begin anew."""
    account = Account(limits(daily_loss=1_000))
    account.open_pnl = -1_000
    assert not account.loss_reached(5)
    assert not account.loss_reached(5 + CONFIRM_AFTER - 1)
    assert account.loss_reached(5 + CONFIRM_AFTER)
    account.open_pnl = -999
    assert not account.loss_reached(6 + CONFIRM_AFTER)
    account.open_pnl = -1_000
    assert not account.loss_reached(7 + CONFIRM_AFTER)


def test_losses_lock_a_symbol_by_its_underlying() -> None:
    """Two losing options on one index lock every option on it; another underlying is free."""
    account = Account(limits(losses_to_lock_symbol=2))
    call = Instrument("NIFTYC", "NFO", Kind.CALL, 5, 75, underlying="NIFTY")
    put = Instrument("NIFTYP", "NFO", Kind.PUT, 5, 75, underlying="NIFTY")
    other = Instrument("BANKC", "NFO", Kind.CALL, 5, 75, underlying="BANKNIFTY")
    for lost in (call, put):
        assert account.check_entry(call, 10_00, 75, 5).allowed
        account.open(lost.symbol, 1, 1)
        account.close(lost.symbol, lost.symbol, 100, 200)
        account.judge(lost.symbol, lost)
        account.release(lost.symbol)
    locked = account.check_entry(call, 10_00, 75, 5)
    assert (locked.allowed, locked.code, dict(locked.numbers)) == (False, "symbol_locked", {"losses": 2, "limit": 2})
    assert account.check_entry(other, 10_00, 75, 5).allowed


def test_a_win_ends_the_row_of_losses() -> None:
    """Only losses in a row lock the class; what charges eat is a loss too, nothing won and nothing lost is none."""
    account = Account(limits(losses_to_lock_class=2))
    for gross, in_a_row in ((-1, 1), (300, 0), (199, 1), (200, 0), (199, 1)):
        account.open("AAA", 1, 1)
        account.close("AAA", "AAA", gross, 200)
        account.judge("AAA", share())
        account.release("AAA")
        assert account.losses_in_a_row == in_a_row
    assert account.check_entry(share(), 100_00, 1, 100).allowed


def test_a_loss_speaks_against_its_own_share_alone() -> None:
    """Another share has no part in it."""
    account = Account(limits(losses_to_lock_symbol=1))
    account.open("AAA", 1, 1)
    account.close("AAA", "AAA", -1, 0)
    account.judge("AAA", share("AAA"))
    assert account.check_entry(share("AAA"), 100_00, 1, 100).code == "symbol_locked"
    assert account.check_entry(share("BBB"), 100_00, 1, 100).allowed


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(0, 50)), max_size=20), st.integers(-2000, 500))
def test_the_floor_is_the_daily_loss(trades: list[tuple[int, int]], open_pnl: int) -> None:
    """The kept floor says the same as net P&L: reached at the second look in a row, and not before."""
    account = Account(limits(daily_loss=1_000))
    for gross, charges in trades:
        account.open("AAA", 1, 1)
        account.open_pnl += gross
        account.close("AAA", "AAA", gross, charges)
    account.bind("AAA", 30)
    account.open_pnl += open_pnl
    beyond = account.net <= -1_000
    assert account.net == sum(g - c for g, c in trades) + open_pnl - 30
    assert not account.loss_reached(1)
    assert account.loss_reached(1 + CONFIRM_AFTER) is beyond


def test_what_is_bound_is_rounded_up() -> None:
    """Half of five paise is three: a limit is never passed by rounding."""
    assert Account(limits(margin_percent=50)).need(5, 1) == 3


def test_an_exit_is_allowed_by_itself() -> None:
    """No account is asked."""
    assert (EXIT_ALLOWED.allowed, EXIT_ALLOWED.code) == (True, "exit")


def test_peaks_are_remembered() -> None:
    """The most that was used, not what is used now."""
    account = Account(LIMITS)
    account.note_peaks()
    assert (account.peak_used, account.peak_loss, account.peak_positions) == (0, 0, 0)
    account.open("AAA", 500, 1)
    account.gross = -70
    account.note_peaks()
    account.judge("AAA", share())
    account.release("AAA")
    account.gross = 90
    account.note_peaks()
    assert (account.peak_used, account.peak_loss, account.peak_positions) == (500, 70, 1)
