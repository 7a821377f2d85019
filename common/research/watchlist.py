"""What is recorded of a day beyond what is traded: the mandate's universe, and option strikes around the money."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.contracts import CASH_SETTLED, INDEX_OF
from common.planning.mandate import ANY, Mandate

STRIKES_EACH_SIDE: Final = 15
EXPIRIES: Final = 2
MOST_OF_ANY: Final = 250
MOST: Final = 600
"""Of one workload, far below the 3,000 of a connection: an hour of their quotes is held, about 370 MB of its 512."""

Prices = Callable[[Sequence[str]], Mapping[str, int]]
"""Last prices in paise, by symbol, of those that are known."""


@dataclass(frozen=True, slots=True)
class Watchlist:
    """left_out: symbols that the mandate admits and that are not among the instruments; an index: without a price."""

    instruments: list[Instrument]
    left_out: list[str]


def watchlist(
    mandate: Mandate, asset_class: AssetClass, day: date, instruments: Sequence[Instrument], prices: Prices,
    stocks: Sequence[str] = (),
) -> Watchlist:
    """In the mandate's order, at most MOST. '*' stands for index underlyings, and for `stocks`.

    prices: asked once, for the indices whose options are recorded. stocks: of the day's evidence, of which every plan
    chooses; before there is one, the liquid shares are taken.
    """
    universe = mandate.of(asset_class).universe
    names = [name for name in universe if name != ANY]
    if asset_class is AssetClass.STOCK:
        return _shares(names, instruments, stocks, any_share=ANY in universe)
    if ANY in universe:
        names += sorted(CASH_SETTLED - set(names))
    if asset_class is AssetClass.FUTURES:
        return _bounded(_futures(names, day, instruments))
    chosen, unpriced = _options(names, day, instruments, prices)
    found = _bounded(chosen)
    return Watchlist(found.instruments, [*unpriced, *found.left_out])


def _bounded(chosen: Sequence[Instrument]) -> Watchlist:
    return Watchlist(list(chosen[:MOST]), [one.symbol for one in chosen[MOST:]])


def _shares(
    names: Sequence[str], instruments: Sequence[Instrument], stocks: Sequence[str], *, any_share: bool,
) -> Watchlist:
    known = {one.symbol: one for one in instruments if one.kind is Kind.EQUITY and one.exchange == "NSE"}
    wanted = dict.fromkeys(names)
    if any_share:
        wanted |= dict.fromkeys(stocks or _liquid(known, instruments))
    found = _bounded([known[name] for name in wanted if name in known])
    rest = sorted(known.keys() - wanted.keys()) if any_share else []
    return Watchlist(found.instruments, found.left_out + rest)


def _liquid(shares: Mapping[str, Instrument], instruments: Sequence[Instrument]) -> list[str]:
    """Those with derivatives, about 200, by symbol; where the broker lists none, the first of all."""
    derived = {one.underlying for one in instruments if one.kind is Kind.FUTURE}
    return (sorted(shares.keys() & derived) or sorted(shares))[:MOST_OF_ANY]


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
) -> tuple[list[Instrument], list[str]]:
    """The index, its nearest future and, of the two nearest expiries, the strikes around its price; what has none."""
    indices = {one.symbol: one for one in instruments if one.kind is Kind.INDEX}
    asked = [INDEX_OF[name] for name in names if INDEX_OF.get(name) in indices]
    last = prices(asked) if asked else {}
    found: dict[Instrument, None] = {}
    unpriced: list[str] = []
    for name in names:
        index = indices.get(INDEX_OF.get(name, ""))
        if index is None:
            continue
        price = last.get(index.symbol, 0)
        if not price:
            unpriced.append(index.symbol)
            continue
        found[index] = None
        found |= dict.fromkeys(_futures([name], day, instruments))
        chain = [one for one in instruments if _is_option(one) and one.underlying == name and _expiry(one) >= day]
        for expiry in sorted({_expiry(one) for one in chain})[:EXPIRIES]:
            found |= dict.fromkeys(_around([one for one in chain if one.expiry == expiry], price))
    return list(found), unpriced


def _around(chain: Sequence[Instrument], price: int) -> list[Instrument]:
    strikes = sorted({one.strike for one in chain})
    middle = min(range(len(strikes)), key=lambda at: abs(strikes[at] - price))
    chosen = set(strikes[max(0, middle - STRIKES_EACH_SIDE) : middle + STRIKES_EACH_SIDE + 1])
    return sorted((one for one in chain if one.strike in chosen), key=lambda one: (one.strike, one.kind))


def _is_option(one: Instrument) -> bool:
    return one.kind in (Kind.CALL, Kind.PUT)


def _expiry(one: Instrument) -> date:
    return one.expiry or date.min
