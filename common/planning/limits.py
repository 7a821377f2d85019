"""One asset class's limits for one day: derived from the mandate, tightened by a plan, never loosened."""

import dataclasses
from decimal import ROUND_DOWN, Decimal
from typing import Annotated, Final

from pydantic import Field

from common.market.calendar import SessionTimes
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.planning.document import Record
from common.planning.mandate import ClockTime, Mandate, OptionsMandate
from common.planning.session_facts import ClassTimes, clock_moment
from common.trading.limits import ANY_LOTS, NO_LIMIT, Limits

Positive = Annotated[int, Field(ge=1)]

LARGER_IS_LOOSER: Final = (
    "capital_paise", "loss_paise", "risk_per_trade_paise", "max_trades", "max_open_positions", "max_order_value_paise",
    "order_rate_per_second", "exit_rate_per_second", "losses_to_lock_symbol", "losses_to_lock_class",
    "max_spread_percent", "basket_margin_percent", "max_quote_age_seconds", "max_delta_paise", "max_gamma_paise",
    "max_vega_paise", "max_index_delta_paise", "max_lots", "entry_cutoff", "square_off",
)
SMALLER_IS_LOOSER: Final = ("margin_percent", "min_touch_ratio", "entry_from")
UNLIMITED: Final = 10**15
"""Paise; of a plan that was made before there was such a limit."""
_THOUSANDTH: Final = Decimal("0.001")


class ClassLimits(Record):
    """What one workload may do. Money: paise.

    max_order_value_paise: notional for stock, margin for futures, premium for options, that is value times
    margin_percent. order_rate_per_second: entries and changes of stops; exit_rate_per_second: kept besides for getting
    out. basket_margin_percent: of capital, for any prefix of a basket's orders. min_touch_ratio: of the touch's size to
    ours. max_delta_paise, max_gamma_paise: of all options together, won or lost when the underlying moves by 1 %, and
    by how much that grows with it; max_vega_paise: when volatility moves by one point.
    max_index_delta_paise: of the market, long or short, this class's share of the account's. max_lots: of one position,
    or of one leg; a share is a lot. Times: 'HH:MM' in
    India, already the tightest of the session table's and the mandate's.
    """

    capital_paise: Positive
    loss_paise: Positive
    risk_per_trade_paise: Positive
    max_trades: Positive
    max_open_positions: Positive
    max_order_value_paise: Positive
    margin_percent: Annotated[int, Field(ge=1, le=100)]
    order_rate_per_second: Annotated[float, Field(gt=0)]
    losses_to_lock_symbol: Positive
    losses_to_lock_class: Positive
    max_spread_percent: Annotated[float, Field(gt=0)]
    exit_rate_per_second: Annotated[float, Field(gt=0)] = 1.0
    basket_margin_percent: Annotated[int, Field(ge=1, le=100)] = 80
    min_touch_ratio: Annotated[float, Field(ge=0)] = 3.0
    max_quote_age_seconds: Annotated[float, Field(gt=0)] = 2.0
    max_delta_paise: Positive = NO_LIMIT
    max_gamma_paise: Positive = NO_LIMIT
    max_vega_paise: Positive = NO_LIMIT
    max_index_delta_paise: Positive = UNLIMITED
    max_lots: Positive = ANY_LOTS
    entry_from: ClockTime
    entry_cutoff: ClockTime
    square_off: ClockTime

    def for_trading(self) -> Limits:
        """As the trading room takes them."""
        return Limits(
            capital=self.capital_paise, daily_loss=self.loss_paise, risk_per_trade=self.risk_per_trade_paise,
            max_trades=self.max_trades, max_open_positions=self.max_open_positions,
            max_order_value=self.max_order_value_paise, margin_percent=self.margin_percent,
            max_spread_percent=self.max_spread_percent, losses_to_lock_symbol=self.losses_to_lock_symbol,
            losses_to_lock_class=self.losses_to_lock_class, orders_per_second=self.order_rate_per_second,
            exits_per_second=self.exit_rate_per_second, basket_margin_percent=self.basket_margin_percent,
            min_touch_ratio=self.min_touch_ratio, max_quote_age_seconds=self.max_quote_age_seconds,
            max_delta=self.max_delta_paise, max_gamma=self.max_gamma_paise, max_vega=self.max_vega_paise,
            max_index_delta=self.max_index_delta_paise, max_lots=self.max_lots,
        )

    def tighten(self, times: SessionTimes) -> SessionTimes:
        """The workload's times, cut to these limits; never looser than `times`."""
        entry_cutoff = min(times.entry_cutoff, clock_moment(times.date, self.entry_cutoff))
        return dataclasses.replace(
            times,
            entry_from=max(times.entry_from, clock_moment(times.date, self.entry_from)),
            entry_cutoff=entry_cutoff,
            expiry_short_cutoff=min(times.expiry_short_cutoff, entry_cutoff),
            square_off=min(times.square_off, clock_moment(times.date, self.square_off)),
        )


