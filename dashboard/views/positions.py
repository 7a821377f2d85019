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
        st.dataframe(
            [
                {
                    "symbol": one["symbol"],
                    "quantity": one["quantity"],
                    "average": words.rupees(one["average_paise"]),
                    "mark": words.rupees(one["mark_paise"]),
                    "stop": words.rupees(one["stop_paise"]) if one["stop_paise"] else "–",
                    "value": words.rupees(one["value_paise"]),
                    "open P&L": words.signed(one["open_pnl_paise"]),
                    "protected": "yes" if one["protected"] else "NO",
                    "leaving": one["leaving"],
                    "basket": one["basket"],
                }
                for one in held
            ],
            hide_index=True,
            width="stretch",
        )
    else:
        st.info("Nothing is held.", icon=":material/check_circle:")
    st.markdown("**Exposure**")
    st.table(
        [
            {
                "class": one["asset_class"],
                "positions": one["positions"],
                "gross": words.rupees(one["gross_paise"]),
                "net": words.rupees(one["net_paise"]),
                "margin": words.rupees(one["margin_paise"]),
                **{name: f"{value:,.1f}" for name, value in (one["greeks"] or {}).items()},
            }
            for one in found["exposure"]
        ],
        hide_index=True,
    )
    _limits(found["limits"])


def _limits(limits: list[Mapping[str, Any]]) -> None:
    st.markdown("**Limits used, the most of the day so far**")
    bounded = [one for one in limits if one["limit"]]
    classes = list(dict.fromkeys(one["asset_class"] for one in bounded))
    for column, asset_class in zip(st.columns(max(1, len(classes))), classes, strict=False):
        with column:
            for one in bounded:
                if one["asset_class"] == asset_class:
                    st.progress(**limit_bar(one))
