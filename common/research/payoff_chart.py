"""The payoff of an option structure as inline SVG: result at expiry over the price of the underlying."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from common.research.charts import NARROW, WIDE, Frame, Scale, axis_rupees, join, path, svg, value_axis, value_ticks
from common.research.figures import count, is_number, price, signed


def drawings(points: Any, break_evens: Any, identity: str) -> list[Markup]:
    """Wide and narrow. points: rows of price (rupees) and result (paise), in order; nothing where there is no line."""
    rows = points if isinstance(points, Sequence) and not isinstance(points, str) else ()
    known = [(float(row[0]), float(row[1])) for row in rows if len(row) == 2 and all(map(is_number, row))]
    evens = [float(spot) for spot in break_evens or () if is_number(spot)]
    return [_chart(known, evens, frame, identity) for frame in (WIDE, NARROW)] if len(known) > 1 else []


def _chart(points: Sequence[tuple[float, float]], evens: Sequence[float], frame: Frame, identity: str) -> Markup:
    results = [result for _, result in points] + [0.0]
    room = (max(results) - min(results)) * 0.06 or 100.0
    x = Scale(points[0][0], points[-1][0], frame.left, frame.edge)
    y = Scale(min(results) - room, max(results) + room, frame.floor, frame.top)
    least, most = min(result for _, result in points), max(result for _, result in points)
    text = f"From {price(points[0][0])} to {price(points[-1][0])}: lowest {signed(least)}, highest {signed(most)}."
    pieces = [
        Markup('<path class="held {}" d="{}"/>').format(
            "won" if before + after > 0 else "lost", path([(x(low), y(before)), (x(high), y(after))]),
        )
        for (low, before), (high, after) in pairwise(points)
    ]
    marks = [
        Markup('<line class="target" x1="{0}" x2="{0}" y1="{1}" y2="{2}"><title>{3}</title></line>').format(
            x(spot), frame.top, frame.floor, f"break-even at {price(spot)}",
        )
        for spot in evens if points[0][0] <= spot <= points[-1][0]
    ]
    zero = Markup('<line class="zero" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>').format(frame.left, frame.edge, y(0))
    body = join([_prices(frame, x), value_axis(frame, y, axis_rupees), zero, *marks, *pieces])
    return svg(frame, identity, "Payoff at expiry", text, body)


def _prices(frame: Frame, x: Scale) -> Markup:
    """Prices of the underlying below the plot."""
    row = Markup(
        '<line class="grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        '<text class="tick" x="{0}" y="{3}" text-anchor="middle">{4}</text>'
    )
    ticks = value_ticks(x.low, x.high, frame.time_ticks)
    return join(row.format(x(at), frame.top, frame.floor, frame.height - 7, count(at)) for at in ticks)