def full_limits(mandate: Mandate, times: ClassTimes) -> ClassLimits:
    """The most that the mandate and the session table, which has the class's times, allow."""
    asset_class = times.asset_class
    own = mandate.of(asset_class)
    greeks = {
        f"max_{name}_paise": getattr(own, f"max_{name}_rupees") * 100 for name in ("delta", "gamma", "vega")
    } if isinstance(own, OptionsMandate) else {}
    return ClassLimits(
        capital_paise=mandate.class_capital_paise(asset_class), loss_paise=mandate.class_loss_paise(asset_class),
        risk_per_trade_paise=mandate.risk_per_trade_paise(asset_class), max_trades=own.max_trades,
        max_open_positions=own.max_open_positions, max_order_value_paise=own.max_order_value_paise,
        margin_percent=own.margin_percent, order_rate_per_second=mandate.order_rate.workload_per_second,
        losses_to_lock_symbol=mandate.losses_to_lock_symbol, losses_to_lock_class=mandate.losses_to_lock_class,
        max_spread_percent=mandate.max_spread_percent, exit_rate_per_second=exit_share(mandate),
        basket_margin_percent=mandate.basket_margin_percent, min_touch_ratio=mandate.min_touch_ratio,
        max_quote_age_seconds=mandate.max_quote_age_seconds,
        max_index_delta_paise=mandate.class_index_delta_paise(asset_class),
        entry_from=max(times.entry_from, own.entry_from or times.entry_from),
        entry_cutoff=min(times.entry_cutoff, own.entry_cutoff or times.entry_cutoff),
        square_off=min(times.square_off, own.square_off or times.square_off), **greeks,
    )


def exit_share(mandate: Mandate) -> float:
    """One workload's part of the orders a second that are kept for exits: split evenly, rounded down to a thousandth.

    Static, so that a workload that floods its own way out cannot close another's.
    """
    whole = Decimal(str(mandate.order_rate.exits_per_second))
    part = (whole / max(1, len(mandate.enabled))).quantize(_THOUSANDTH, ROUND_DOWN)
    return float(max(part, _THOUSANDTH))


def scaled(limits: ClassLimits, asset_class: AssetClass, size: float) -> ClassLimits:
    """`limits` at a size above 0 and up to 1: risk per trade and daily loss, for stock also capital and order value.

    A lot cannot be cut: at half size a derivative is traded where one lot's stop fits half the risk, or not at all.
    """
    if not 0 < size <= 1:
        raise ValueError(f"size {size} must be above 0 and at most 1")
    names = ["loss_paise", "risk_per_trade_paise"]
    if asset_class is AssetClass.STOCK:
        names += ["capital_paise", "max_order_value_paise"]
    return limits.model_copy(update={name: _part(getattr(limits, name), size) for name in names})


def looser(limits: ClassLimits, bound: ClassLimits) -> list[str]:
    """Each limit that is looser than `bound`, with both values."""
    found = [(name, ">") for name in LARGER_IS_LOOSER if getattr(limits, name) > getattr(bound, name)]
    found += [(name, "<") for name in SMALLER_IS_LOOSER if getattr(limits, name) < getattr(bound, name)]
    return [f"{name} {getattr(limits, name)} {sign} {getattr(bound, name)}" for name, sign in found]


def _part(amount: Paise, size: float) -> Paise:
    return max(1, int(amount * Decimal(str(size))))
