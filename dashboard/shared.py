"""What every page of the dashboard shares: the connection, the chosen day, how missing things are said."""

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, Final

import streamlit as st

from common.day.polling import BEHIND_SECONDS, OPEN_SECONDS
from dashboard.connection import Connection, Reading
from dashboard.local_store import local_read
from dashboard.words import span

DAY: Final = "day"
LIVE_SECONDS: Final = OPEN_SECONDS
SLOW_SECONDS: Final = BEHIND_SECONDS


@st.cache_resource
def connection() -> Connection:
    """Of this process: TRON_API_URL and TRON_API_KEY, which no browser ever sees."""
    home = os.environ.get("TRON_HOME", "")
    folder = Path(home) / "dashboard" if home else Path(tempfile.gettempdir()) / "tron-dashboard"
    address = os.environ.get("TRON_API_URL") or "http://127.0.0.1:8081"
    return Connection(address, os.environ.get("TRON_API_KEY", ""), folder, local_read())


def first_day() -> date | None:
    """The day of a finished run, in TRON_DASHBOARD_DAY; None: today by Tron's clock."""
    try:
        return date.fromisoformat(os.environ.get("TRON_DASHBOARD_DAY", ""))
    except ValueError:
        return None


def chosen_day() -> str:
    """ISO, '' for today by Tron's clock."""
    found: date | None = st.session_state.get(DAY)
    return found.isoformat() if found else ""


def read(path: str, **wanted: str) -> Reading:
    """Of the chosen day. An answer that takes longer than half a second is seen to be waited for."""
    with st.spinner("Asking the API ..."):
        return connection().read(path, {"date": chosen_day(), **wanted})


def needed(path: str, what: str, **wanted: str) -> Any:
    """The answer; else the page says what is not there, and the part of it ends with None."""
    found = read(path, **wanted)
    if found.data is None:
        say_missing(found, what)
    return found.data


def say_missing(found: Reading, what: str) -> None:
    """Not there yet, or not to be reached: two different things to do."""
    if found.missing:
        st.info(found.problem or f"No {what} yet.", icon=":material/schedule:")
    else:
        st.warning(
            f"No {what} can be shown: {found.problem or 'nothing is known'}. It is tried again by itself.",
            icon=":material/power_off:",
        )


def note(text: str) -> None:
    """A small line below something; Streamlit's own caption is too pale to be read by everybody."""
    st.markdown(f":small[{text}]")


def operable() -> bool:
    """Whether something can be changed now: only through the API."""
    return not connection().down


def banner() -> None:
    """Where the numbers are from, if it is not the API."""
    link, found = connection(), read("/workloads")
    if not link.down:
        return
    where = (
        "These numbers are read from the store itself, just now"
        if found.source == "store"
        else f"These numbers are {span(found.age_seconds)} old"
    )
    if found.data is None:
        where = "There are no numbers of before"
    st.error(
        f"**The API is down.** {where}; nothing can be changed from here. Trading goes on without the API. "
        f"In doubt: `tron flatten --broker-only`. ({link.problem})",
        icon=":material/power_off:",
    )
