"""The generated option chain: strikes, parity with the future, smile, spreads, activity."""

import math
from datetime import date
from itertools import pairwise
from statistics import mean

import pytest

from common.market.calendar import session_on
from common.market.instrument import Instrument, Kind
from common.research import smile
from common.research.option_chain import NANOSECONDS_A_YEAR
from tests.unit.generated_market import FUTURE, expiries_in, market, options, today


def test_the_chain_has_two_expiries_of_31_strikes() -> None:
    """Strikes are 50 points apart around the money, named as the broker names them."""
    recording = market(1)
    weekly, monthly = expiries_in(recording)
    assert (weekly, monthly) == (date(2026, 11, 9), date(2026, 11, 17))
    strikes = [one.strike for one in options(recording, Kind.CALL, weekly)]
    assert strikes == [one.strike for one in options(recording, Kind.PUT, weekly)]
    assert {after - before for before, after in pairwise(strikes)} == {5_000}
    assert len(strikes) == 31
    assert abs(strikes[15] - today(recording, FUTURE)[0].open) <= 2_500
    symbol = options(recording, Kind.PUT, monthly)[0].symbol
    assert symbol == f"NIFTY26N17{strikes[0] // 100}PE"


def test_put_and_call_keep_parity_with_the_future() -> None:
    """At every minute the middle of call less put is the discounted forward less strike, within the spreads."""
    recording = market(1)
    future = today(recording, FUTURE)
    future_close = _close_of(recording.instruments[FUTURE])
    for expiry in expiries_in(recording):
        for call, put in zip(options(recording, Kind.CALL, expiry), options(recording, Kind.PUT, expiry), strict=True):
            close = _close_of(call)
            carry = math.exp(smile.RATE * (close - future_close) / NANOSECONDS_A_YEAR)
            minutes = zip(recording.bars[call.symbol], recording.bars[put.symbol], future, strict=True)
            for c, p, f in list(minutes)[::40]:
                years = (close - f.ts) / NANOSECONDS_A_YEAR
                fair = smile.discount(years) * (f.close * carry - call.strike)
                slack = (c.ask - c.bid + p.ask - p.bid) / 2 + 2 * call.tick
                assert (c.bid + c.ask - p.bid - p.ask) / 2 == pytest.approx(fair, abs=slack)


def _close_of(contract: Instrument) -> int:
    assert contract.expiry is not None
    session = session_on(contract.expiry)
    assert session is not None
    return session.expiring_index_close


def test_the_smile_is_skewed_and_premiums_fall_with_the_strike() -> None:
    """Low strikes are dearer in volatility than high ones, both wings above the middle; calls fall, puts rise."""
    low, middle, high, far = (smile.volatility(0.12, 25_000, k, 10 / 365) for k in (24_000, 25_000, 25_500, 26_500))
    assert low > middle
    assert low > smile.volatility(0.12, 25_000, 26_000, 10 / 365)
    assert far > high
    recording = market(1)
    weekly = expiries_in(recording)[0]
    calls = [recording.bars[one.symbol][100].ask for one in options(recording, Kind.CALL, weekly)]
    puts = [recording.bars[one.symbol][100].ask for one in options(recording, Kind.PUT, weekly)]
    assert calls[:20] == sorted(calls[:20], reverse=True)
    assert puts[10:] == sorted(puts[10:])


def test_black_76_against_known_values() -> None:
    """At the money the call is worth about 0.4 deviations; far in the money its intrinsic value; parity holds."""
    years, forward = 30 / 365, 25_000.0
    at_money = smile.call_price(forward, forward, years, 0.12)
    assert at_money == pytest.approx(smile.discount(years) * forward * 0.12 * math.sqrt(years) * 0.39894, rel=1e-3)
    deep = smile.call_price(forward, 15_000.0, years, 0.12)
    assert deep == pytest.approx(smile.discount(years) * 10_000, rel=1e-9)
    assert smile.put_price(at_money, forward, forward, years) == pytest.approx(at_money)


def test_spreads_widen_away_from_the_money() -> None:
    """Deep in the money the book is several times as wide as at the money, and never less than a tick."""
    recording = market(1)
    calls = options(recording, Kind.CALL, expiries_in(recording)[0])

    def spread(option: Instrument) -> float:
        return mean(bar.ask - bar.bid for bar in recording.bars[option.symbol])

    assert spread(calls[0]) > 2 * spread(calls[15])
    for option in calls:
        assert min(bar.ask - bar.bid for bar in recording.bars[option.symbol]) >= option.tick


def test_the_money_trades_most() -> None:
    """Volume and open interest are highest near the money, in whole lots."""
    recording = market(1)
    calls = options(recording, Kind.CALL, expiries_in(recording)[0])
    volume = [sum(bar.volume for bar in recording.bars[one.symbol]) for one in calls]
    assert sum(volume[10:21]) > 2 * (sum(volume[:5]) + sum(volume[-5:]))
    for option in calls:
        assert all(bar.volume % option.lot == 0 == bar.oi % option.lot for bar in recording.bars[option.symbol])
