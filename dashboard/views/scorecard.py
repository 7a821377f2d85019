"""Scorecard: the plan against its alternatives, and what that means."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import words
from dashboard.shared import needed, note


def scorecard() -> None:
    """Of the chosen day, made when it is closed."""
    found = needed("/scorecard", "scorecard")
    if found is None:
        return
    card = found["scorecard"]
    st.subheader(verdict(card), anchor=False)
    if card.get("fault"):
        st.warning(card["fault"], icon=":material/warning:")
    st.markdown(card["standing"]["text"])
    st.table([_row(one, card["traded_paise"]) for one in card["arms"]], hide_index=True)
    note(
        "Each line is the same day once more with another choice, after charges and the planner's cost. "
        f"Slippage of the day as traded: {words.rupees(card.get('slippage_paise'))}."
    )
    notes = [f"**{one['name']}**: {note}" for one in card["arms"] for note in one["notes"]]
    if notes:
        with st.expander("Notes"):
            st.markdown("\n".join(f"- {one}" for one in notes))
    with st.expander("The whole document"):
        st.json(card, expanded=1)


def verdict(card: Mapping[str, Any]) -> str:
    """Where the day as traded stands among the others, in one sentence."""
    traded = card["traded_paise"]
    others = [one for one in card["arms"] if not one["failed"] and one["name"] not in ("as traded", "rules")]
    if traded is None:
        return "The day as traded has no result."
    beaten = sum(one["net_paise"] < traded for one in others)
    return f"As traded: {words.made(traded)}; better than {beaten} of {words.plural(len(others), 'alternative')}."


def _row(one: Mapping[str, Any], traded: int | None) -> Mapping[str, Any]:
    if one["failed"]:
        return {"choice": one["name"], "net": "–", "against the plan": one["failed"], "trades": "–", "charges": "–"}
    apart = one["net_paise"] - traded if traded is not None else None
    return {
        "choice": one["name"],
        "net": words.signed(one["net_paise"]),
        "against the plan": words.signed(apart),
        "trades": str(one["trades"]),
        "charges": words.rupees(one["charges_paise"]),
    }
