"""Today: what is happening, whether money is made, whether anything is wrong."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard import charts, words
from dashboard.shared import LIVE_SECONDS, needed, note, read

FIGURE_WIDTH: Final = 165
NEAR: Final = 0.9


def today() -> None:
    """The page that is open all day."""
    _now()


@st.fragment(run_every=LIVE_SECONDS)
def _now() -> None:
    health, pnl = read("/health"), read("/pnl")
    if health.data is None:
        needed("/health", "state of the day")
        return
    net = words.made(pnl.data["total"]["net_paise"]) if pnl.data else ""
    st.subheader(sentence(health.data) + (f" {net[:1].upper()}{net[1:]}." if net else ""), anchor=False)
    _figures(health.data, pnl.data)
    _wrong(health.data)
    left, right = st.columns([3, 2])
    with left:
        st.markdown("**Profit and loss, after charges**")
        curve = pnl.data["equity"] if pnl.data else []
        if curve:
            st.altair_chart(charts.equity(curve), width="stretch")
        else:
            note("The curve begins with the first minute that is traded.")
    with right:
        _classes(health.data, pnl.data)
        _limits()


def sentence(health: Mapping[str, Any]) -> str:
    """What is happening, in one sentence."""
    working = [one for one in health["workloads"] if one["state"] in ("LAUNCHED", "RUNNING")]
    held = sum(one["open_positions"] for one in health["workloads"])
    session, plan = health["session"], health["plan"]
    if session is None:
        return "The exchange is closed today."
    if working:
        text = f"Trading: {words.plural(len(working), 'workload')} at work, {words.plural(held, 'position')} open."
    elif health["workloads"]:
        text = (
            "Trading is over for today."
            if not held
            else f"{words.plural(held, 'position')} open, and no workload is at work!"
        )
    elif plan == "DRAFT":
        text = "A live plan waits for your approval."
    elif plan == "REJECTED":
        text = "Nothing is traded today: the plan says why."
    elif plan == "READY":
        text = "The day is planned; trading has not begun."
    else:
        text = "No plan yet."
    return text


def _figures(health: Mapping[str, Any], pnl: Mapping[str, Any] | None) -> None:
    total = pnl["total"] if pnl else {}
    net, step = total.get("net_paise"), (health["session"] or {}).get("next_step")
    row = st.container(horizontal=True)
    row.metric(
        "Net today",
        words.signed(net),
        border=True,
        width=FIGURE_WIDTH,
        help="After charges; open positions at the price of closing them",
    )
    row.metric(
        "Trades",
        total.get("trades", "–"),
        border=True,
        width=FIGURE_WIDTH,
        help=f"Charges {words.rupees(total.get('charges_paise'))}",
    )
    held = sum(one["open_positions"] for one in health["workloads"])
    alarms = sum(one["alarms"] for one in health["workloads"])
    row.metric("Open positions", held, border=True, width=FIGURE_WIDTH)
    left = words.span(health["seconds_to_next_step"])
    name = words.STEP_WORD.get(step["name"], step["name"].replace("_", " ")) if step else "the day is over"
    row.metric(
        "Next step",
        left if step else "–",
        delta=name,
        delta_color="off",
        delta_arrow="off",
        border=True,
        width=FIGURE_WIDTH,
        help=f"At {words.clock(step['at'])} IST" if step else None,
    )
    if alarms:
        st.error(f"{words.plural(alarms, 'alarm')}: see Logs and Workloads.", icon=":material/notifications_active:")


def _wrong(health: Mapping[str, Any]) -> None:
    """Only what is not as it should be."""
    for name, one in health["control"].items():
        if one["level"] != "RUN":
            st.warning(f"**{name}: {words.LEVEL_WORD[one['level']]}.** {one['reason']}", icon=":material/pan_tool:")
    for one in health["checks"]:
        if one["verdict"] != "green":
            show = st.error if one["verdict"] == "red" else st.warning
            show(f"**{one['name']}**: {one['text']} {one['remedy']}", icon=words.STATUS_ICON[one["verdict"]])


def _limits() -> None:
    found = read("/positions").data
    if not found or not found["limits"]:
        return
    bounded = [one for one in found["limits"] if one["limit"]]
    losses = [one for one in bounded if one["name"].replace("_", " ") == "daily loss"]
    near = [one for one in bounded if one not in losses and one["used"] >= NEAR * one["limit"]]
    st.markdown("**Limits used** (daily losses, and what is near its end; the others under Positions)")
    for one in [*losses, *near]:
        st.progress(**limit_bar(one))


def limit_bar(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """A limit of one workload as a bar with its numbers."""
    used, limit = one["used"], one["limit"]
    paise = one["unit"] == "paise"
    told = (
        f"{words.rupees(used)} of {words.rupees(limit)}"
        if paise
        else f"{used:g} of {limit:g}{'' if one['unit'] == 'count' else ' ' + one['unit']}"
    )
    return charts.used(f"{one['asset_class']} {one['name'].replace('_', ' ')}", used / limit, told)


def _classes(health: Mapping[str, Any], pnl: Mapping[str, Any] | None) -> None:
    by_class = {one["asset_class"]: one for one in (pnl or {}).get("classes", [])}
    rows = []
    for one in health["workloads"]:
        money = by_class.get(one["asset_class"], {})
        rows.append(
            {
                "class": one["asset_class"],
                "state": words.STATE_WORD.get(one["state"], one["state"]),
                "net": words.signed(money.get("net_paise", one["net_paise"])),
                "trades": money.get("trades"),
                "heartbeat": f"{words.span(one['heartbeat_age_seconds'])} ago",
            }
        )
    if rows:
        st.table(rows, hide_index=True)
