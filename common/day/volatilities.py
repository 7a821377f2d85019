"""Implied volatilities from day to day: measured when a day is closed, carried in its archive, read next morning."""

from datetime import date
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE
from common.market.calendar import previous_trading_day, session_times
from common.market.instrument import AssetClass
from common.market.option_chain import Offer, option_chain
from common.market.tables import OutsideTable
from common.planning.plan import OptionSelection
from common.planning.volatility import Measured, Volatility, added, from_text, to_text, volatility_of
from common.ports import Archive, MarketData
from common.trading.chain_view import ANY_LIQUIDITY

NAME: Final = "volatility.json"
LOOKED_BACK: Final = 10
"""Trading days: after a longer pause the history begins anew."""


def read_volatilities(day: date, archive: Archive) -> dict[str, list[Measured]]:
    """By underlying, of sessions before `day`, as the last of them carries it; what cannot be read is not there."""
    past = day
    for _ in range(LOOKED_BACK):
        try:
            past = previous_trading_day(past)
        except OutsideTable:
            return {}
        data = archive.get(past, NAME)
        if data is None:
            continue
        try:
            return from_text(data.decode())
        except (ValueError, TypeError, AttributeError):
            return {}
    return {}


def volatilities(day: date, archive: Archive) -> list[Volatility]:
    """For the evidence of `day`."""
    found = [volatility_of(name, measured) for name, measured in sorted(read_volatilities(day, archive).items())]
    return [one for one in found if one is not None]


def keep_volatility(day: date, selection: OptionSelection | None, market: MarketData | None, archive: Archive) -> None:
    """Carry the history on to `day`, with its own volatility where the chain that was chosen has shown one.

    market: the recorded session; None where nobody recorded it.
    """
    before = read_volatilities(day, archive)
    measured = None if selection is None or market is None else measure(day, selection, market)
    if selection is not None and measured is not None:
        before = added(before, selection.underlying, measured)
    if before:
        archive.put(day, NAME, to_text(before).encode(), overwrite=True)


def measure(day: date, selection: OptionSelection, market: MarketData) -> Measured | None:
    """At the money, when options are squared off; None where no quotes say it."""
    wanted, listed = (selection.underlying, selection.expiry), market.instruments(day)
    chain = {one.symbol: one for one in listed if one.strike and (one.underlying, one.expiry) == wanted}
    now = session_times(day, AssetClass.OPTIONS).square_off
    feed = market.feed(day, list(chain))
    last = {bar.symbol: bar for bar in feed if bar.ts + NANOSECONDS_A_MINUTE <= now}
    offers = [
        Offer(chain[bar.symbol], bar.ts + NANOSECONDS_A_MINUTE, bar.bid, bar.ask, bar.oi) for bar in last.values()
    ]
    try:
        made = option_chain(selection.underlying, selection.expiry, offers, now, ANY_LIQUIDITY)
    except OutsideTable:
        return None
    if made is None or not made.sigma:
        return None
    return Measured(session=day, expiry=selection.expiry, iv_percent=round(made.sigma * 100, 4))
