"""Where the broker sends the person's browser after the login: the token is kept, a late day is started."""

import functions_framework
from flask import Request, Response

from common.account_ports import LoginRefused
from common.bootstrap import application
from common.settings import SettingsError
from common.trading.errors import BrokerUnavailable
from functions.request import flush_logs, function_logs

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


@functions_framework.http
def kite_login(request: Request) -> Response:
    """GET with the broker's parameters -> a line for the person. 403 for a login that is not taken, 503 to try again.

    Open to the world: what it takes is a state that we have signed, and a token of the one account.
    """
    try:
        return _answer(_complete(request), 200)
    except LoginRefused as refusal:
        function_logs("kite_login", request).write("WARNING", f"a login was not taken: {refusal}")
        return _answer(str(refusal), 403)
    except BrokerUnavailable as failure:
        function_logs("kite_login", request).write("ERROR", f"a login could not be completed: {failure}")
        return _answer(f"{failure}. Open the login link again", 503)
    except SettingsError as error:
        return _answer(str(error), 500)
    finally:
        flush_logs()


def _complete(request: Request) -> str:
    from common.day.login import complete, start_late

    ports = application().account.login_ports()
    logged_in = complete({name: value[:500] for name, value in request.args.items()}, ports)
    did = start_late(ports.clock.now().date(), ports)
    function_logs("kite_login", request).write("INFO", f"{logged_in.user} has logged in", {"did": did})
    more = "".join(f"\n{step}: {text}" for step, text in did.items())
    return f"Logged in as {logged_in.user}. Tron goes on by itself; you can close this page.{more}"


def _answer(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, HEADERS, mimetype="text/plain")
