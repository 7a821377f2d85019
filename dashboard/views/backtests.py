"""Backtests: results that are kept here, one of them whole."""

from urllib.parse import quote

import streamlit as st

from dashboard.shared import connection, needed, note, read


def backtests() -> None:
    """A list, and the figures of the chosen one."""
    found = needed("/backtests", "backtests")
    if found is None:
        return
    entries = found["backtests"]
    if not entries:
        st.info(
            "No result is kept here: `tron backtest ... --out DIR` writes one, TRON_BACKTESTS names the directory.",
            icon=":material/schedule:",
        )
        return
    st.dataframe(
        [
            {
                "name": one["name"],
                "strategy": one["strategy"],
                "from": one["first"],
                "to": one["last"],
                "days": one["days"],
                **{key: value for key, value in one["totals"].items() if isinstance(value, (int, float, str))},
            }
            for one in entries
        ],
        hide_index=True,
        width="stretch",
    )
    name = st.selectbox("Result", [one["name"] for one in entries])
    result = read("/backtests/result", name=str(name))
    if result.data is not None:
        st.json(result.data["result"], expanded=1)
        note(f"The report as a page: {connection().address}/backtests/page?name={quote(str(name))}")
