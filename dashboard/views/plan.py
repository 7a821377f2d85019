"""Plan: the choice beside its numbers, what it may lose at most, and the approval of a live one."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard import charts, words
from dashboard.shared import LIVE_SECONDS, connection, needed, note, operable, read

FEW_NUMBERS: Final = 6
ENDLESS: Final = 1_000_000_000
REFUSED: Final = "plan-refused"


def plan() -> None:
    """Each asset class with its reasons; a draft with its two buttons."""
    st.session_state.pop(REFUSED, None)
    _shown()


@st.fragment(run_every=LIVE_SECONDS)
def _shown() -> None:
    found = needed("/plan", "plan")
    if found is None:
        return
    made = found["plan"]
    st.subheader(_title(found), anchor=False)
    _approval()
    if found["refusal"] and made["status"] != "DRAFT":
        st.info(found["refusal"], icon=":material/block:")
    _reasons(made["reasons"])
    for one in made["classes"]:
        with st.container(border=True):
            _class(one)
    with st.expander("Who planned, and on what"):
        planner = made["planner"]
        st.markdown(
            f"Planned by **{planner['kind']}** {planner['model']}. {planner['fallback_reason']} "
            f"Cost {words.rupees(planner['cost_paise'])}, {planner['tokens']} tokens, "
            f"{planner['latency_ms'] / 1000:.1f} s.",
        )
        st.code(
            f"plan {found['hash']}\nevidence {made['evidence_hash']}\nmandate {made['mandate_hash']}", language=None
        )
        st.table(
            [
                {"": words.STATUS_WORD[one["verdict"]], "check": one["name"], "found": one["text"]}
                for one in found["gate"]
            ],
            hide_index=True,
        )


def _title(found: Mapping[str, Any]) -> str:
    made = found["plan"]
    trading = [one["asset_class"] for one in made["classes"] if one["enabled"]]
    what = ", ".join(trading) if trading else "nothing"
    return {
        "READY": f"The plan trades {what}, {made['mode']}.",
        "DRAFT": f"A draft: it would trade {what}, {made['mode']}.",
        "REJECTED": "Nothing is traded on this plan.",
    }[made["status"]]


def _approval() -> None:
    """The maximum loss above the buttons, two taps, and only while it is a draft."""
    standing = read("/control").data
    draft = (standing or {}).get("plan")
    if not draft:
        return
    if draft["status"] != "DRAFT":
        if draft["status"] == "READY":
            st.markdown(f"It may lose **{words.rupees(draft['max_loss_paise'])}** at most.")
        return
    with st.container(border=True):
        st.markdown(f"### This plan may lose {words.rupees(draft['max_loss_paise'])} at most")
        note(
            "Approve it, and it trades your own money today. "
            f"Not answered by {words.clock(draft['until'])}, nothing is traded."
        )
        left, right = st.columns(2)
        for column, word, label in ((left, "approve", "Approve"), (right, "reject", "Reject")):
            with column:
                _tap(word, label, draft)
        if st.session_state.get(REFUSED):
            st.error(st.session_state[REFUSED], icon=":material/block:")


def _tap(word: str, label: str, draft: Mapping[str, Any]) -> None:
    """Only this fragment runs again after a tap: what was refused stays to be read."""
    key = f"plan-{word}"
    if st.session_state.get(key) != draft["plan_hash"]:
        if st.button(label, key=f"{key}-first", width="stretch", disabled=not operable()):
            st.session_state[key] = draft["plan_hash"]
            st.rerun(scope="fragment")
        return
    if st.button(f"Yes, {word} it", key=f"{key}-second", type="primary", width="stretch", disabled=not operable()):
        body = {name: draft[name] for name in ("date", "plan_hash", "max_loss_paise")} | {"action": word}
        taken, st.session_state[REFUSED] = connection().post("/control", body)
        st.session_state.pop(key, None)
        st.rerun(scope="app" if taken else "fragment")


def _reasons(reasons: list[Mapping[str, Any]]) -> None:
    for one in reasons:
        told = [_number(name, value) for name, value in one["numbers"].items()]
        few = ", ".join(f"{name} **{value}**" for name, value in told) if len(told) <= FEW_NUMBERS else ""
        st.markdown(f"- {one['text'][:1].upper()}{one['text'][1:]}" + (f"  \n  {few}" if few else ""))
        if told and not few:
            with st.expander(f"Its {len(told)} numbers"):
                st.table([{"number": name, "value": value} for name, value in told], hide_index=True)


def _number(name: str, value: float) -> tuple[str, str]:
    """As a person reads it: `symbols.SBIN.median_turnover_paise` is SBIN median turnover, in rupees."""
    told = name.removeprefix("symbols.").removeprefix("regime.").removeprefix("chains.").removeprefix("futures.")
    text = words.rupees(value) if name.endswith("_paise") else words.number(value)
    return told.removesuffix("_paise").replace("_", " ").replace(".", " "), text


def _class(one: Mapping[str, Any]) -> None:
    name = one["asset_class"].capitalize()
    if not one["enabled"]:
        st.markdown(f"**{name}**: not today")
        _reasons(one["reasons"])
        return
    st.markdown(f"**{name}: {one['strategy']}**, size {one['size']:g}")
    left, right = st.columns([3, 2])
    with left:
        _reasons(one["reasons"])
        note(f"Universe: {', '.join(one['universe'])}")
        if one["structure"]:
            _structure(one["structure"])
    with right:
        limits = {name: value for name, value in one["limits"].items() if value is not None and not _endless(value)}
        rows = [
            {
                "limit": key.removesuffix("_paise").replace("_", " "),
                "value": words.rupees(value) if key.endswith("_paise") else f"{value}",
            }
            for key, value in limits.items()
        ]
        with st.expander(f"Limits: may lose {words.rupees(limits.get('loss_paise'))} today"):
            st.table(rows, hide_index=True)
        note("Parameters: " + ", ".join(f"{key} = {value}" for key, value in one["parameters"].items()))


def _endless(value: Any) -> bool:
    """Numbers so large that they limit nothing are not shown as limits."""
    return isinstance(value, (int, float)) and value >= ENDLESS


def _structure(structure: Mapping[str, Any]) -> None:
    """Its payoff at expiry from its legs and its credit."""
    st.markdown(structure_text(structure))
    st.altair_chart(charts.payoff(payoff_points(structure)), width="stretch")


def structure_text(structure: Mapping[str, Any]) -> str:
    """What may be lost comes first, whatever credit there will be; then the figures of the least credit."""
    most = structure.get("most_lost_paise", 0)
    first = f"At expiry one position may lose {words.rupees(most)} at most, whatever its credit. " if most else ""
    return (
        f"{first}As drawn below, {words.rupees(structure['max_loss_paise'])} lost or "
        f"{words.rupees(structure['max_profit_paise'])} won; break-even at "
        + " and ".join(words.rupees(one) for one in structure["break_evens_paise"])
        + f"; margin {words.rupees(structure['margin_paise'])}: {structure['basis']}"
    )


def payoff_points(structure: Mapping[str, Any]) -> list[tuple[float, float]]:
    """[underlying in rupees, rupees at expiry] at every strike and a little beyond the outer ones."""
    strikes = sorted({leg["strike_paise"] / 100 for leg in structure["legs"]})
    beyond = max(strikes[-1] - strikes[0], strikes[0] * 0.01) * 0.5
    prices = [strikes[0] - beyond, *strikes, strikes[-1] + beyond]
    return [(price, _worth(structure, price)) for price in prices]


def _worth(structure: Mapping[str, Any], price: float) -> float:
    worth = sum(
        leg["side"] * max(0.0, (price - leg["strike_paise"] / 100) * (1 if leg["kind"] == "CE" else -1))
        for leg in structure["legs"]
    )
    return float(worth * structure["units"] + structure["credit_paise"] / 100)
