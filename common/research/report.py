"""The day's report: one self-contained page for a person, and the same result as JSON."""

import base64
import hashlib
import json
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader
from markupsafe import Markup

from common.research import candles, charts, figures, payoff_chart
from common.research.attention import fields, items, notices, said
from common.research.grid import dotted, grid
from common.research.whole_files import write_whole

MAX_CHARTS = 30
"""Symbols drawn, those with the most at stake first; the others' bars are in report.json."""
OPEN_CHARTS = 3
MAX_DIFFERENCES = 50
"""Differences of the books listed on the page; the others are in report.json."""
MAX_TEXT = 2_000
_MAX_DEPTH = 12
_JOINERS = "\n\t\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_LINES = ("line1", "line2", "line3", "line4")


def render_html(result: Mapping[str, Any]) -> str:
    """A day's result as one HTML page: no external request, every string escaped, IST, Indian grouping.

    result: the JSON object that `tron day` makes (date, mode, plan, evidence, workloads, trades, equity, limits, bars,
    totals, warnings, ...). Only `date` must be there; what is absent shows as absent. Prices are rupees, names that
    end in `_paise` are paise, times ISO (naive ones are IST). Raises ValueError without a date.
    """
    day = _clean(result)
    if not isinstance(day, dict) or not day.get("date"):
        raise ValueError("the result has no date; a report needs at least {'date': 'YYYY-MM-DD'}")
    style, script = page_text("report.css"), page_text("report.js")
    totals, trades = fields(day, "totals"), items(day, "trades")
    return page_environment().get_template("report.html").render(
        day=day, plan=fields(day, "plan"), evidence=fields(day, "evidence"), totals=totals, trades=trades,
        workloads=items(day, "workloads"), limits=items(day, "limits"), notices=notices(day),
        net=totals.get("net_paise"), win_rate=_share(totals.get("wins"), totals.get("trades")),
        strategies={one.get("asset_class"): one.get("strategy") for one in items(fields(day, "plan"), "classes")},
        curves=_curves(day), structures=_structures(day), symbols=_symbols(day), most_charts=MAX_CHARTS,
        open_charts=OPEN_CHARTS, most_differences=MAX_DIFFERENCES,
        style=Markup(style), script=Markup(script),  # noqa: S704  our own files, not the result's text
        style_hash=page_hash(style), script_hash=page_hash(script),
    )


def render_json(result: Mapping[str, Any]) -> str:
    """The result as JSON, ASCII, keys in their order; what is not a finite number becomes null."""
    return "".join(json_pieces(result))


def json_pieces(result: Mapping[str, Any]) -> Iterator[str]:
    """The text of `render_json`, an entry of the result's lists at a time: they may be longer than memory likes."""
    for number, (name, value) in enumerate(result.items()):
        yield f"{',' if number else '{'}\n {json.dumps(str(name))}: "
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            yield _json(value, 1)
            continue
        entries = 0
        for entries, one in enumerate(value, 1):
            yield f"{',' if entries > 1 else '['}\n  {_json(one, 2)}"
        yield "\n ]" if entries else "[]"
    yield "\n}\n" if result else "{}\n"


def _json(value: Any, depth: int) -> str:
    """As it stands at `depth` of an object that is indented."""
    return json.dumps(_finite(value), indent=1, allow_nan=False).replace("\n", "\n" + " " * depth)


