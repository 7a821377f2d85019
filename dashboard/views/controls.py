"""Controls: three levels of halt by two taps; to go on again needs a reason."""

from typing import Any

import streamlit as st

from dashboard import words
from dashboard.shared import LIVE_SECONDS, SLOW_SECONDS, connection, needed, note, operable

LEVELS = (
    ("stop", "Stop entries", "Nothing new is entered. What is held keeps its stops and targets."),
    ("cancel", "Cancel entries", "Besides, entries that still work at the broker are cancelled."),
    ("flatten", "Close everything", "Besides, everything of ours is closed now, at market prices within the band."),
)
ARMED = "armed"


def controls() -> None:
    """What stands, then the buttons; both are looked at again, for the API may go and come."""
    _standing()
    scope = str(st.selectbox("For", ["all", "stock", "options", "futures"], key="scope"))
    _buttons(scope)
    st.divider()
    _resume(scope)


@st.fragment(run_every=LIVE_SECONDS)
def _buttons(scope: str) -> None:
    if not operable():
        st.info(
            "Nothing can be changed while the API is down: `tron halt` and `tron flatten --broker-only` do without it.",
            icon=":material/power_off:",
        )
    for column, (level, label, told) in zip(st.columns(3), LEVELS, strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{label}**")
            note(told)
            _level(level, label, scope)


def _resume(scope: str) -> None:
    """Not looked at again by itself: nobody types while a page changes under the hand."""
    with st.form("resume", clear_on_submit=False):
        reason = st.text_input("Why may trading go on?", max_chars=500)
        sent = st.form_submit_button("Resume", help="A reason is asked for, and kept")
    if sent and not reason.strip():
        st.warning("Say in a few words why trading may go on: it is kept with the change.")
    elif sent:
        _send({"action": "resume", "class": scope, "reason": reason.strip()})


def _level(level: str, label: str, scope: str) -> None:
    mark = f"{level}-{scope}"
    if st.session_state.get(ARMED) != mark:
        if st.button(label, key=f"arm-{level}", width="stretch", disabled=not operable()):
            st.session_state[ARMED] = mark
            st.rerun()
        return
    who = "everything" if scope == "all" else scope
    if st.button(
        f"Yes: {label.lower()}, {who}", key=f"fire-{level}", type="primary", width="stretch", disabled=not operable()
    ):
        _send({"action": "halt", "level": level, "class": scope, "reason": "dashboard"})
    if st.button("No", key=f"disarm-{level}", width="stretch"):
        st.session_state.pop(ARMED, None)
        st.rerun()


def _send(body: dict[str, str]) -> None:
    st.session_state.pop(ARMED, None)
    taken, problem = connection().post("/control", body)
    if taken:
        st.rerun()
    st.error(problem, icon=":material/block:")


@st.fragment(run_every=SLOW_SECONDS)
def _standing() -> None:
    found = needed("/control", "controls")
    if found is None:
        return
    halted = any(one["level"] != "RUN" for one in found["effective"].values())
    own = {one["source"] for one in found["halts"]} == {"square_off"}
    if not halted:
        st.success("Nothing is halted.", icon=":material/check_circle:")
    for name, one in found["effective"].items() if halted else ():
        icon, show = (
            (":material/check_circle:", st.success) if one["level"] == "RUN" else (":material/pan_tool:", st.warning)
        )
        if own and one["level"] == "FLATTEN":  # so every day ends: no warning
            icon, show = ":material/schedule:", st.info
        show(f"**{name}**: {words.LEVEL_WORD.get(one['level'], one['level'])}. {one['reason']}", icon=icon)
    _history(found["history"])


def _history(changes: list[dict[str, Any]]) -> None:
    if changes:
        with st.expander("The latest changes"):
            st.dataframe(list(reversed(changes)), hide_index=True, width="stretch")
