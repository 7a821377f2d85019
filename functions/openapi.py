"""The API's own description."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def openapi(request: Request) -> Response:
    """GET -> OpenAPI 3.1; GET /page -> the same to read. Open to the world: it is in the repository too."""
    return respond(request, "openapi", {"GET /": _document, "GET /page": _page})


def _document(call: Call) -> Answer:
    from common.day.api.answer import answered
    from common.day.api.openapi import document, version

    return answered(version(), call.asked, document)


def _page(call: Call) -> Answer:
    from common.day.api.openapi import version
    from common.day.api.openapi_page import page

    return Answer(None, version(), "" if version() in call.asked else page())
