"""Every route of the API: who may ask, for what, and the model of the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from common.day.api import parameters as p
from common.day.api.keys import Role

HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class Route:
    """path: '/' or a part of the function. role: None for everybody. model: by name in `models`; '' for a page.

    body: model of what is sent. refused: statuses of problems besides those that every route has.
    """

    function: str
    path: str
    summary: str
    model: str
    parameters: tuple[p.Parameter, ...] = ()
    role: Role | None = Role.VIEWER
    method: str = "GET"
    body: str = ""
    refused: tuple[int, ...] = ()
    kept: bool = True

    @property
    def full_path(self) -> str:
        """As the API shows it."""
        return f"/{self.function}{'' if self.path == '/' else self.path}"


ROUTES: Final[Sequence[Route]] = (
    Route("health", "/", "What is due, what stands, the morning's checks, whether store and archive answer",
          "Health", (p.DATE,), kept=False),
    Route("health", "/live", "Whether this function answers at all; asks nobody else", "Live", role=None, kept=False),
    Route("health", "/cost", "What a month is estimated to cost, part by part", "Cost", (p.RUNNER,)),
    Route("plan", "/", "The day's plan, the gate's verdict behind it, why it may not be traded", "PlanAnswer",
          (p.DATE,), refused=(404,)),
    Route("workloads", "/", "State, heartbeat, restarts and summary of each workload", "Workloads",
          (p.DATE, p.LEASES)),
    Route("trades", "/", "Finished round trips, the latest first", "Trades",
          (p.DATE, p.CLASS, p.STRATEGY, p.SINCE, p.limit(500, 200), p.CURSOR)),
    Route("trades", "/bars", "A symbol's minutes, for the chart behind its trades", "Bars", (p.DATE, p.SYMBOL),
          refused=(404,)),
    Route("positions", "/", "What is held, its stops at the exchange, exposure and limits used", "Positions",
          (p.DATE, p.CLASS)),
    Route("pnl", "/", "Profit and loss now, of each class and in all, and its curve by minute", "Pnl",
          (p.DATE, p.CLASS)),
    Route("logs", "/", "Loud records (WARNING and above, and what became of trades), the latest first", "Logs",
          (p.DATE, p.LEVEL, p.ROOM, p.TAG, p.SINCE, p.limit(500, 50), p.CURSOR)),
    Route("report", "/", "The closed day: totals, what was carried over, alarms", "Report", (p.DATE, p.FULL),
          refused=(404,)),
    Route("report", "/page", "The closed day's report as a page", "", (p.DATE,), refused=(404,)),
    Route("scorecard", "/", "The plan against its alternatives", "Scorecard", (p.DATE,), refused=(404,)),
    Route("backtests", "/", "Results of backtests that are kept here", "Backtests", (p.DATE,)),
    Route("backtests", "/result", "One result, whole", "Backtest", (p.DATE, p.NAME), refused=(404,)),
    Route("backtests", "/page", "One result's report as a page", "", (p.DATE, p.NAME), refused=(404,)),
    Route("control", "/", "What halts stand, what they come to, the latest changes", "Standing", (p.DATE,)),
    Route("control", "/", "Halt, resume, approve or reject", "Changed", method="POST", role=Role.OPERATOR,
          body="Change", refused=(409, 411, 413, 415)),
    Route("openapi", "/", "This document", "Document", role=None),
    Route("openapi", "/page", "This document as a page", "", role=None),
)


def routes_of(function: str) -> Mapping[tuple[str, str], Route]:
    """By path and method."""
    return MappingProxyType({(one.path, one.method): one for one in ROUTES if one.function == function})


def functions() -> list[str]:
    """Every function of the API, in the order of the routes."""
    return list(dict.fromkeys(one.function for one in ROUTES))
