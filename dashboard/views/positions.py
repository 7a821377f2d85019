"""Positions and risk: what is held, its stops at the broker, exposure, Greeks, margin, limits."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import words
from dashboard.shared import LIVE_SECONDS, needed, note
from dashboard.views.today import limit_bar


def positions() -> None:
    """As of the last heartbeats."""
    _shown()


@st.fragment(run_every=LIVE_SECONDS)
def _shown() -> None:
    found = needed("/positions", "positions")
    if found is None:
        return
    note(f"As of {words.clock(found['as_of'], seconds=True)} IST; your own positions are not here, and never touched.")
    held = found["positions"]
    bare = [one["symbol"] for one in held if not one["protected"]]
    if bare:
        st.error(f"Without a stop or an exit: {', '.join(bare)}", icon=":material/notifications_active:")
    if held:
        st.dataframe(_columns(held), hide_index=True, width="stretch")
    else:
        st.info("Nothing is held.", icon=":material/check_circle:")
    _exposure(found["exposure"])
    _limits(found["limits"])


def _columns(held: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What matters most comes first: a phone shows four columns. Why and in what is said where there is something."""
    said = [name for name in ("leaving", "basket") if any(one[name] for one in held)]
    return [
        {
            "symbol": one["symbol"],
            "quantity": one["quantity"],
            "open P&L": words.signed(one["open_pnl_paise"]),
            "stop": words.price(one["stop_paise"]) if one["stop_paise"] else "–",
            "mark": words.price(one["mark_paise"]),
            "average": words.price(one["average_paise"]),
            "value": words.rupees(one["value_paise"]),
            **{name: one[name] for name in said},
        }
        for one in held
    ]


def _exposure(classes: list[Mapping[str, Any]]) -> None:
    """Of each class; what all of it wins or loses when the market moves, only where every part of it is known."""
    st.markdown("**Exposure**")
    left, right = st.columns(2)
    left.table([_exposed(one) for one in classes], hide_index=True)
    right.table([_moving(one) for one in classes], hide_index=True)
    known = [one["greeks"] for one in classes if one["greeks"] is not None]
    if classes and len(known) == len(classes):
        delta, vega = (sum(one[name] for one in known) for name in ("delta_paise", "vega_paise"))
        told = f"All together: {_moved(delta)} when everything rises by 1 %, {_moved(vega)} a point of volatility. "
    else:
        told = "A dash: the market does not say (yet) what an option that is held is worth. "
    note(
        f"{told}Margin: what positions and entries on their way bind. Delta: rupees when the underlyings rise by 1 %; "
        "gamma: by how much that grows with it; vega: rupees when volatility rises by one point."
    )


def _exposed(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "class": one["asset_class"],
        "gross": words.rupees(one["gross_paise"]),
        "net": words.rupees(one["net_paise"]),
        "margin": words.rupees(one["margin_paise"]),
    }


def _moving(one: Mapping[str, Any]) -> Mapping[str, Any]:
    greeks = one["greeks"] or {}
    return {
        "class": one["asset_class"],
        **{name: words.signed(greeks.get(f"{name}_paise")) for name in ("delta", "gamma", "vega")},
    }


def _moved(paise: int) -> str:
    return f"{words.rupees(abs(paise))} {'won' if paise > 0 else 'lost'}" if paise else "nothing"


def _limits(limits: list[Mapping[str, Any]]) -> None:
    st.markdown("**Limits used, the most of the day so far**")
    bounded = [one for one in limits if one["limit"]]
    classes = list(dict.fromkeys(one["asset_class"] for one in bounded))
    for column, asset_class in zip(st.columns(max(1, len(classes))), classes, strict=False):
        with column:
            for one in bounded:
                if one["asset_class"] == asset_class:
                    st.progress(**limit_bar(one))
