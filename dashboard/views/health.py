"""Health: every check with its remedy, the day's table, what it costs."""

from typing import Final

import streamlit as st

from dashboard import words
from dashboard.shared import SLOW_SECONDS, connection, needed

BROKER_WORD: Final = {"paper": "on paper", "kite": "at Zerodha"}


def health() -> None:
    """As `tron doctor` has it."""
    _shown()


@st.fragment(run_every=SLOW_SECONDS)
def _shown() -> None:
    found = needed("/health", "health")
    if found is None:
        return
    where = BROKER_WORD.get(found["broker"], found["broker"])
    st.subheader(
        f"{words.STATUS_ICON[found['status']]} {found['environment']}: {where}, "
        f"{found['mode'] + ' money' if found['mode'] else 'no plan yet'}",
        anchor=False,
    )
    asked = any(one["remedy"] for one in found["checks"])
    st.table(
        [
            {
                "": words.STATUS_WORD[one["verdict"]],
                "check": one["name"],
                "found": one["text"],
                **({"remedy": one["remedy"]} if asked else {}),
                "looked at": one["of"],
            }
            for one in found["checks"]
        ],
        hide_index=True,
    )
    if found["session"]:
        st.markdown("**The day**")
        st.table(
            [
                {"at": words.clock(one["at"]), "step": words.STEP_WORD.get(one["name"], one["name"])}
                for one in found["session"]["steps"]
            ],
            hide_index=True,
        )
    cost = connection().read("/health/cost", {}).data
    if cost:
        st.markdown(
            f"**A month costs about {words.rupees(cost['paise'])}**, "
            f"{words.rupees(cost['to_date_paise'])} of it to date."
        )
        st.table(
            [{"part": one["part"], "a month": words.rupees(one["paise"])} for one in cost["parts"]],
            hide_index=True,
        )
