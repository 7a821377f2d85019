"""Limits of one workload, and the verdict that every entry gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.market.instrument import Instrument
from common.market.money import Paise

NO_LIMIT: Final = 10**15
"""Of a Greek, in paise: it is not looked at."""
ANY_LOTS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """One workload's share, set by the plan inside the mandate. Money: paise.

    losses_to_lock_*: losing trades of a symbol (an option's underlying) and in a row, after which entries stop.
    margin_percent: part of an order's value that counts against capital and max_order_value (100 for stock and
    premium, the margin for futures).
    orders_per_second: entries and changes of stops; exits_per_second: kept besides for getting out.
    basket_margin_percent: of capital, that any prefix of a basket's orders may need. min_touch_ratio: how many times
    our size the touch must show, where sizes are known. max_quote_age_seconds: an older quote is no price to enter at.
    max_lots: most lots of one position, or of one leg. max_delta, max_gamma, max_vega: of all options together, in the
    units of `GreekExposure`; looked at before a basket is entered.
    max_index_delta: of the market, long or short, over all positions of the workload, at every entry.
    """

    capital: Paise
    daily_loss: Paise
    risk_per_trade: Paise
    max_trades: int
    max_open_positions: int
    max_order_value: Paise
    margin_percent: int = 100
    max_spread_percent: float = 2.0
    losses_to_lock_symbol: int = 1_000_000
    losses_to_lock_class: int = 1_000_000
    orders_per_second: float = 1.5
    exits_per_second: float = 1.0
    basket_margin_percent: int = 80
    min_touch_ratio: float = 3.0
    max_quote_age_seconds: float = 2.0
    max_lots: int = ANY_LOTS
    max_index_delta: Paise = 10**15
    max_delta: Paise = NO_LIMIT
    max_gamma: Paise = NO_LIMIT
    max_vega: Paise = NO_LIMIT

    @property
    def greeks(self) -> bool:
        """Whether any Greek is limited."""
        return min(self.max_delta, self.max_gamma, self.max_vega) < NO_LIMIT


class Verdict:
    """Allow or Deny. code: 'allow' or why not. numbers: what it was decided from, paise and counts."""

    __slots__ = ("allowed", "code", "numbers")

    def __init__(self, allowed: bool, code: str, numbers: Mapping[str, float]) -> None:
        self.allowed = allowed
        self.code = code
        self.numbers = numbers


_EXIT_NUMBERS: Mapping[str, float] = {}
EXIT_ALLOWED = Verdict(True, "exit", _EXIT_NUMBERS)


def idea_of(instrument: Instrument) -> str:
    """What a loss speaks against: an option's or future's underlying, else the share itself."""
    return instrument.underlying or instrument.symbol
