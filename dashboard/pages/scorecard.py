"""Scorecard: the plan against its alternatives, and what that means."""

import streamlit as st

from dashboard import words
from dashboard.shared import needed


def scorecard() -> None:
    """Of the chosen day, made when it is closed."""
    found = needed("/scorecard", "scorecard")
    if found is None:
        return
    card = found["scorecard"]
    told = card.get("meaning") or card.get("sentence")
    if told:
        st.subheader(str(told), anchor=False)
    runs = card.get("runs") or card.get("arms") or []
    rows = [
        {
            "arm": one.get("name", one.get("arm")),
            "net": words.signed(one.get("net_paise")),
            "trades": one.get("trades"),
            "said": one.get("failure", one.get("said", "")),
        }
        for one in runs
        if isinstance(one, dict)
    ]
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch")
    with st.expander("The whole document"):
        st.json(card)
