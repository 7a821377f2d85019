"""Models of what is kept: logs, reports, scorecards, backtests."""

from datetime import date as Date  # noqa: N812 - a field is called date
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from common.day.api.models.model import Model


class LogRecord(BaseModel):
    """One record; fields: what was logged with it."""

    model_config = ConfigDict(extra="allow")
    id: str
    time: datetime
    severity: str
    message: str
    date: str
    asset_class: str
    service: str
    strategy: str
    tag: str
    category: str
    environment: str
    fields: dict[str, Any]


class Logs(Model):
    """next: the cursor of the page after this one, None where there is none. A page may be short and not the last."""

    date: Date
    records: list[LogRecord]
    next: str | None


class ReportTotals(BaseModel):
    """Of the closed day."""

    model_config = ConfigDict(extra="allow")
    gross_paise: int
    charges_paise: int
    net_paise: int
    trades: int


class Report(Model):
    """carried: left open at the broker. alarms: how many. result: all of the report's page, None unless asked for."""

    date: Date
    closed_at: datetime
    order_hash: str
    totals: ReportTotals
    carries: bool
    carried: list[dict[str, Any]]
    alarms: int
    result: dict[str, Any] | None


class Scorecard(Model):
    """scorecard: the document as it is stored."""

    date: Date
    scorecard: dict[str, Any]


class BacktestEntry(Model):
    """place: 'directory' of this machine, or the 'archive' of the date. has_page: whether it has a report to read."""

    name: str
    place: Literal["directory", "archive"]
    strategy: str
    first: str
    last: str
    days: int
    totals: dict[str, Any]
    has_page: bool


class Backtests(Model):
    """By name."""

    backtests: list[BacktestEntry]


class Backtest(Model):
    """result: as `tron backtest --json` prints it."""

    name: str
    result: dict[str, Any]
