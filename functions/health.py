"""What is due, what stands, what is wrong, what it costs."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def health(request: Request) -> Response:
    """GET [?date]; GET /live, open to the world; GET /cost [?runner]."""
    return respond(request, "health", {"GET /": _health, "GET /live": _live, "GET /cost": _cost})


def _health(call: Call) -> Answer:
    import shutil

    from common.day.api.standing import Place
    from common.day.api.standing import health as standing

    app = call.app
    free = shutil.disk_usage(app.settings.home).free if app.settings.store == "sqlite" else None
    place = Place(app.settings.stage, app.settings.broker, app.clock.now(), free)
    return standing(app.store, lambda: app.archive, call.day, place)


def _live(call: Call) -> Answer:
    del call
    return Answer({"status": "ok"})


def _cost(call: Call) -> Answer:
    from common.day.api.standing import cost

    return cost(call.values["runner"], call.app.clock.now().date(), call.asked)
