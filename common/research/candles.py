"""Candlesticks of one symbol as inline SVG, with each trade's entry, stop, target and exit marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from common.market.money import paise_from_rupees
from common.research import figures
from common.research.charts import (
    MINUTE_SECONDS,
    Frame,
    Scale,
    axis_price,
    join,
    svg,
    time_axis,
    time_text,
    value_axis,
)

MAX_CANDLES = 150
_MINUTES = (5, 15, 30, 60, 120, 240, 1440)
_VOLUME_PIXELS = 36
_FAR = 0.75
"""A stop or target further outside the day's range than this share of it is left to the table."""
_MAX_LABELLED = 12

WIDE = Frame("wide", 1040, 380, 84)
NARROW = Frame("narrow", 358, 300, 66, right=8, time_ticks=4)


@dataclass(frozen=True, slots=True)
class Candle:
    """Trades of an interval. start: seconds since the epoch; prices: paise; volume: units."""

    start: float
    open: int
    high: int
    low: int
    close: int
    volume: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A trade on the chart. number: its row in the table; side: +1 long, -1 short; times: seconds; prices: paise."""

    number: int
    side: int
    entry: tuple[float, int]
    exit: tuple[float, int] | None
    stop: int | None
    target: int | None
    won: bool


def candles_from(rows: Sequence[Sequence[Any]]) -> list[Candle]:
    """Rows [ISO time, open, high, low, close, volume] in rupees as candles in order of time; unusable rows fall out."""
    candles = []
    for row in rows:
        at = figures.moment(row[0]) if len(row) >= 5 else None
        if at is None or not all(figures.is_number(value) for value in row[1:5]):
            continue
        opened, high, low, close = (paise_from_rupees(value) for value in row[1:5])
        volume = row[5] if len(row) > 5 and figures.is_number(row[5]) else 0
        candles.append(Candle(at.timestamp(), opened, high, low, close, volume))
    return sorted(candles, key=lambda candle: candle.start)


def aggregate(candles: Sequence[Candle], minutes: int) -> list[Candle]:
    """Candles of `minutes` each, on round IST times, from shorter ones in order of time."""
    seconds, offset = minutes * MINUTE_SECONDS, 5.5 * 3600
    whole: list[Candle] = []
    for one in candles:
        start = (one.start + offset) // seconds * seconds - offset
        if whole and whole[-1].start == start:
            last = whole[-1]
            whole[-1] = Candle(
                start, last.open, max(last.high, one.high), min(last.low, one.low), one.close, last.volume + one.volume
            )
        else:
            whole.append(Candle(start, one.open, one.high, one.low, one.close, one.volume))
    return whole


def readable(candles: Sequence[Candle]) -> tuple[list[Candle], int]:
    """At most MAX_CANDLES candles where some width allows it, and that width in minutes."""
    if len(candles) <= MAX_CANDLES:
        gaps = [b.start - a.start for a, b in pairwise(candles) if b.start > a.start]
        return list(candles), max(1, round(min(gaps, default=MINUTE_SECONDS) / MINUTE_SECONDS))
    for minutes in _MINUTES:
        whole = aggregate(candles, minutes)
        if len(whole) <= MAX_CANDLES:
            return whole, minutes
    return whole[-MAX_CANDLES:], minutes


def mark_from(number: int, trade: Mapping[str, Any]) -> Mark | None:
    """A trade of the result as a mark; None where it has no entry to show."""
    entry = _place(trade.get("entry_time"), trade.get("entry_price"))
    if entry is None:
        return None
    net = figures.money(trade, "net")
    return Mark(
        number, -1 if trade.get("side") == "short" else 1, entry,
        _place(trade.get("exit_time"), trade.get("exit_price")), _level(trade.get("stop_price")),
        _level(trade.get("target_price")), net is not None and net > 0,
    )


def candle_chart(
    candles: Sequence[Candle], minutes: int, marks: Sequence[Mark], frame: Frame, identity: str, title: str
) -> Markup:
    """Candles over volume, with the marks. `candles` must not be empty."""
    seconds = minutes * MINUTE_SECONDS
    times = [candles[0].start, candles[-1].start + seconds, *_mark_times(marks)]
    x = Scale(min(times), max(times), frame.left, frame.edge)
    low, high = _range(candles, marks)
    y = Scale(low, high, frame.floor - _VOLUME_PIXELS, frame.top + 6)
    first, last = candles[0], candles[-1]
    text = (
        f"{minutes}-minute candles from {time_text(first.start)} to {time_text(last.start + seconds)} IST: opened "
        f"{axis_price(first.open)}, closed {axis_price(last.close)}, lowest {axis_price(min(c.low for c in candles))}, "
        f"highest {axis_price(max(c.high for c in candles))}; trades: {len(marks)}."
    )
    most = max((candle.volume for candle in candles), default=0) or 1
    labelled = len(marks) <= _MAX_LABELLED
    body = join([
        time_axis(frame, x), value_axis(frame, y, axis_price),
        *(_candle(candle, seconds, x, y, frame.floor, most) for candle in candles),
        *(_mark(mark, x, y, low, high, labelled) for mark in marks),
    ])
    return svg(frame, identity, title, text, body)


def _place(iso: Any, rupees: Any) -> tuple[float, int] | None:
    at, level = figures.moment(iso), _level(rupees)
    return None if at is None or level is None else (at.timestamp(), level)


def _level(rupees: Any) -> int | None:
    return paise_from_rupees(rupees) if figures.is_number(rupees) and rupees > 0 else None


def _mark_times(marks: Sequence[Mark]) -> list[float]:
    return [place[0] for mark in marks for place in (mark.entry, mark.exit) if place]


def _range(candles: Sequence[Candle], marks: Sequence[Mark]) -> tuple[float, float]:
    must = [value for candle in candles for value in (candle.low, candle.high)]
    must += [place[1] for mark in marks for place in (mark.entry, mark.exit) if place]
    low, high = min(must), max(must)
    reach = max(high - low, 1) * _FAR
    levels = [level for mark in marks for level in (mark.stop, mark.target) if level is not None]
    near = [level for level in levels if low - reach <= level <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    margin = max((high - low) * 0.04, 5)
    return low - margin, high + margin


def _candle(candle: Candle, seconds: float, x: Scale, y: Scale, floor: int, most_volume: float) -> Markup:
    middle, half = x(candle.start + seconds / 2), max((x(seconds) - x(0)) * 0.35, 0.8)
    top, bottom = y(max(candle.open, candle.close)), y(min(candle.open, candle.close))
    tall = candle.volume / most_volume * (_VOLUME_PIXELS - 8)
    prices = " ".join(
        f"{name} {axis_price(value)}"
        for name, value in (("O", candle.open), ("H", candle.high), ("L", candle.low), ("C", candle.close))
    )
    return Markup(
        '<g class="{}"><title>{} {} V {}</title><path d="M{m:g} {}V{}M{m:g} {}V{}"/>'
        '<rect x="{left:.1f}" y="{}" width="{width:.1f}" height="{:.1f}"/>'
        '<rect class="volume" x="{left:.1f}" y="{:.1f}" width="{width:.1f}" height="{:.1f}"/></g>'
    ).format(
        "up" if candle.close >= candle.open else "down", time_text(candle.start), prices, figures.count(candle.volume),
        y(candle.high), top, bottom, y(candle.low), top, max(bottom - top, 1), floor - tall, tall,
        m=middle, left=middle - half, width=2 * half,
    )


def _mark(mark: Mark, x: Scale, y: Scale, low: float, high: float, labelled: bool) -> Markup:
    until = mark.exit[0] if mark.exit else x.high
    x1, y1, x2 = x(mark.entry[0]), y(mark.entry[1]), max(x(until), x(mark.entry[0]) + 8)
    parts = [
        Markup('<line class="{}" x1="{}" x2="{}" y1="{y}" y2="{y}"><title>{} of trade {}: {}</title></line>').format(
            name, x1, x2, name.capitalize(), mark.number, axis_price(level), y=y(level)
        )
        for name, level in (("stop", mark.stop), ("target", mark.target))
        if level is not None and low <= level <= high
    ]
    if mark.exit:
        x2, y2 = x(mark.exit[0]), y(mark.exit[1])
        parts += [
            Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
                "held won" if mark.won else "held lost", x1, y1, x2, y2
            ),
            Markup('<path class="mark exit" d="M{} {}{}"><title>Exit of trade {}: {} at {}</title></path>').format(
                x2, y2 - 5, "l5 5l-5 5l-5 -5z", mark.number, axis_price(mark.exit[1]), time_text(mark.exit[0])
            ),
        ]
    tip = "l6 11h-12z" if mark.side > 0 else "l6 -11h-12z"
    parts.append(
        Markup('<path class="mark entry" d="M{} {}{}"><title>Entry of trade {}, {}: {} at {}</title></path>').format(
            x1, y1, tip, mark.number, "long" if mark.side > 0 else "short", axis_price(mark.entry[1]),
            time_text(mark.entry[0]),
        )
    )
    if labelled:
        below = y1 + (23 if mark.side > 0 else -14)
        parts.append(Markup('<text class="number" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            x1, below, mark.number
        ))
    return join(parts)
