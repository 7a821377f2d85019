"""The option chain as a strategy's view shows it, worked out when it is asked for."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, Moment
from common.market.expiries import Choice, choose_expiry
from common.market.instrument import Instrument
from common.market.money import Paise
from common.market.option_chain import Chain, Liquidity, Offer, option_chain
from common.market.tables import OutsideTable
from common.trading.strategy import View

ANY_LIQUIDITY: Final = Liquidity(max_spread_percent=200.0)
ALL_STRIKES: Final = (0, 2**62)


def chain_of(
    view: View, underlying: str, expiry: date, now: int, asked: Liquidity = ANY_LIQUIDITY,
    strikes: tuple[Paise, Paise] = ALL_STRIKES,
) -> Chain | None:
    """The chain of one expiry at `now` (nanoseconds UTC), from the last quote of every option of the universe.

    strikes: from and to, where a part of it will do. None without a forward, or beyond the calendar. Costs some 10
    microseconds an option: ask when something depends on it, not on every bar.
    """
    low, high = strikes
    offers = offers_of(view, [
        one for one in view.options(underlying) if one.expiry == expiry and low <= one.strike <= high
    ])
    try:
        return option_chain(underlying, expiry, offers, now, asked)
    except OutsideTable:
        return None


def offers_of(view: View, options: Sequence[Instrument]) -> list[Offer]:
    """Of those that have been seen."""
    found = []
    for one in options:
        bar = view.bar(one.symbol)
        if bar is not None:
            bid_quantity, ask_quantity = view.sizes(one.symbol)
            ts = bar.ts if isinstance(bar, Moment) else bar.ts + NANOSECONDS_A_MINUTE
            found.append(Offer(one, ts, bar.bid, bar.ask, bar.oi, bid_quantity, ask_quantity))
    return found


def expiry_of(view: View, underlying: str, choice: Choice, min_days: int) -> date | None:
    """Which of the universe's expiries to trade; None if none fits or nobody knows its cycle."""
    days = {one.expiry: view.days_to_expiry(one) for one in view.options(underlying) if one.expiry is not None}
    if not days:
        return None
    expiry, left = next(iter(days.items()))
    try:
        return choose_expiry(underlying, days, date.fromordinal(expiry.toordinal() - left), choice, min_days)
    except OutsideTable:
        return None
