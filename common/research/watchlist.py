"""What is recorded of a day beyond what is traded: the mandate's universe, and option strikes around the money."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.contracts import CASH_SETTLED, INDEX_OF
from common.planning.mandate import ANY, Mandate

STRIKES_EACH_SIDE: Final = 15
EXPIRIES: Final = 2
MOST_OF_ANY: Final = 250
MOST: Final = 1_000
"""Of one workload: it shares a connection of 3,000 with what is traded."""

Prices = Callable[[Sequence[str]], Mapping[str, int]]
"""Last prices in paise, by symbol, of those that are known."""


def watchlist(
    mandate: Mandate, asset_class: AssetClass, day: date, instruments: Sequence[Instrument], prices: Prices,
) -> list[Instrument]:
    """In the mandate's order, at most MOST. '*' stands for index underlyings; for stocks as `shares_of_any` has it.

    prices: asked once, for the indices whose options are recorded.
    """
    universe = mandate.of(asset_class).universe
    names = [name for name in universe if name != ANY]
    if asset_class is AssetClass.STOCK:
        known = {one.symbol: one for one in instruments if one.kind is Kind.EQUITY and one.exchange == "NSE"}
        named = [known[name] for name in names if name in known]
        return list(dict.fromkeys([*named, *shares_of_any(mandate, instruments)]))[:MOST]
    if ANY in universe:
        names += sorted(CASH_SETTLED - set(names))
    if asset_class is AssetClass.FUTURES:
        return _futures(names, day, instruments)[:MOST]
    return _options(names, day, instruments, prices)[:MOST]


def shares_of_any(mandate: Mandate, instruments: Sequence[Instrument]) -> list[Instrument]:
    """Shares that are looked at where the mandate admits any: those with derivatives, by symbol.

    They are the liquid ones, about 200. Where the broker lists no derivatives of shares, the first of all.
    """
    if not mandate.stock.enabled or ANY not in mandate.stock.universe:
        return []
    derived = {one.underlying for one in instruments if one.kind is Kind.FUTURE}
    shares = sorted(
        (one for one in instruments if one.kind is Kind.EQUITY and one.exchange == "NSE"), key=lambda one: one.symbol,
    )
    return ([one for one in shares if one.symbol in derived] or shares)[:MOST_OF_ANY]


def _futures(names: Sequence[str], day: date, instruments: Sequence[Instrument]) -> list[Instrument]:
    """The nearest of each underlying, and those that are named themselves."""
    nearest: dict[str, Instrument] = {}
    for one in instruments:
        if one.kind is not Kind.FUTURE or one.expiry is None or one.expiry < day:
            continue
        for name in (one.underlying, one.symbol):
            other = nearest.get(name)
            if other is None or (other.expiry or day) > one.expiry:
                nearest[name] = one
    return list(dict.fromkeys(nearest[name] for name in names if name in nearest))


def _options(
    names: Sequence[str], day: date, instruments: Sequence[Instrument], prices: Prices,
) -> list[Instrument]:
    """The index, its nearest future and, of the two nearest expiries, the strikes around its price."""
    indices = {one.symbol: one for one in instruments if one.kind is Kind.INDEX}
    asked = [INDEX_OF[name] for name in names if INDEX_OF.get(name) in indices]
    last = prices(asked) if asked else {}
    found: dict[Instrument, None] = {}
    for name in names:
        index = indices.get(INDEX_OF.get(name, ""))
        price = last.get(index.symbol, 0) if index is not None else 0
        if index is None or not price:
            continue
        found[index] = None
        found |= dict.fromkeys(_futures([name], day, instruments))
        chain = [one for one in instruments if _is_option(one) and one.underlying == name and _expiry(one) >= day]
        for expiry in sorted({_expiry(one) for one in chain})[:EXPIRIES]:
            found |= dict.fromkeys(_around([one for one in chain if one.expiry == expiry], price))
    return list(found)


def _around(chain: Sequence[Instrument], price: int) -> list[Instrument]:
    strikes = sorted({one.strike for one in chain})
    middle = min(range(len(strikes)), key=lambda at: abs(strikes[at] - price))
    chosen = set(strikes[max(0, middle - STRIKES_EACH_SIDE) : middle + STRIKES_EACH_SIDE + 1])
    return sorted((one for one in chain if one.strike in chosen), key=lambda one: (one.strike, one.kind))


def _is_option(one: Instrument) -> bool:
    return one.kind in (Kind.CALL, Kind.PUT)


def _expiry(one: Instrument) -> date:
    return one.expiry or date.min
