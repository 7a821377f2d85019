"""The readiness gate: green, amber or red, each with named reasons, and the list of what is missing."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from common.market.instrument import AssetClass
from common.planning.document import Record
from common.planning.session_facts import SessionFacts

Verdict: TypeAlias = Literal["green", "amber", "red"]
MARKET: Final = "market"


class GateReason(Record):
    """One finding. name: stable, for machines; text: for people, with what to do."""

    name: str
    verdict: Verdict
    text: str


class Gate(Record):
    """The worst of the findings; green has none."""

    verdict: Verdict
    reasons: tuple[GateReason, ...]


class Missing(Record):
    """Something planning would have liked to know. scope: an asset class, or 'market' for all of them."""

    scope: str
    text: str


def gate_of(
    session: SessionFacts, tradable: Sequence[AssetClass], missing: Sequence[Missing], checks: Sequence[GateReason]
) -> Gate:
    """The day's own findings after the caller's `checks` (of which green ones are left out)."""
    reasons = [check for check in checks if check.verdict != "green"]
    if session.kind == "closed":
        reasons.append(GateReason(name="closed", verdict="red", text="the exchange is closed today: nothing to plan"))
    elif session.kind != "normal":
        text = f"{session.name or session.kind}: a special session; it is traded only if the mandate says so"
        reasons.append(GateReason(name="special_session", verdict="amber", text=text))
    if not tradable:
        text = "no enabled asset class has instruments today: check the instrument dump and the mandate's universe"
        reasons.append(GateReason(name="nothing_to_trade", verdict="red", text=text))
    reasons.extend(GateReason(name=f"missing_{one.scope}", verdict="amber", text=one.text) for one in missing)
    verdicts = {reason.verdict for reason in reasons}
    worst: Verdict = "red" if "red" in verdicts else "amber" if "amber" in verdicts else "green"
    return Gate(verdict=worst, reasons=tuple(reasons))
