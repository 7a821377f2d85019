"""What may be set of each built-in strategy, and within which bounds.

Apart from the strategies, so that these can be compiled: a model of pydantic reads its own class as Python.
"""

from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from common.market.expiries import Choice
from common.trading.strategy import Parameters

StrikeChoice: TypeAlias = Literal["steps", "delta", "premium", "distance"]


class PremiumParameters(Parameters):
    """underlying: whose options to trade. *_minutes: from the day's first bar; an entry from start until last, out at
    exit. expiry: which of those that are there, at least min_days_to_expiry (calendar days) away. profit_percent,
    loss_percent: of the credit, at which the position is closed. stop_percent: of each sold premium, from it to the
    stop at the exchange. max_short_delta: of a sold option, beyond which it is closed; 0: whatever it is.
    max_rolls: how often a position that the market has left may be followed by another, a day.
    max_spread_percent: of each leg, (ask - bid) over their mean. min_size: units at both sides of the touch, where
    sizes are known. min_open_interest: units.
    """

    underlying: str = Field(default="NIFTY", min_length=1, max_length=30)
    expiry: Choice = "nearest"
    min_days_to_expiry: int = Field(default=1, ge=0, le=60)
    start_minutes: int = Field(default=45, ge=5, le=300)
    last_minutes: int = Field(default=240, ge=5, le=330)
    exit_minutes: int = Field(default=330, ge=10, le=345)
    max_spread_percent: float = Field(default=2.0, gt=0, le=10)
    min_size: int = Field(default=0, ge=0, le=1_000_000)
    min_open_interest: int = Field(default=0, ge=0, le=1_000_000_000)
    profit_percent: float = Field(default=50.0, ge=5, le=95)
    loss_percent: float = Field(default=100.0, ge=20, le=500)
    stop_percent: float = Field(default=100.0, ge=20, le=500)
    max_short_delta: float = Field(default=0.6, ge=0, le=1)
    max_rolls: int = Field(default=0, ge=0, le=3)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.start_minutes <= self.last_minutes < self.exit_minutes:
            times = (self.start_minutes, self.last_minutes, self.exit_minutes)
            raise ValueError(f"start, last and exit minutes {times} must follow each other in that order")
        return self


class CreditSpreadParameters(PremiumParameters):
    """min_move_percent: of the driver since its open, without which nothing is sold. strike_by: how the sold option is
    chosen: short_strikes steps from the money out of it, or the delta, the premium (paise) or the distance (percent of
    the forward) that is nearest to short_*. width_strikes: steps from there to the one that is bought.
    min_credit_percent: what is taken in, of the distance between the strikes. max_adjustments: how often, a day, a
    spread is sold on the untested side while the sold option's delta is beyond adjust_short_delta; 0: never.
    """

    min_move_percent: float = Field(default=0.15, ge=0, le=5)
    strike_by: StrikeChoice = "steps"
    short_strikes: int = Field(default=2, ge=0, le=15)
    short_delta: float = Field(default=0.3, ge=0.02, le=0.6)
    short_premium_paise: int = Field(default=5_000, ge=100, le=1_000_000)
    short_distance_percent: float = Field(default=0.5, ge=0, le=10)
    width_strikes: int = Field(default=2, ge=1, le=10)
    min_credit_percent: float = Field(default=10.0, ge=1, le=90)
    max_adjustments: int = Field(default=0, ge=0, le=3)
    adjust_short_delta: float = Field(default=0.45, ge=0.1, le=1)

    @model_validator(mode="after")
    def _adjusted_before_closed(self) -> Self:
        if self.max_adjustments and 0 < self.max_short_delta <= self.adjust_short_delta:
            deltas = f"{self.adjust_short_delta} is not below max_short_delta {self.max_short_delta}"
            raise ValueError(f"adjust_short_delta {deltas}: it would be closed before it is adjusted")
        return self


class IronFlyParameters(PremiumParameters):
    """wing_by: how the bought options are chosen: wing_strikes steps from the money, or the delta, the premium (paise)
    or the distance (percent of the forward) that is nearest to wing_*. min_credit_percent: what is taken in, of the
    wider wing. min_iv_percentile: of the volatility at the money among those of earlier days at the same time, where
    at least twenty are known; fewer are not asked. recentre_percent: of the narrower wing; the position is given up
    when the driver has gone so far.
    """

    start_minutes: int = Field(default=30, ge=5, le=300)
    profit_percent: float = Field(default=25.0, ge=5, le=95)
    loss_percent: float = Field(default=50.0, ge=20, le=500)
    max_short_delta: float = Field(default=0.85, ge=0, le=1)
    max_rolls: int = Field(default=1, ge=0, le=3)
    wing_by: StrikeChoice = "steps"
    wing_strikes: int = Field(default=4, ge=1, le=15)
    wing_delta: float = Field(default=0.1, ge=0.01, le=0.45)
    wing_premium_paise: int = Field(default=2_000, ge=50, le=1_000_000)
    wing_distance_percent: float = Field(default=1.0, ge=0.1, le=10)
    min_credit_percent: float = Field(default=30.0, ge=1, le=95)
    min_iv_percentile: float = Field(default=0.0, ge=0, le=100)
    recentre_percent: float = Field(default=60.0, ge=10, le=100)


