"""Generated markets that several tests look at, made once each."""

from datetime import date
from functools import cache

from common.market.bar import Bar
from common.market.indian_time import day_of
from common.market.instrument import Instrument, Kind
from common.research.generator import generate
from common.research.recorded import Recording

DAY = date(2026, 11, 4)
FUTURE = "NIFTY26NOVFUT"


@cache
def market(seed: int, day: date = DAY, sessions_before: int = 1) -> Recording:
    return generate(day, seed, sessions_before=sessions_before)


def today(recording: Recording, symbol: str, day: date = DAY) -> list[Bar]:
    return [bar for bar in recording.bars[symbol] if day_of(bar.ts) == day]


def options(recording: Recording, kind: Kind, expiry: date) -> list[Instrument]:
    found = [one for one in recording.instruments.values() if one.kind is kind and one.expiry == expiry]
    return sorted(found, key=lambda one: one.strike)


def expiries_in(recording: Recording) -> list[date]:
    return sorted({one.expiry for one in recording.instruments.values() if one.expiry and one.kind is Kind.CALL})
