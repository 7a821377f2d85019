"""Workloads: state, where each runs, its lease, its restarts, how it is stopped."""

from typing import Final

import streamlit as st

from common.day.polling import LEASES
from dashboard import words
from dashboard.shared import LIVE_SECONDS, note, read, say_missing

MOST_ALARMS: Final = 4


def workloads() -> None:
    """One an asset class."""
    _shown()


@st.fragment(run_every=LIVE_SECONDS)
def _shown() -> None:
    found, leases = read("/workloads"), read("/workloads", **LEASES)
    if found.data is None:
        say_missing(found, "workloads")
        return
    if not found.data["workloads"]:
        st.info("No workload has been started yet: they start when the plan is ready.", icon=":material/schedule:")
    holders = {one["id"]: one["lease"] for one in (leases.data or {"workloads": []})["workloads"]}
    for one in found.data["workloads"]:
        beat = words.parsed(one["heartbeat"])
        age = (found.now - beat).total_seconds() if found.now and beat else None
        with st.container(border=True):
            row = st.container(horizontal=True)
            row.metric(one["asset_class"].capitalize(), words.STATE_WORD.get(one["state"], one["state"]), width=150)
            row.metric("Heartbeat age", words.span(age), width=150)
            row.metric("Restarts", one["restarts"], help=f"Taken over from outside: {one['take_overs']}", width=150)
            row.metric("Net", words.signed(one["summary"]["net_paise"]), width=150)
            lease, summary = holders.get(one["id"]), one["summary"]
            note(f"Runs as {lease['holder']} (lease {lease['epoch']})" if lease else "Nobody holds its lease.")
            st.markdown(
                f"{words.plural(summary['orders'], 'order')}, {words.plural(summary['fills'], 'fill')}, "
                f"{words.plural(summary['trades'], 'trade')}; "
                f"level **{words.LEVEL_WORD.get(summary['halt_level'], summary['halt_level'])}**"
                + (f": {summary['halted']}" if summary["halted"] else "")
            )
            for alarm in summary["alarms"][-MOST_ALARMS:]:
                show = st.warning if alarm["severity"] == "WARNING" else st.error
                show(f"{words.clock(alarm['time'])} {alarm['message']}", icon=":material/notifications_active:")
            if len(summary["alarms"]) > MOST_ALARMS:
                note(f"The latest {MOST_ALARMS} of {len(summary['alarms'])}; all of them are under Logs.")
