"""The dashboard's charts, as Altair has them: light and dark by the page, colours that everybody can tell apart."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import altair as alt

from common.market.indian_time import INDIA
from dashboard.words import FLAT, GAIN, LOSS

TIME: Any = alt.Axis(format="%H:%M", title=None, grid=False)


def equity(curve: Sequence[Sequence[Any]]) -> Any:
    """curve: [time, paise] of each minute."""
    rows = [{"time": _local(when), "rupees": paise / 100} for when, paise in curve]
    last = rows[-1]["rupees"] if rows else 0
    base = alt.Chart(_rows(rows))
    line = base.mark_area(
        line={"color": GAIN if last >= 0 else LOSS}, color=GAIN if last >= 0 else LOSS, opacity=0.18
    ).encode(
        x=alt.X("time:T", axis=TIME),
        y=alt.Y("rupees:Q", axis=alt.Axis(title="net ₹", format=",.0f")),
        tooltip=[alt.Tooltip("time:T", format="%H:%M"), alt.Tooltip("rupees:Q", format=",.0f")],
    )
    zero = alt.Chart(_rows([{"y": 0}])).mark_rule(color=FLAT, strokeDash=[4, 4]).encode(y="y:Q")
    return alt.layer(zero, line).properties(height=260)


def candles(bars: Sequence[Sequence[Any]], trades: Sequence[Mapping[str, Any]]) -> Any:
    """bars: [time, open, high, low, close, volume]; entries, stops and exits of `trades` over them."""
    rows = [
        {"time": _local(one[0]), "open": one[1], "high": one[2], "low": one[3], "close": one[4], "up": one[4] >= one[1]}
        for one in bars
    ]
    base = alt.Chart(_rows(rows)).encode(
        x=alt.X("time:T", axis=TIME),
        color=alt.Color("up:N", scale=alt.Scale(domain=[True, False], range=[GAIN, LOSS]), legend=None),
    )
    price = alt.Scale(zero=False)
    wick = base.mark_rule().encode(y=alt.Y("low:Q", scale=price, axis=alt.Axis(title="₹")), y2="high:Q")
    body = base.mark_bar(size=3).encode(
        y=alt.Y("open:Q", scale=price),
        y2="close:Q",
        tooltip=[alt.Tooltip("time:T", format="%H:%M"), "open:Q", "high:Q", "low:Q", "close:Q"],
    )
    return alt.layer(wick, body, *_marks(trades)).properties(height=380).interactive(bind_y=False)


def _marks(trades: Sequence[Mapping[str, Any]]) -> list[Any]:
    points, stops = [], []
    for one in trades:
        points.append(
            {
                "time": _local(one["entry_time"]),
                "price": one["entry_price"],
                "what": "entry",
                "told": one["entry_reason"],
                "shape": "triangle-up" if one["side"] == "long" else "triangle-down",
            }
        )
        points.append(
            {
                "time": _local(one["exit_time"]),
                "price": one["exit_price"],
                "what": "exit",
                "told": one["exit_reason"],
                "shape": "cross",
            }
        )
        stops.append(
            {
                "time": _local(one["entry_time"]),
                "end": _local(one["exit_time"]),
                "price": one["stop_price"],
                "what": "stop",
            }
        )
    shown = (
        alt.Chart(_rows(points))
        .mark_point(size=130, filled=True, color="#009E73", opacity=1)
        .encode(
            x="time:T",
            y="price:Q",
            shape=alt.Shape("shape:N", scale=None),
            tooltip=["what:N", "price:Q", "told:N"],
        )
    )
    stop = (
        alt.Chart(_rows(stops))
        .mark_rule(color=LOSS, strokeDash=[5, 4], strokeWidth=2)
        .encode(
            x="time:T",
            x2="end:T",
            y="price:Q",
            tooltip=["what:N", "price:Q"],
        )
    )
    return [stop, shown]


def payoff(points: Sequence[Sequence[float]]) -> Any:
    """points: [price of the underlying, rupees at expiry]."""
    rows = [{"price": price, "rupees": value} for price, value in points]
    line = (
        alt.Chart(_rows(rows))
        .mark_line(color=GAIN, strokeWidth=3)
        .encode(
            x=alt.X("price:Q", scale=alt.Scale(zero=False), axis=alt.Axis(title="underlying at expiry", format=",.0f")),
            y=alt.Y("rupees:Q", axis=alt.Axis(title="₹ at expiry", format=",.0f")),
            tooltip=[alt.Tooltip("price:Q", format=",.0f"), alt.Tooltip("rupees:Q", format=",.0f")],
        )
    )
    zero = alt.Chart(_rows([{"y": 0}])).mark_rule(color=FLAT, strokeDash=[4, 4]).encode(y="y:Q")
    return alt.layer(zero, line).properties(height=240)


def used(name: str, share: float, told: str) -> Mapping[str, Any]:
    """One bar of a limit, as st.progress takes it: never beyond full."""
    return {"value": min(1.0, max(0.0, share)), "text": f"{name}: {told}"}


def _local(moment: str) -> str:
    """As Indian clocks show it, without its zone: the browser takes it for its own, and shows it unchanged."""
    return datetime.fromisoformat(moment).astimezone(INDIA).strftime("%Y-%m-%dT%H:%M:%S")


def _rows(rows: Sequence[Mapping[str, Any]]) -> Any:
    return alt.InlineData(values=list(rows))
