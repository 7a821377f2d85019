"""Health: every check with its remedy, the day's table, what it costs."""

import streamlit as st

from dashboard import words
from dashboard.shared import SLOW_SECONDS, connection, needed


def health() -> None:
    """As `tron doctor` has it."""
    _shown()


@st.fragment(run_every=SLOW_SECONDS)
def _shown() -> None:
    found = needed("/health", "health")
    if found is None:
        return
    st.subheader(
        f"{words.STATUS_ICON[found['status']]} {found['environment']}: {found['broker']}, "
        f"{found['mode'] or 'no mode yet'}",
        anchor=False,
    )
    st.table(
        [
            {
                "": words.STATUS_WORD[one["verdict"]],
                "check": one["name"],
                "found": one["text"],
                "remedy": one["remedy"],
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
