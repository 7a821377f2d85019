"""The dashboard: `streamlit run dashboard/app.py`, or `tron up`."""

from datetime import date
from pathlib import Path
from typing import Final

import streamlit as st

from common.market.indian_time import INDIA
from dashboard import words
from dashboard.access import allowed
from dashboard.shared import DAY, LIVE_SECONDS, banner, first_day, read
from dashboard.views.backtests import backtests
from dashboard.views.controls import controls
from dashboard.views.health import health
from dashboard.views.logs import logs
from dashboard.views.plan import plan
from dashboard.views.positions import positions
from dashboard.views.scorecard import scorecard
from dashboard.views.today import today
from dashboard.views.trades import trades
from dashboard.views.workloads import workloads

ICON: Final = Path(__file__).with_name("icon.png")
"""A picture of its own: the icon of a page would be fetched from elsewhere."""


def main() -> None:
    """Navigation, the strip that every page has, the page."""
    st.set_page_config(page_title="Tron", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")
    if not allowed():
        return
    page = st.navigation(
        [
            st.Page(today, title="Today", icon=":material/monitoring:", default=True),
            st.Page(plan, title="Plan", icon=":material/route:"),
            st.Page(trades, title="Trades", icon=":material/swap_horiz:"),
            st.Page(positions, title="Positions and risk", icon=":material/shield:", url_path="positions"),
            st.Page(workloads, title="Workloads", icon=":material/memory:"),
            st.Page(logs, title="Logs", icon=":material/article:"),
            st.Page(scorecard, title="Scorecard", icon=":material/balance:"),
            st.Page(backtests, title="Backtests", icon=":material/science:"),
            st.Page(controls, title="Controls", icon=":material/pan_tool:"),
            st.Page(health, title="Health", icon=":material/ecg_heart:"),
        ]
    )
    with st.sidebar:
        st.date_input(
            "Day", first_day(), key=DAY, format="YYYY-MM-DD", max_value=date(2099, 12, 31), help="Empty: today"
        )
    st.title(page.title, anchor=False)
    _strip()
    page.run()


@st.fragment(run_every=LIVE_SECONDS)
def _strip() -> None:
    """On every page: whether the API answers, which money this is, how late it is where trading happens."""
    banner()
    found = read("/health")
    if found.data is None:
        return
    state, mode = found.data, found.data["mode"]
    badge = {"live": ":red-badge[LIVE: real money]", "paper": ":blue-badge[paper money]"}
    now = read("/workloads").now or found.now
    told = [badge.get(mode, ":gray-badge[no plan yet]"), words.STATUS_BADGE[state["status"]]]
    told.append(f"day {date.fromisoformat(state['date']):%a %d %b %Y}")
    if now:
        told.append(f"now **{now.astimezone(INDIA):%H:%M:%S} IST**")
    st.markdown(" ".join([*told[:2], " · ".join([*told[2:], state["environment"]])]))


main()
