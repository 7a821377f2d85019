"""The dashboard: `streamlit run dashboard/app.py`, or `tron up`."""

from datetime import date

import streamlit as st

from dashboard import words
from dashboard.access import allowed
from dashboard.pages.backtests import backtests
from dashboard.pages.controls import controls
from dashboard.pages.health import health
from dashboard.pages.logs import logs
from dashboard.pages.plan import plan
from dashboard.pages.positions import positions
from dashboard.pages.scorecard import scorecard
from dashboard.pages.today import today
from dashboard.pages.trades import trades
from dashboard.pages.workloads import workloads
from dashboard.shared import DAY, LIVE_SECONDS, banner, read


def main() -> None:
    """Navigation, the strip that every page has, the page."""
    st.set_page_config(page_title="Tron", page_icon="📈", layout="wide", initial_sidebar_state="auto")
    if not allowed():
        return
    page = st.navigation(
        [
            st.Page(today, title="Today", icon="📈", default=True),
            st.Page(plan, title="Plan", icon="🧭"),
            st.Page(trades, title="Trades", icon="🔁"),
            st.Page(positions, title="Positions and risk", icon="🛡️", url_path="positions"),
            st.Page(workloads, title="Workloads", icon="⚙️"),
            st.Page(logs, title="Logs", icon="📜"),
            st.Page(scorecard, title="Scorecard", icon="⚖️"),
            st.Page(backtests, title="Backtests", icon="🧪"),
            st.Page(controls, title="Controls", icon="✋"),
            st.Page(health, title="Health", icon="🩺"),
        ]
    )
    with st.sidebar:
        st.date_input(
            "Day", value=None, key=DAY, format="YYYY-MM-DD", max_value=date(2099, 12, 31), help="Empty: today"
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
    money = {"live": ":red-badge[LIVE: real money]", "paper": ":blue-badge[paper]", None: ":gray-badge[no plan yet]"}[
        mode
    ]
    now = read("/workloads").now or found.now
    st.markdown(
        f"{money} {words.STATUS_ICON[state['status']]} {state['date']} **{now:%H:%M:%S} IST** · {state['environment']}"
        if now
        else money
    )


main()