class EmaCrossParameters(Parameters):
    """fast, slow: periods in bars, slow above fast. stop_percent: percent of the price."""

    fast: int = Field(default=12, ge=2, le=200)
    slow: int = Field(default=26, ge=3, le=400)
    stop_percent: float = Field(default=1.0, ge=0.05, le=90)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.slow <= self.fast:
            raise ValueError(f"slow ({self.slow}) must be above fast ({self.fast})")
        return self


class MomentumParameters(Parameters):
    """momentum_minutes, entry_atr: the close must have moved this many one-bar ATRs in this time. volume_ratio: the
    last five bars' volume over the usual (EMA of volume_period bars); 0 asks only that the bar traded.
    start_, last_minutes: from the day's first bar, entries from and until. hold_minutes: so long after its side last
    showed a confirmed move a trade ends. exit_minutes: from the day's first bar, everything is closed from then on.
    stop_atr: multiple of the ATR, at least min_stop_percent of the price. target_risk: of the stop's distance, 0: none.
    """

    direction: Literal["long", "both"] = "both"
    momentum_minutes: int = Field(default=30, ge=2, le=120)
    entry_atr: float = Field(default=6.0, ge=0.5, le=50)
    volume_ratio: float = Field(default=1.2, ge=0, le=20)
    volume_period: int = Field(default=60, ge=10, le=200)
    start_minutes: int = Field(default=45, ge=0, le=300)
    last_minutes: int = Field(default=270, ge=1, le=330)
    hold_minutes: int = Field(default=90, ge=1, le=330)
    exit_minutes: int = Field(default=330, ge=2, le=345)
    atr_period: int = Field(default=30, ge=2, le=100)
    stop_atr: float = Field(default=5.0, ge=0.1, le=1000)
    min_stop_percent: float = Field(default=0.5, ge=0.05, le=10)
    target_risk: float = Field(default=2.0, ge=0, le=20)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.start_minutes <= self.last_minutes < self.exit_minutes:
            times = (self.start_minutes, self.last_minutes, self.exit_minutes)
            raise ValueError(f"start, last and exit minutes {times} must follow each other in that order")
        return self


class OpeningRangeBreakoutParameters(Parameters):
    """range_minutes: the range's length from the first bar. volume_ratio: the breaking bar's volume over the average
    (EMA of volume_period bars) before it; 0 asks only that it traded. stop_atr: multiple of the ATR; 0 puts the stop at
    the range's other side. Either way it is kept between min_ and max_stop_percent of the price.
    target_risk: multiple of the stop's distance, 0 for none.
    """

    range_minutes: int = Field(default=15, ge=5, le=120)
    direction: Literal["long", "both"] = "both"
    volume_ratio: float = Field(default=1.5, ge=0, le=20)
    volume_period: int = Field(default=20, ge=2, le=200)
    atr_period: int = Field(default=14, ge=2, le=100)
    stop_atr: float = Field(default=0.0, ge=0, le=100)
    min_stop_percent: float = Field(default=0.5, ge=0.05, le=1)
    max_stop_percent: float = Field(default=1.0, ge=1, le=10)
    target_risk: float = Field(default=2.0, ge=0, le=20)


class RangeReversalParameters(Parameters):
    """range: the first range_minutes of the day, or those before each bar. edge_percent: of the range's width, from
    its high or low inwards: a close there or beyond is at the edge, the next one back inside has turned.
    break_percent: of the width; a close so far outside ends an opening range for the day.
    min_width_percent: of the price; a narrower range pays for no trade. efficiency_period, max_efficiency: Kaufman's
    ratio, above which the market is not ranging. last_, exit_minutes: from the day's first bar, entries until and
    everything closed from. buffer_percent: of the width, from the range's end to the stop, which is at least
    min_stop_percent of the price away. min_reward: the way to the middle over that to the stop, else no entry.
    """

    range: Literal["opening", "prior"] = "opening"
    direction: Literal["long", "both"] = "both"
    range_minutes: int = Field(default=60, ge=5, le=180)
    edge_percent: float = Field(default=15.0, ge=1, le=40)
    break_percent: float = Field(default=25.0, ge=1, le=100)
    min_width_percent: float = Field(default=0.8, ge=0.1, le=10)
    efficiency_period: int = Field(default=30, ge=4, le=120)
    max_efficiency: float = Field(default=0.3, ge=0, le=1)
    last_minutes: int = Field(default=285, ge=5, le=330)
    exit_minutes: int = Field(default=330, ge=6, le=345)
    buffer_percent: float = Field(default=20.0, ge=0, le=100)
    min_stop_percent: float = Field(default=0.3, ge=0.05, le=10)
    min_reward: float = Field(default=0.7, ge=0, le=10)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.range_minutes < self.last_minutes < self.exit_minutes:
            times = (self.range_minutes, self.last_minutes, self.exit_minutes)
            raise ValueError(f"range, last and exit minutes {times} must follow each other in that order")
        return self


