"""The mandate: the person's limits, read from TOML; plans tighten them and never loosen them."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from common.market.expiries import Choice
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.planning.document import InvalidDocument, Record, document_hash

ANY: Final = "*"
BROKER_ORDERS_PER_SECOND: Final = 10
"""Hard limit of the account (facts/kite.md)."""
MAX_TEXT: Final = 64 * 1024

ClockTime: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Percent: TypeAlias = Annotated[float, Field(gt=0, le=100)]
Mode: TypeAlias = Literal["paper", "live"]


def share_of(amount: Paise, percent: float) -> Paise:
    """`percent` of `amount`, rounded down to the paisa: a limit is never rounded up."""
    return int(amount * Decimal(str(percent)) / 100)


class OrderRate(Record):
    """Orders a second; what is kept for exits must leave each of three workloads a thousandth of one."""

    workload_per_second: float = Field(gt=0, le=BROKER_ORDERS_PER_SECOND)
    exits_per_second: float = Field(ge=0.003, le=BROKER_ORDERS_PER_SECOND)
    supervisor_per_second: float = Field(gt=0, le=BROKER_ORDERS_PER_SECOND)


class OpeningMandate(Record):
    """What the 09:09 look at pre-open prices does; per cent of the previous close."""

    max_symbol_gap_percent: Percent
    halve_at_index_gap_percent: Percent


class ClassMandate(Record):
    """One asset class; the keys are explained in data/mandate.toml."""

    enabled: bool
    capital_share_percent: float = Field(ge=0, le=100)
    loss_share_percent: float = Field(ge=0, le=100)
    index_delta_share_percent: float = Field(ge=0, le=100)
    max_trades: int = Field(ge=1, le=500)
    max_open_positions: int = Field(ge=1, le=50)
    max_order_value_rupees: int = Field(ge=1, le=10**10)
    margin_percent: int = Field(ge=1, le=100)
    universe: tuple[Name, ...] = Field(min_length=1, max_length=500)
    strategies: tuple[Name, ...] = Field(min_length=1, max_length=50)
    fixed_choice: Name
    max_symbols: int = Field(ge=1, le=100)
    entry_from: ClockTime | None = None
    entry_cutoff: ClockTime | None = None
    square_off: ClockTime | None = None

    def admits(self, *names: str) -> bool:
        """Whether the allow-list has any of the names."""
        return ANY in self.universe or any(name in self.universe for name in names)

    @property
    def max_order_value_paise(self) -> Paise:
        """Notional for stock, margin for futures, premium for options."""
        return self.max_order_value_rupees * 100

    @model_validator(mode="after")
    def _times_in_order(self) -> Self:
        times = [t for t in (self.entry_from, self.entry_cutoff, self.square_off) if t is not None]
        if times != sorted(set(times)):
            raise ValueError("entry_from, entry_cutoff and square_off must follow each other in that order")
        return self


class OptionsMandate(ClassMandate):
    """Options choose strikes and expiries as well; one underlying a day."""

    max_symbols: int = Field(ge=1, le=1)
    strikes_each_side: int = Field(ge=0, le=15)
    min_days_to_expiry: int = Field(ge=0, le=60)
    expiry: Choice
    max_delta_rupees: int = Field(ge=1, le=10**10)
    max_gamma_rupees: int = Field(ge=1, le=10**10)
    max_vega_rupees: int = Field(ge=1, le=10**10)


class Mandate(Record):
    """The account's limits. Derived money is paise, rounded down."""

    mode: Mode
    capital_rupees: int = Field(ge=1_000, le=10**10)
    daily_loss_percent: float = Field(gt=0, le=20)
    risk_per_trade_percent: float = Field(gt=0, le=10)
    full_losses_a_day: int = Field(ge=1, le=20)
    losses_to_lock_symbol: int = Field(ge=1, le=100)
    losses_to_lock_class: int = Field(ge=1, le=100)
    max_spread_percent: float = Field(gt=0, le=20)
    min_touch_ratio: float = Field(ge=0, le=1_000)
    max_quote_age_seconds: float = Field(gt=0, le=60)
    basket_margin_percent: int = Field(ge=1, le=100)
    max_index_delta_percent: float = Field(gt=0, le=10_000)
    trade_special_sessions: bool
    order_rate: OrderRate
    opening: OpeningMandate
    stock: ClassMandate
    futures: ClassMandate
    options: OptionsMandate

    def of(self, asset_class: AssetClass) -> ClassMandate:
        """The limits of one asset class."""
        return {AssetClass.STOCK: self.stock, AssetClass.FUTURES: self.futures, AssetClass.OPTIONS: self.options}[
            asset_class
        ]

    @property
    def enabled(self) -> tuple[AssetClass, ...]:
        """In the enumeration's order."""
        return tuple(a for a in AssetClass if self.of(a).enabled)

    @property
    def capital_paise(self) -> Paise:
        """What Tron may bind in all."""
        return self.capital_rupees * 100

    @property
    def daily_loss_paise(self) -> Paise:
        """Out for the day when it is lost."""
        return share_of(self.capital_paise, self.daily_loss_percent)

    def class_capital_paise(self, asset_class: AssetClass) -> Paise:
        """What one asset class may bind."""
        return share_of(self.capital_paise, self.of(asset_class).capital_share_percent)

    def class_loss_paise(self, asset_class: AssetClass) -> Paise:
        """One asset class's own part of the daily loss."""
        return share_of(self.daily_loss_paise, self.of(asset_class).loss_share_percent)

    @property
    def index_delta_paise(self) -> Paise:
        """The most of the market that all asset classes together may be long, or short."""
        return share_of(self.capital_paise, self.max_index_delta_percent)

    def class_index_delta_paise(self, asset_class: AssetClass) -> Paise:
        """One asset class's own part of it, at least a paisa: classes know nothing of each other while they trade."""
        return max(1, share_of(self.index_delta_paise, self.of(asset_class).index_delta_share_percent))

    def risk_per_trade_paise(self, asset_class: AssetClass) -> Paise:
        """The account's risk per trade, cut so that the class's daily loss holds `full_losses_a_day` of it."""
        whole = share_of(self.capital_paise, self.risk_per_trade_percent)
        return min(whole, self.class_loss_paise(asset_class) // self.full_losses_a_day)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over all limits; comments and spelling of the TOML do not count."""
        return document_hash(self.to_fields())

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.risk_per_trade_percent > self.daily_loss_percent:
            raise ValueError("risk_per_trade_percent is above daily_loss_percent; lower it")
        for key in ("capital_share_percent", "loss_share_percent", "index_delta_share_percent"):
            total = sum(Decimal(str(getattr(self.of(a), key))) for a in self.enabled)
            if total > 100:
                raise ValueError(f"{key} of the enabled asset classes adds to {total}; lower them to 100 or less")
        rate = self.order_rate
        orders = len(self.enabled) * rate.workload_per_second + rate.exits_per_second + rate.supervisor_per_second
        if orders > BROKER_ORDERS_PER_SECOND:
            raise ValueError(
                f"order_rate adds to {orders:g} a second for {len(self.enabled)} workloads, the exits and the "
                f"supervisor; the broker allows {BROKER_ORDERS_PER_SECOND}: lower them"
            )
        return self

    @model_validator(mode="after")
    def _classes_fit(self) -> Self:
        for asset_class in self.enabled:
            limits = self.of(asset_class)
            if self.class_capital_paise(asset_class) <= 0 or self.risk_per_trade_paise(asset_class) <= 0:
                raise ValueError(
                    f"{asset_class}: is enabled without a share of capital and of the daily loss; set "
                    "capital_share_percent and loss_share_percent, or enabled = false"
                )
            if limits.max_order_value_paise > self.class_capital_paise(asset_class):
                raise ValueError(
                    f"{asset_class}.max_order_value_rupees = {limits.max_order_value_rupees} is more than the class's "
                    f"capital of {self.class_capital_paise(asset_class) // 100} rupees; lower it or raise the share"
                )
        return self


def default_mandate_text() -> str:
    """The commented TOML that ships with Tron: what `parse_mandate` takes for keys that are not given."""
    return files("common.planning").joinpath("data/mandate.toml").read_text(encoding="utf-8")


def parse_mandate(text: str) -> Mandate:
    """A mandate from TOML over the defaults. Raises InvalidDocument with key, what is wrong and what to do."""
    if len(text) > MAX_TEXT:
        raise InvalidDocument(f"mandate: {len(text)} characters; at most {MAX_TEXT} are read: is this the right file?")
    try:
        own = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDocument(f"mandate: not valid TOML: {error}; correct that line") from None
    return Mandate.parse(_over(tomllib.loads(default_mandate_text()), own), "mandate")


def _over(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(defaults)
    for key, value in own.items():
        base = merged.get(key)
        merged[key] = _over(base, value) if isinstance(base, dict) and isinstance(value, dict) else value
    return merged
