"""What a person is shown of a live plan, and until when he may answer it."""

from datetime import datetime
from typing import Any, Final

from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.planning.session_facts import clock_moment

STEP: Final = "approve_until"


def approval_cutoff(plan: Plan) -> datetime:
    """The last moment for an approval: the session table's, and not after the plan's last entry."""
    latest = session_times(plan.date, AssetClass.STOCK).steps[STEP]
    entries = [clock_moment(plan.date, one.limits.entry_cutoff) for one in plan.enabled if one.limits is not None]
    return at(min([latest, max(entries, default=latest)]))


def shown(plan: Plan) -> dict[str, Any]:
    """What a person decides on, as JSON; `plan_hash` and `max_loss_paise` come back with the answer."""
    return {
        "date": plan.date.isoformat(), "status": plan.status, "mode": plan.mode, "plan_hash": plan.hash,
        "max_loss_paise": plan.max_loss_paise, "until": approval_cutoff(plan).isoformat(),
        "classes": [one.to_fields() for one in plan.enabled],
        "reasons": [reason.text for reason in plan.reasons],
        "approval": plan.approval.to_fields() if plan.approval is not None else None,
    }
