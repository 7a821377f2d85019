"""Where the broker posts what becomes of orders: checked, and no more than a hint to read the books sooner."""

import functions_framework
from flask import Request

from common.bootstrap import Application
from functions.request import Answer, NotAllowed, answered


@functions_framework.http
def kite_postback(request: Request) -> Answer:
    """POST the broker's JSON -> {"said"}; sent again, the same. 403 without its checksum. Open to the world."""
    return answered(request, lambda app: {"said": _take(request, app)}, __name__)


def _take(request: Request, app: Application) -> str:
    from common.day.postback import MAX_BYTES, PostbackRefused, take

    body = request.stream.read(MAX_BYTES + 1)
    secret = app.account.app_secret()
    try:
        return take(body, secret, app.store, app.clock)
    except PostbackRefused as refusal:
        raise NotAllowed(f"this postback is not taken: {refusal}") from None
