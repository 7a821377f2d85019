"""Line charts as inline SVG: frames, axes in IST, curves and drawdown, each drawn once wide and once narrow."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from markupsafe import Markup

from common.market.money import rupees_text
from common.research.figures import IST, rupees, signed

Point: TypeAlias = tuple[float, float]
"""Seconds since the epoch (UTC), and a value."""

MINUTE_SECONDS = 60
DAY_SECONDS = 1440 * MINUTE_SECONDS
_TIME_STEPS = [m * MINUTE_SECONDS for m in (1, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080, 43200, 525600)]
_MAX_NOTES = 400


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing's size and margins in pixels. time_ticks, value_ticks: at most about so many."""

    name: str
    width: int
    height: int
    left: int
    right: int = 14
    top: int = 10
    bottom: int = 24
    time_ticks: int = 8
    value_ticks: int = 5

    @property
    def floor(self) -> int:
        """The y of the plot's lower edge."""
        return self.height - self.bottom

    @property
    def edge(self) -> int:
        """The x of the plot's right edge."""
        return self.width - self.right


WIDE = Frame("wide", 1040, 280, 84)
NARROW = Frame("narrow", 358, 230, 70, time_ticks=4, right=8)
WIDE_LOW = Frame("wide", 1040, 130, 84, value_ticks=3)
NARROW_LOW = Frame("narrow", 358, 120, 70, time_ticks=4, right=8, value_ticks=3)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map of [low, high] to pixels [start, end]; an empty range is widened."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        return round(self.start + (value - self.low) / span * (self.end - self.start), 1)


@dataclass(frozen=True, slots=True)
class Series:
    """One curve. style: a class of the style sheet ('account', 'line1', ...). points: in order of time; paise."""

    label: str
    style: str
    points: Sequence[Point]


def value_ticks(low: float, high: float, most: int) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) within [low, high]; at most about `most`."""
    span = high - low
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next((m * power for m in (1, 2, 5) if span / (m * power) <= most), 10 * power)
    first = math.ceil(low / step)
    return [round(n * step, 10) for n in range(first, math.floor(high / step) + 1)]


def time_ticks(low: float, high: float, most: int) -> list[float]:
    """Round IST times within [low, high], seconds since the epoch; at most `most`."""
    step = next((s for s in _TIME_STEPS if (high - low) / s <= most), _TIME_STEPS[-1])
    offset = 5.5 * 3600
    first, last = math.ceil((low + offset) / step), math.floor((high + offset) / step)
    return [n * step - offset for n in range(first, min(last, first + 2 * most) + 1)]


def time_text(seconds: float, with_date: bool = False) -> str:
    """'10:15', or '20 Nov 10:15'."""
    return datetime.fromtimestamp(seconds, IST).strftime("%d %b %H:%M" if with_date else "%H:%M")


def tick_text(seconds: float, span: float, step: float) -> str:
    """Below an axis of `span` seconds with a tick each `step`: times of a day, dates of days, months of years."""
    if step % DAY_SECONDS:
        return time_text(seconds, span > DAY_SECONDS)
    return datetime.fromtimestamp(seconds, IST).strftime("%d %b" if span < 300 * DAY_SECONDS else "%b %Y")


def axis_rupees(paise: float) -> str:
    """A tick in whole rupees where it is one: 150000 -> '₹1,500'."""
    text = rupees(paise)
    return text.removesuffix(".00")


def axis_price(paise: float) -> str:
    """A price tick, without the sign of the currency."""
    return rupees_text(round(paise)).removesuffix(".00")


def time_axis(frame: Frame, x: Scale) -> Markup:
    """The times below the plot, with their grid lines."""
    row = Markup(
        '<line class="grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        '<text class="tick" x="{0}" y="{3}" text-anchor="middle">{4}</text>'
    )
    ticks = time_ticks(x.low, x.high, frame.time_ticks)
    span, step = x.high - x.low, ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    return join(row.format(x(t), frame.top, frame.floor, frame.height - 7, tick_text(t, span, step)) for t in ticks)


def value_axis(frame: Frame, y: Scale, text: Callable[[float], str]) -> Markup:
    """The values left of the plot, with their grid lines."""
    row = Markup(
        '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
        '<text class="tick" x="{3}" y="{4}" text-anchor="end">{5}</text>'
    )
    ticks = value_ticks(y.low, y.high, frame.value_ticks)
    return join(row.format(frame.left, frame.edge, y(v), frame.left - 7, y(v) + 4, text(v)) for v in ticks)


def join(parts: Iterable[Markup]) -> Markup:
    """Pieces of markup as one."""
    return Markup("").join(parts)


def svg(frame: Frame, identity: str, title: str, description: str, body: Markup) -> Markup:
    """A whole drawing with its title and description for a screen reader. identity: unique in the page."""
    return Markup(
        '<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc>'
        "{body}</svg>"
    ).format(
        name=frame.name, width=frame.width, height=frame.height, id=f"{identity}-{frame.name}", title=title,
        description=description, body=body,
    )


def path(points: Iterable[Point]) -> str:
    """Pixels as the `d` of a path."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def drawdown(points: Sequence[Point]) -> list[Point]:
    """How far each value lies below the highest one before it, zero or less; the account starts flat at zero."""
    peak, below = 0.0, []
    for at, value in points:
        peak = max(peak, value)
        below.append((at, value - peak))
    return below


