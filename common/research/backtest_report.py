"""The backtest's page: equity, drawdown, months, what charges took, slippage, trades by result, best and worst days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from common.research import charts, performance
from common.research.figures import IST
from common.research.report import json_pieces, page_environment, page_hash, page_text
from common.research.whole_files import replace_whole, write_whole

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHARES: Final = frozenset({"annual_return", "annual_volatility", "value_at_risk"})
_DAY_ENDS: Final = time(15, 30, tzinfo=IST)


def render(result: Mapping[str, Any]) -> str:
    """The result of `backtest` as one HTML page: no external request, every string escaped, Indian grouping."""
    style, daily, totals = page_text("report.css"), result["daily"], result["totals"]
    points = _equity(daily)
    series = [charts.Series("Net", "account", points)]
    charges, gross = totals["charges_paise"], totals["gross_paise"]
    return page_environment().get_template("backtest.html").render(
        result=result, totals=totals, net=totals["net_paise"], months=_MONTHS, years=performance.monthly(daily),
        equity=[charts.equity_chart(series, frame, "equity", "Net by days") for frame in (charts.WIDE, charts.NARROW)],
        drawdown=[
            charts.drawdown_chart(points, frame, "drawdown", "Drawdown by days")
            for frame in (charts.WIDE_LOW, charts.NARROW_LOW)
        ],
        charges_share=charges / abs(gross) if gross else None, slippage=performance.slippage(result),
        shares=_SHARES, groups=performance.distribution(result["trades"]), extremes=performance.extremes(daily),
        win_rate=totals["wins"] / totals["trades"] if totals["trades"] else None,
        style=Markup(style), style_hash=page_hash(style),  # noqa: S704  our own file, not the result's text
    )


def write(directory: Path, result: Mapping[str, Any]) -> Path:
    """report.html and report.json into `directory`, each whole or not at all; returns the page's path."""
    replace_whole(directory / "report.json", lambda path: _write(path, json_pieces(result)))
    write_whole(directory / "report.html", render(result).encode())
    return directory / "report.html"


def _equity(daily: Sequence[Sequence[Any]]) -> list[charts.Point]:
    total, points = 0, []
    for day, net in daily:
        total += net
        points.append((datetime.combine(datetime.fromisoformat(day), _DAY_ENDS).timestamp(), float(total)))
    return points


def _write(path: Path, pieces: Iterable[str]) -> None:
    with path.open("w", encoding="ascii") as file:
        file.writelines(pieces)