def write_report(directory: Path, result: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write report.html and report.json into `directory` (made if absent), each whole or not at all."""
    pages = {"report.html": render_html(result), "report.json": render_json(result)}
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        write_whole(directory / name, text.encode())
    return directory / "report.html", directory / "report.json"


@lru_cache(maxsize=1)
def page_environment() -> Environment:
    """Templates of the pages and what they call."""
    made = Environment(
        loader=FunctionLoader(page_text), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(
        rupees=figures.rupees, signed=figures.signed, price=figures.price, count=figures.count, said=said,
        percent=figures.percent, ratio=figures.ratio,
        scalar=figures.scalar, label=figures.label, used=figures.used, clock=figures.clock,
        long_date=figures.long_date, grid=grid, dotted=dotted, items_of=items, fields_of=fields,
        money=figures.money, share=_share,
    )
    return made


def page_text(name: str) -> str:
    """A file of the page: template, style, script."""
    return resources.files("common.research").joinpath("data", name).read_text("utf-8")


def page_hash(text: str) -> str:
    """As a content security policy names what it allows."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _share(part: Any, whole: Any) -> float | None:
    return part / whole if figures.is_number(part) and figures.is_number(whole) and whole > 0 else None


def _curves(day: Mapping[str, Any]) -> dict[str, Any] | None:
    account = _points(day.get("equity"))
    if not account or not (items(day, "trades") or any(value for _, value in account)):
        return None
    classes = [(str(name), _points(rows)) for name, rows in fields(day, "equity_by_class").items()]
    series = [charts.Series("Account", "account", account)]
    series += [
        charts.Series(figures.label(name), style, points)
        for (name, points), style in zip([one for one in classes if one[1]], _LINES, strict=False)
    ]
    title, fall = "Net profit and loss through the day", "Drawdown from the day's best"
    return {
        "series": series,
        "equity": [charts.equity_chart(series, frame, "equity", title) for frame in (charts.WIDE, charts.NARROW)],
        "drawdown": [
            charts.drawdown_chart(account, frame, "drawdown", fall) for frame in (charts.WIDE_LOW, charts.NARROW_LOW)
        ],
    }


def _structures(day: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The day's option structures, each with the drawing of its payoff where it was whole."""
    return [
        {**one, "charts": payoff_chart.drawings(one.get("payoff"), one.get("break_evens"), f"payoff{n}")}
        for n, one in enumerate(items(day, "structures"))
    ]


def _points(rows: Any) -> list[charts.Point]:
    points = []
    for row in rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ():
        at = figures.moment(row[0])
        if at is not None and figures.is_number(row[1]):
            points.append((at.timestamp(), float(row[1])))
    return sorted(points)


def _symbols(day: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Traded symbols with their trades and charts, those that moved the most money first."""
    by_symbol: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, trade in enumerate(items(day, "trades"), 1):
        by_symbol.setdefault(str(trade.get("symbol")), []).append((number, trade))
    bars = fields(day, "bars")
    shown: list[dict[str, Any]] = []
    for symbol, trades in by_symbol.items():
        nets = [figures.money(trade, "net") or 0 for _, trade in trades]
        shown.append({"symbol": symbol, "trades": trades, "net": sum(nets), "stake": sum(map(abs, nets))})
    shown.sort(key=lambda one: (-one["stake"], one["symbol"]))
    for index, one in enumerate(shown[:MAX_CHARTS]):
        one["charts"], one["minutes"] = _drawings(one["symbol"], bars.get(one["symbol"]), one["trades"], index)
    return shown


def _drawings(
    symbol: str, rows: Any, trades: Sequence[tuple[int, Mapping[str, Any]]], index: int
) -> tuple[list[Markup], int]:
    shown, minutes = candles.readable(candles.candles_from(rows or ()))
    if not shown:
        return [], 0
    marks = [mark for mark in (candles.mark_from(number, trade) for number, trade in trades) if mark]
    return [
        candles.candle_chart(shown, minutes, marks, frame, f"candles{index}", symbol)
        for frame in (candles.WIDE, candles.NARROW)
    ], minutes


def _clean(value: Any, depth: int = 0) -> Any:
    """The result as the page may show it: visible text of bounded length, finite numbers, bounded depth."""
    if isinstance(value, str):
        text = value[:MAX_TEXT]
        if not text.isprintable():
            text = "".join(map(_visible, text))
        return text if len(value) <= MAX_TEXT else f"{text}… ({len(value)} characters, whole in report.json)"
    if isinstance(value, Mapping):
        return {_clean(str(k)): _clean(v, depth + 1) for k, v in value.items()} if depth < _MAX_DEPTH else "…"
    if isinstance(value, Sequence):
        return [_clean(one, depth + 1) for one in value] if depth < _MAX_DEPTH else "…"
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _visible(char: str) -> str:
    # Controls, direction overrides and lone surrogates could hide or reorder what is read; joiners belong to scripts.
    hides = unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS
    return "\N{REPLACEMENT CHARACTER}" if hides else char


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
