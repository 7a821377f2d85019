"""Futures and option chains of one day, cut to what planning needs of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Field

from common.market.instrument import Instrument, Kind
from common.market.rules import futures_roll_day
from common.market.tables import OutsideTable
from common.planning.document import Record

MAX_CONTRACTS: Final = 300
MAX_CHAINS: Final = 200
FARTHEST_ROLL_DAYS: Final = 20
"""Calendar days: an expiry further away is not rolled, holidays or not; it is not looked up."""
NO_EXPIRY: Final = 10_000
"""Days: a derived forward without an expiry sorts behind every contract that has one."""

INDEX_OF: Final = {
    "NIFTY": "NIFTY 50", "BANKNIFTY": "NIFTY BANK", "FINNIFTY": "NIFTY FIN SERVICE",
    "MIDCPNIFTY": "NIFTY MID SELECT", "NIFTYNXT50": "NIFTY NEXT 50",
}
"""The broker's name of an index, by its name as an underlying in the same broker's dump."""
CASH_SETTLED: Final = frozenset({*INDEX_OF, "SENSEX", "BANKEX", "SENSEX50"})
"""Index underlyings. Stock derivatives settle in shares and can be banned for a day; without the day's ban list they
are not traded (facts/trading.md, 7)."""

Whole = Annotated[int, Field(ge=0)]


class Contract(Record):
    """One future. lot: units. days_to_expiry: calendar days, 0 on the day itself, None for a derived forward.

    rolled: so near to its expiry that the next one is traded in its place, where there is one.
    """

    symbol: str
    underlying: str
    expiry: date | None
    days_to_expiry: Whole | None
    lot: Annotated[int, Field(ge=1)]
    rolled: bool = False

    @property
    def nearness(self) -> tuple[int, str]:
        """Sorts nearer expiries first."""
        return (NO_EXPIRY if self.days_to_expiry is None else self.days_to_expiry, self.symbol)


class Chain(Record):
    """Calls and puts of one underlying and expiry. Strikes: paise. lot: units.

    strike_step_paise: the most usual distance between neighbours, 0 with one strike alone.
    signal_symbol: what drives the strategy: the future of that expiry, else the nearest, else the index; '' if none.
    """

    underlying: str
    expiry: date
    days_to_expiry: Whole
    lot: Annotated[int, Field(ge=1)]
    calls: Whole
    puts: Whole
    lowest_strike_paise: Whole
    highest_strike_paise: Whole
    strike_step_paise: Whole = 0
    signal_symbol: str

    @property
    def complete(self) -> bool:
        """Whether it can be traded both ways and has something to drive it."""
        return bool(self.calls and self.puts and self.signal_symbol)


def contracts_of(day: date, instruments: Iterable[Instrument], preferred: Sequence[str]) -> tuple[Contract, ...]:
    """Futures that have not expired by `day`: preferred underlyings first, then by expiry; at most 300."""
    found = [
        Contract(
            symbol=one.symbol, underlying=one.underlying or one.symbol, expiry=one.expiry, lot=one.lot,
            days_to_expiry=(one.expiry - day).days if one.expiry else None, rolled=_rolled(day, one.expiry),
        )
        for one in instruments
        if one.kind is Kind.FUTURE and (one.expiry is None or one.expiry >= day)
    ]
    found.sort(key=lambda c: (_rank(c.underlying, preferred), c.nearness))
    return tuple(found[:MAX_CONTRACTS])


def chains_of(
    day: date, instruments: Sequence[Instrument], contracts: Sequence[Contract], preferred: Sequence[str]
) -> tuple[Chain, ...]:
    """Chains that have not expired by `day`, ordered as `contracts_of` orders; at most 200."""
    rows: dict[tuple[str, date], list[Instrument]] = defaultdict(list)
    for one in instruments:
        if one.kind in (Kind.CALL, Kind.PUT) and one.expiry is not None and one.expiry >= day and one.underlying:
            rows[one.underlying, one.expiry].append(one)
    indices = {one.symbol for one in instruments if one.kind is Kind.INDEX}
    keys = sorted(rows, key=lambda key: (_rank(key[0], preferred), key[1], key[0]))[:MAX_CHAINS]
    return tuple(_chain(day, key, rows[key], _signal(key, contracts, indices)) for key in keys)


def nearest(contracts: Iterable[Contract], underlying: str) -> Contract | None:
    """The future that is traded: the nearest that is not rolled, else the nearest; None without any."""
    own = [c for c in contracts if c.underlying == underlying]
    return min(own, key=lambda c: (c.rolled, c.nearness)) if own else None


def index_names(underlying: str) -> tuple[str, ...]:
    """Names under which the index of an underlying may be found, the broker's first."""
    return (INDEX_OF.get(underlying, underlying), underlying)


def _chain(day: date, key: tuple[str, date], rows: Sequence[Instrument], signal: str) -> Chain:
    strikes = [one.strike for one in rows]
    steps = Counter(after - before for before, after in pairwise(sorted(set(strikes))))
    calls = sum(one.kind is Kind.CALL for one in rows)
    return Chain(
        underlying=key[0], expiry=key[1], days_to_expiry=(key[1] - day).days, lot=max(one.lot for one in rows),
        calls=calls, puts=len(rows) - calls, lowest_strike_paise=min(strikes), highest_strike_paise=max(strikes),
        strike_step_paise=max(steps, key=lambda step: (steps[step], -step), default=0), signal_symbol=signal,
    )


def _signal(key: tuple[str, date], contracts: Sequence[Contract], indices: set[str]) -> str:
    underlying, expiry = key
    own = [c for c in contracts if c.underlying == underlying]
    if own:
        return min(own, key=lambda c: (c.expiry != expiry, c.nearness)).symbol
    return next((name for name in index_names(underlying) if name in indices), "")


def _rolled(day: date, expiry: date | None) -> bool:
    """By the dated rule; where the calendar does not say, on the last day."""
    if expiry is None or (expiry - day).days > FARTHEST_ROLL_DAYS:
        return False
    try:
        return day >= futures_roll_day(expiry)
    except OutsideTable:
        return day >= expiry


def _rank(underlying: str, preferred: Sequence[str]) -> int:
    return preferred.index(underlying) if underlying in preferred else len(preferred)
