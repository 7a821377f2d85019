"""What a model may decide in live trading: no more than a veto until the scorecard has promoted it."""

from datetime import date
from typing import Final

from common.planning.document import Record

AUTHORITY: Final = "authority"
"""Collection of the one document; its id is PLANNER."""
PLANNER: Final = "planner"


class Authority(Record):
    """Of one model with one prompt. promoted: whether it may plan live. since: the day whose close decided that.

    A plan of another model, or with another prompt, has no authority by this document.
    """

    model: str
    prompt_hash: str
    promoted: bool
    since: date

    def covers(self, model: str, prompt_hash: str) -> bool:
        """Whether this model with this prompt is the promoted one."""
        return self.promoted and bool(model) and (self.model, self.prompt_hash) == (model, prompt_hash)
