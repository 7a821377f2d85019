"""How many days have been traded live: until there are enough, one lot is all that a live plan may trade."""

from datetime import date

from common.day.carried import REPORTS
from common.planning.approval import LIVE_DAYS
from common.ports import DocumentStore, Query


def live_days(store: DocumentStore, day: date) -> int:
    """Days before `day` that were traded with real money and closed with nothing carried; LIVE_DAYS for so many."""
    found = store.query(Query(REPORTS, (("real_money", "==", True),), limit=10 * LIVE_DAYS))
    good = [
        one for one in found
        if one.id < day.isoformat() and one.fields["totals"]["trades"] > 0 and not one.fields["carried"]
    ]
    return min(LIVE_DAYS, len(good))
