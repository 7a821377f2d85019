"""Logs: what was loud today, as it is written."""

import streamlit as st

from common.day.polling import LOGS
from dashboard import words
from dashboard.shared import LIVE_SECONDS, needed, note


def logs() -> None:
    """Filters above, the latest first."""
    left, middle, right = st.columns(3)
    level = left.selectbox("At least", ["all", "warning", "error", "critical"])
    room = middle.text_input("Class or function", placeholder="all")
    tag = right.text_input("Order tag", placeholder="all")
    _shown("" if level == "all" else str(level), room.strip(), tag.strip())


@st.fragment(run_every=LIVE_SECONDS)
def _shown(level: str, room: str, tag: str) -> None:
    found = needed("/logs", "records", level=level, room=room, tag=tag, **LOGS)
    if found is None:
        return
    if not found["records"]:
        st.success("Nothing loud today.", icon=":material/check_circle:")
        return
    st.dataframe(
        [
            {
                "time": words.clock(one["time"], seconds=True),
                "level": one["severity"].lower(),
                "of": one["asset_class"] or one["service"],
                "message": one["message"],
                "tag": one["tag"],
            }
            for one in found["records"]
        ],
        hide_index=True,
        width="stretch",
    )
    note(f"The latest {LOGS['limit']} of WARNING and above, and of trades. Everything is in the archive: `tron logs`.")