def equity_chart(series: Sequence[Series], frame: Frame, identity: str, title: str) -> Markup:
    """Curves over one time axis with a zero line; the first is the account and has the values to hover over."""
    account = series[0].points
    x = _times(account, frame)
    values = [value for one in series for _, value in one.points] + [0.0]
    y = _values(min(values), max(values), frame)
    low, high = min(v for _, v in account), max(v for _, v in account)
    text = f"From {time_text(x.low)} to {time_text(x.high)} IST: lowest {signed(low)}, highest {signed(high)}, " \
        f"last {signed(account[-1][1])}."
    pixels = [(x(at), y(value)) for at, value in account]
    area = [(x(account[0][0]), y(0)), *pixels, (x(account[-1][0]), y(0))]
    curves = [
        Markup('<path class="{}" d="{}"/>').format(one.style, path((x(at), y(v)) for at, v in one.points))
        for one in reversed(series) if one.points
    ]
    body = join([
        time_axis(frame, x), value_axis(frame, y, axis_rupees),
        Markup('<path class="area" d="{}Z"/>').format(path(area)),
        _zero(frame, y), *curves, _notes(account, frame, x, signed),
    ])
    return svg(frame, identity, title, text, body)


def drawdown_chart(points: Sequence[Point], frame: Frame, identity: str, title: str) -> Markup:
    """The drawdown of `points` as an area that hangs from zero."""
    below = drawdown(points)
    x = _times(below, frame)
    deepest = min(below, key=lambda point: point[1])
    y = _values(deepest[1], 0.0, frame)
    text = f"Deepest: {signed(deepest[1])} at {time_text(deepest[0])} IST."
    pixels = [(x(at), y(value)) for at, value in below]
    area = [(pixels[0][0], y(0)), *pixels, (pixels[-1][0], y(0))]
    body = join([
        time_axis(frame, x), value_axis(frame, y, axis_rupees), _zero(frame, y),
        Markup('<path class="fall" d="{}Z"/>').format(path(area)), _notes(below, frame, x, signed),
    ])
    return svg(frame, identity, title, text, body)


def _times(points: Sequence[Point], frame: Frame) -> Scale:
    low, high = points[0][0], max(points[-1][0], points[0][0] + MINUTE_SECONDS)
    return Scale(low, high, frame.left, frame.edge)


def _values(low: float, high: float, frame: Frame) -> Scale:
    if high - low < 1:
        low, high = low - 100, high + 100
    return Scale(low, high + (high - low) * 0.04, frame.floor, frame.top)


def _zero(frame: Frame, y: Scale) -> Markup:
    return Markup('<line class="zero" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>').format(frame.left, frame.edge, y(0))


def _notes(points: Sequence[Point], frame: Frame, x: Scale, text: Callable[[float], str]) -> Markup:
    """Invisible columns, one a point, that carry the value as a tool tip."""
    every = math.ceil(len(points) / _MAX_NOTES)
    shown = points[::every]
    width = max((frame.edge - frame.left) / len(shown), 1)
    row = Markup('<rect class="hit" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{} {}</title></rect>')
    return join(
        row.format(x(at) - width / 2, frame.top, width, frame.floor - frame.top, time_text(at), text(value))
        for at, value in shown
    )
