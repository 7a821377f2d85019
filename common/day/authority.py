"""What the model may decide today, as the scorecard has left it."""

from common.planning.answered_plan import FULL, VETO_OR_SIZE
from common.planning.authority import AUTHORITY, PLANNER, Authority
from common.planning.document import InvalidDocument
from common.planning.mandate import Mode
from common.ports import DocumentStore


def authority(store: DocumentStore) -> Authority | None:
    """The stored promotion, of whichever model; None where there is none that can be read: nobody is promoted."""
    document = store.get(AUTHORITY, PLANNER)
    try:
        return Authority.from_fields(document.fields) if document is not None else None
    except InvalidDocument:
        return None


def authority_over(mode: Mode, store: DocumentStore, model: str, prompt_hash: str) -> str:
    """FULL on paper and for the promoted model with the promoted prompt; else VETO_OR_SIZE."""
    if mode == "paper":
        return FULL
    standing = authority(store)
    return FULL if standing is not None and standing.covers(model, prompt_hash) else VETO_OR_SIZE
