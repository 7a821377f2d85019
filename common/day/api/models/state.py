"""Models of how the day stands: health, cost, plan, control, problems."""

from datetime import date as Date  # noqa: N812 - a field is called date
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.day.api.models.model import Model
from common.market.instrument import AssetClass
from common.planning.plan import Plan


class ParameterError(Model):
    """What is wrong with one parameter."""

    parameter: str
    detail: str


class ProblemDetails(Model):
    """RFC 9457. detail: what to do instead."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ParameterError] | None = None


class Live(Model):
    """The function runs."""

    status: Literal["ok"]


class Step(Model):
    """One step of the day's table."""

    name: str
    at: datetime


class DaySession(Model):
    """Of the exchange. kind: normal, special, muhurat. next_step: the next one due; None when the day is over."""

    kind: str
    open: datetime
    close: datetime
    entry_from: datetime
    entry_cutoff: datetime
    square_off: datetime
    flat_by: datetime
    steps: list[Step]
    next_step: Step | None


class Effective(Model):
    """level: RUN, STOP_ENTRIES, CANCEL_ENTRIES or FLATTEN."""

    level: str
    reason: str


class Finding(Model):
    """One check. remedy: what to do, '' where nothing needs to be done. of: when it was looked at."""

    name: str
    verdict: Literal["green", "amber", "red"]
    text: str
    remedy: str
    of: Literal["now", "morning"]


class WorkloadState(Model):
    """The shortest of a workload. heartbeat_age_seconds: by the clock of the answer. alarms: errors and worse."""

    asset_class: AssetClass
    state: str
    heartbeat: datetime
    heartbeat_age_seconds: float
    alarms: int
    net_paise: int
    open_positions: int


class Health(Model):
    """status: red where anything is red, amber likewise. now: by the clock that Tron runs by. session: None: closed.

    plan: its status, None where there is none yet. seconds_to_next_step: None when the day is over. control: once
    every workload has ended and nothing is held, without the day's own square-off.
    """

    status: Literal["green", "amber", "red"]
    date: Date
    now: datetime
    environment: str
    broker: str
    mode: str | None
    session: DaySession | None
    seconds_to_next_step: float | None
    plan: str | None
    control: dict[AssetClass, Effective]
    workloads: list[WorkloadState]
    checks: list[Finding]


class CostLine(Model):
    """A month's quantity of one price, and of it what is free. estimate: the price is not the region's own."""

    name: str
    unit: str
    quantity: float
    free: float
    usd: float
    paise: int
    estimate: bool
    dated: Date
    source: str


class CostPart(Model):
    """Lines that belong together."""

    part: str
    usd: float
    paise: int
    lines: list[CostLine]


class Cost(Model):
    """A month's estimate, from one counted day. to_date_paise: the share of the month that has gone."""

    region: str
    runner: Literal["cloud_run", "gke"]
    trading_days: int
    rupees_per_dollar: float
    rate_date: Date
    usd: float
    paise: int
    to_date_paise: int
    parts: list[CostPart]


class PlanAnswer(Model):
    """plan: as it was stored. hash: of it. refusal: why nothing is traded on it, '' when it is. gate: findings."""

    date: Date
    hash: str
    plan: Plan
    refusal: str
    gate: list[Finding]


class Standing(BaseModel):
    """sequence grows with each change. effective: what the halts come to, by class. history: the latest last.

    plan: what there is to approve on the date, with the hash and the loss to send; None without one.
    """

    model_config = ConfigDict(extra="allow")
    date: Date
    sequence: int
    halts: list[dict[str, Any]]
    effective: dict[AssetClass, Effective]
    history: list[dict[str, Any]]
    plan: dict[str, Any] | None


class Change(BaseModel):
    """halt: at a level, of a class or of all. resume: takes halts back, for a reason.

    approve, reject: the plan of `date`, with its hash and its maximum loss as GET shows them.
    """

    model_config = ConfigDict(extra="allow", populate_by_name=True)
    action: Literal["halt", "resume", "approve", "reject"]
    level: Literal["stop", "cancel", "flatten"] = "stop"
    scope: Literal["all", "stock", "options", "futures"] = Field("all", alias="class")
    reason: str = Field("", max_length=500)
    date: Date | None = None
    plan_hash: str | None = None
    max_loss_paise: int | None = None


class Changed(BaseModel):
    """sequence: of a halt or resume; a workload whose summary's control_seen is that has obeyed.

    To an approval the answer is the plan as it stands then: as `plan` of GET.
    """

    model_config = ConfigDict(extra="allow")
    sequence: int | None = None


class Document(BaseModel):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")
    openapi: str