class ScalpParameters(Parameters):
    """underlying: whose options to buy. momentum_minutes, entry_atr: the underlying must have moved this many of its
    one-bar ATRs in this time. reverse_atr: a move that large the other way ends the trade. fade_minutes: so does that
    long without a new impulse. moneyness: steps from the money, 0 at it, +1 the next strike out of it, -1 into it.
    min_days_to_expiry: calendar days. Premiums: paise an option (not a lot). Percents: of the premium; target 0: none.
    max_spread_percent: (ask - bid) over their mean.
    """

    underlying: str = Field(default="NIFTY", min_length=1, max_length=30)
    momentum_minutes: int = Field(default=15, ge=1, le=60)
    entry_atr: float = Field(default=5.0, ge=0.5, le=20)
    reverse_atr: float = Field(default=5.0, ge=0, le=20)
    fade_minutes: int = Field(default=60, ge=1, le=180)
    atr_period: int = Field(default=30, ge=2, le=100)
    moneyness: int = Field(default=0, ge=-10, le=10)
    min_days_to_expiry: int = Field(default=0, ge=0, le=60)
    max_spread_percent: float = Field(default=2.0, gt=0, le=10)
    min_premium_paise: int = Field(default=1_000, ge=5, le=1_000_000)
    max_premium_paise: int = Field(default=50_000, ge=5, le=10_000_000)
    stop_percent: float = Field(default=25.0, ge=1, le=90)
    target_percent: float = Field(default=40.0, ge=0, le=500)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_premium_paise < self.min_premium_paise:
            low, high = self.min_premium_paise, self.max_premium_paise
            raise ValueError(f"max_premium_paise ({high}) must not be below min_premium_paise ({low})")
        return self


class TrendParameters(Parameters):
    """fast, slow: periods of the averages in bars, slow above fast. efficiency_period, min_efficiency: Kaufman's ratio
    over that many bars must reach this. stop_atr: multiple of the ATR, at least min_stop_percent of the price.
    target_risk: multiple of the stop's distance, 0 for none.
    """

    fast: int = Field(default=20, ge=2, le=100)
    slow: int = Field(default=60, ge=3, le=300)
    direction: Literal["long", "both"] = "both"
    efficiency_period: int = Field(default=30, ge=4, le=120)
    min_efficiency: float = Field(default=0.3, ge=0, le=1)
    atr_period: int = Field(default=30, ge=2, le=100)
    stop_atr: float = Field(default=5.0, ge=0.1, le=1000)
    min_stop_percent: float = Field(default=0.2, ge=0, le=10)
    target_risk: float = Field(default=2.0, ge=0, le=20)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.slow <= self.fast:
            raise ValueError(f"slow ({self.slow}) must be above fast ({self.fast})")
        return self


class VwapParameters(Parameters):
    """style: follow the side that crosses, or fade it once it has turned. threshold: share of the VWAP that the close
    must be beyond it. entry_atr: and ATRs, whichever is more. exit_atr: ATRs beyond it on the other side that end a
    followed trade. wait_minutes: no entry on bars that start within this time of the day's first bar.
    stop_atr: multiple of the ATR, at least min_stop_percent of the price. stop_percent: percent of the price; above 0
    it is the stop, no ATR is computed, and entry_atr and exit_atr count as 0. target_risk: multiple of the stop's
    distance, 0 for none; a faded trade ends at the VWAP.
    """

    style: Literal["follow", "fade"] = "follow"
    threshold: float = Field(default=0.001, ge=0, le=0.05)
    entry_atr: float = Field(default=3.0, ge=0, le=100)
    exit_atr: float = Field(default=2.0, ge=0, le=100)
    direction: Literal["long", "both"] = "long"
    wait_minutes: int = Field(default=5, ge=0, le=240)
    atr_period: int = Field(default=30, ge=2, le=100)
    stop_atr: float = Field(default=6.0, ge=0.1, le=1000)
    min_stop_percent: float = Field(default=0.5, ge=0, le=10)
    stop_percent: float = Field(default=0.0, ge=0, le=90)
    target_risk: float = Field(default=0.0, ge=0, le=20)

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if self.style == "fade" and (self.stop_percent or not self.entry_atr):
            raise ValueError("style fade measures the stretch in ATRs: set stop_percent to 0 and entry_atr above 0")
        return self
