"""Models of the books: workloads, trades, positions, profit and loss."""

from datetime import date as Date  # noqa: N812 - a field is called date
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from common.day.api.models.model import Model
from common.market.instrument import AssetClass


class Lease(Model):
    """holder: host (the pod, the execution), process and a mark of its own."""

    holder: str
    epoch: int
    expires: datetime | None


class Position(Model):
    """Signed quantity. stop_paise: trigger of the stop that rests for all of it, 0: none. leaving: why it is closed."""

    symbol: str
    quantity: int
    average_paise: int
    mark_paise: int
    stop_paise: int
    leaving: str
    basket: str


class Limit(Model):
    """used: the most of the day so far. limit: as the plan has it."""

    name: str
    used: float
    limit: float | None
    unit: str


class Greeks(Model):
    """delta_paise: won when all underlyings rise by 1 %. gamma_paise: by how much that grows with it. vega_paise: won
    when volatility rises by one point.
    """

    delta_paise: int
    gamma_paise: int
    vega_paise: int


class Summary(BaseModel):
    """What a workload says of itself with each heartbeat; before the first one nothing is known."""

    model_config = ConfigDict(extra="allow")
    orders: int = 0
    fills: int = 0
    trades: int = 0
    open_positions: int = 0
    gross_paise: int = 0
    charges_paise: int = 0
    net_paise: int = 0
    halted: str = ""
    halt_level: str = "RUN"
    working_entries: int = 0
    control_seen: int = 0
    unexplained: bool = False
    log_records_dropped: int = 0
    denied: dict[str, int] = {}
    seconds_to_flat: list[float] = []
    positions: list[Position] = []
    limits: list[Limit] = []
    margin_paise: int | None = None
    greeks: Greeks | None = None
    alarms: list[dict[str, Any]] = []


class Workload(Model):
    """launches: how often it was started; restarts: beyond the first. take_overs: how often closed from outside.

    market_time: how far in the market's time it has come. lease: only where asked for, None where nobody holds it.
    """

    id: str
    asset_class: AssetClass
    state: Literal["LAUNCHED", "RUNNING", "DONE", "FAILED"]
    launches: int
    restarts: int
    launched: datetime
    heartbeat: datetime
    market_time: datetime | None
    take_overs: int
    summary: Summary
    lease: Lease | None


class Workloads(Model):
    """At most one an asset class. An age is the answer's header Tron-Time less the heartbeat."""

    date: Date
    workloads: list[Workload]


class Trade(BaseModel):
    """A finished round trip. Rupees where no unit is named. numbers: what the strategy decided from."""

    model_config = ConfigDict(extra="allow")
    id: str
    date: Date
    asset_class: AssetClass
    number: int
    strategy: str
    symbol: str
    side: Literal["long", "short"]
    quantity: int
    entry_time: datetime
    entry_price: float
    entry_reason: str
    exit_time: datetime
    exit_price: float
    exit_reason: str
    stop_price: float
    target_price: float | None
    gross: float
    charges: float
    net: float
    gross_paise: int
    charges_paise: int
    net_paise: int
    charge_parts: dict[str, int]
    numbers: dict[str, Any]


class Trades(Model):
    """next: the cursor of the page after this one, None where there is none. A page may be short and not the last."""

    date: Date
    trades: list[Trade]
    next: str | None


class Bars(Model):
    """bars: [time, open, high, low, close (rupees), volume] of each minute so far."""

    date: Date
    symbol: str
    bars: list[tuple[datetime, float, float, float, float, float]]


class HeldPosition(Position):
    """value_paise: signed, at the mark. open_pnl_paise: before charges. protected: a stop rests, or it is left."""

    asset_class: AssetClass
    value_paise: int
    open_pnl_paise: int
    protected: bool


class ClassExposure(Model):
    """gross_paise: long and short added; net_paise: long less short. margin_paise: what positions and entries on
    their way bind, as the limits count it. greeks: None where the market does not say. Both None before the first
    heartbeat.
    """

    asset_class: AssetClass
    positions: int
    unprotected: int
    gross_paise: int
    net_paise: int
    margin_paise: int | None
    greeks: Greeks | None


class ClassLimit(Limit):
    """Of one workload."""

    asset_class: AssetClass


class Positions(Model):
    """What our workloads hold; the person's own is not here. as_of: of the oldest heartbeat that it is from."""

    date: Date
    as_of: datetime | None
    positions: list[HeldPosition]
    exposure: list[ClassExposure]
    limits: list[ClassLimit]


class ClassPnl(Model):
    """Open positions at the mark included, charges of closing them too."""

    asset_class: AssetClass
    gross_paise: int
    charges_paise: int
    net_paise: int
    trades: int
    loss_limit_paise: int | None


class PnlTotal(Model):
    """Of all classes."""

    gross_paise: int
    charges_paise: int
    net_paise: int
    trades: int
    max_drawdown_paise: int


class Pnl(Model):
    """equity: [time, net paise] of the account by minute; equity_by_class: of each class."""

    date: Date
    as_of: datetime | None
    total: PnlTotal
    classes: list[ClassPnl]
    equity: list[tuple[datetime, int]]
    equity_by_class: dict[AssetClass, list[tuple[datetime, int]]]
