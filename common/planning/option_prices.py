"""What the last session's option prices say of one expiry: implied move, volatility at the money, skew, open interest.

NumPy is loaded where prices are solved, not with this module.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from pydantic import Field

from common.market.instrument import Kind
from common.market.option_chain import Chain, Liquidity, Offer, option_chain
from common.market.tables import OutsideTable
from common.planning.document import Record
from common.planning.history import Count, Size

SKEW_PERCENT: Final = 2.0
"""Distance of the strikes that are compared, of the forward."""
LAST_PRICES: Final = Liquidity(max_spread_percent=100.0, max_age_seconds=7 * 24 * 3600.0)
"""A closing price is no offer to trade on: its age and spread say nothing against it here."""


class OptionPrices(Record):
    """Of one underlying and expiry at the last session's close. Money: paise; None where the prices do not say.

    implied_move_percent: the price of call and put at the money, of the forward: what the market pays for the moves
    until the expiry. volatility_percent: yearly, at the money. skew_points: volatility of the put 2 % below the forward
    less that of the call 2 % above. put_call_oi: open puts for each open call.
    """

    underlying: str
    expiry: date
    session: date
    forward_paise: Annotated[float, Field(gt=0)]
    at_the_money_paise: Count
    implied_move_percent: Size | None = None
    volatility_percent: Size | None = None
    skew_points: float | None = None
    call_oi: Count | None = None
    put_oi: Count | None = None
    put_call_oi: Size | None = None


def option_prices(
    underlying: str, expiry: date, session: date, offers: Sequence[Offer], now: int,
) -> OptionPrices | None:
    """offers: of that underlying and expiry as they were last shown; now: of the session's end (ns UTC).

    None where no pair of call and put gives a forward, or the calendar ends before the expiry.
    """
    try:
        chain = option_chain(underlying, expiry, offers, now, LAST_PRICES)
    except OutsideTable:
        return None
    if chain is None:
        return None
    calls, puts = _open(offers, Kind.CALL), _open(offers, Kind.PUT)
    return OptionPrices(
        underlying=underlying, expiry=expiry, session=session, forward_paise=round(chain.forward, 2),
        at_the_money_paise=chain.at_the_money, implied_move_percent=_move(chain), skew_points=_skew(chain),
        volatility_percent=round(chain.sigma * 100, 4) or None, call_oi=calls or None, put_oi=puts or None,
        put_call_oi=round(puts / calls, 4) if calls and puts else None,
    )


def _move(chain: Chain) -> float | None:
    both = [chain.at(kind, chain.at_the_money) for kind in (Kind.CALL, Kind.PUT)]
    known = [row.offer.mid for row in both if row is not None]
    return round(sum(known) / chain.forward * 100, 4) if len(known) == len(both) else None


def _skew(chain: Chain) -> float | None:
    put, call = chain.by_distance(Kind.PUT, SKEW_PERCENT), chain.by_distance(Kind.CALL, SKEW_PERCENT)
    if put is None or call is None or not put.sigma or not call.sigma:
        return None
    if not put.instrument.strike < chain.forward < call.instrument.strike:
        return None
    return round((put.sigma - call.sigma) * 100, 4)


def _open(offers: Sequence[Offer], kind: Kind) -> int:
    return sum(one.oi for one in offers if one.instrument.kind is kind)
