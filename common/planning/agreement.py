"""Several answers to one question: the plan that enough of them agree on, or why there is none."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from common.planning.answered_plan import decision
from common.planning.document import canonical_json
from common.planning.plan import Plan

SAMPLES: Final = 5
AGREEMENT: Final = 4


def agreed_plan(plans: Sequence[Plan]) -> tuple[Plan | None, int]:
    """The first of the plans that decide as AGREEMENT of them do, None without; and how many the most are.

    plans: those of the answers that can be used, in the order of the answers. What counts is the decision, not the
    reasons for it.
    """
    spelt = [canonical_json({"decision": decision(one)}) for one in plans]
    votes = Counter(spelt)
    if not votes:
        return None, 0
    best, count = max(votes.items(), key=lambda vote: vote[1])
    return (plans[spelt.index(best)] if count >= AGREEMENT else None), count
