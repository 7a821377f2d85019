"""Trades: finished round trips, the candles behind them, and a file to take along."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from common.day.polling import TRADES
from dashboard import charts, words
from dashboard.shared import SLOW_SECONDS, needed, note, read

COLUMNS = (
    "asset_class",
    "strategy",
    "symbol",
    "side",
    "quantity",
    "entry_time",
    "entry_price",
    "entry_reason",
    "stop_price",
    "exit_time",
    "exit_price",
    "exit_reason",
    "gross",
    "charges",
    "net",
)


def trades() -> None:
    """Filters, the table, the chart of one symbol."""
    left, right = st.columns(2)
    asset_class = left.selectbox("Class", ["all", "stock", "options", "futures"])
    strategy = right.text_input("Strategy", placeholder="all")
    _shown("" if asset_class == "all" else str(asset_class), strategy.strip())


@st.fragment(run_every=SLOW_SECONDS)
def _shown(asset_class: str, strategy: str) -> None:
    found = needed("/trades", "trades", **{"class": asset_class, "strategy": strategy, **TRADES})
    if found is None:
        return
    rows: list[Mapping[str, Any]] = found["trades"]
    if not rows:
        st.info("No trade has been finished yet.", icon=":material/schedule:")
        return
    net = sum(one["net_paise"] for one in rows)
    won = sum(one["net_paise"] > 0 for one in rows)
    st.markdown(
        f"**{words.plural(len(rows), 'trade')}**, {won} won, net **{words.signed(net)}**"
        + (f" (the latest {TRADES['limit']})" if found["next"] else "")
    )
    st.dataframe([_row(one) for one in rows], hide_index=True, width="stretch")
    st.download_button("Download as CSV", as_csv(rows), "trades.csv", "text/csv")
    symbol = st.selectbox("Chart of", sorted({one["symbol"] for one in rows}))
    minutes = read("/trades/bars", symbol=str(symbol))
    if minutes.data is None or not minutes.data["bars"]:
        note(f"There are no minutes of {symbol} to draw. {minutes.problem}")
        return
    st.altair_chart(
        charts.candles(minutes.data["bars"], [one for one in rows if one["symbol"] == symbol]), width="stretch"
    )
    note("▲▼ entry, ✚ exit, dashed: the stop. Blue rises, vermilion falls.")


def _row(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "symbol": one["symbol"],
        "side": one["side"],
        "quantity": one["quantity"],
        "net": words.signed(one["net_paise"]),
        "in": words.clock(one["entry_time"]),
        "entry ₹": one["entry_price"],
        "out": words.clock(one["exit_time"]),
        "exit ₹": one["exit_price"],
        "why": one["exit_reason"],
        "charges": words.rupees(one["charges_paise"]),
        "strategy": one["strategy"],
    }


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a trade; a text that a spreadsheet would take for a formula is quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in rows:
        writer.writerow([f"'{one[name]}" if str(one[name])[:1] in "=@+" else one[name] for name in COLUMNS])
    return out.getvalue()
