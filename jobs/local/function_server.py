"""Serves several functions-framework targets from one process on this machine, each at /<target>."""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from jobs.local.function_host import HOST
from jobs.local.parent_watch import exit_with_parent

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""Cloud Run's own bound on a request."""
REFUSED: Final = 2

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_FRAMEWORK_VARIABLES = ("FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE")


class HostRefused(ValueError):
    """A target cannot be served; the message says which and why."""


def build_app(targets: Mapping[str, Path]) -> Application:
    """One WSGI app of all targets: name -> source file that defines a function of that name. Raises HostRefused."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    if not targets:
        raise HostRefused("no targets; give at least one NAME=path.py")
    mounts = {f"/{name}": _at_root(_target_app(name, source)) for name, source in targets.items()}
    return DispatcherMiddleware(_index(sorted(targets)), mounts)


def serve(targets: Mapping[str, Path], port: int, ready: Callable[[int], None]) -> None:
    """Serves until SIGTERM or SIGINT; calls `ready` with the port, picked when 0. Main thread only."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class QuietHandler(WSGIRequestHandler):
        def log_request(self, *_: object) -> None:
            """The functions log what matters."""

    try:
        server = make_server(HOST, port, build_app(targets), threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit) as error:
        raise HostRefused(f"cannot listen on {HOST}:{port}: {error}; give a free port, or 0") from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _shutdown_of(server))
    ready(server.server_port)
    server.serve_forever(poll_interval=0.05)
    server.server_close()


def main(arguments: list[str] | None = None) -> int:
    """`--port N --target NAME=path.py ...`; prints {"port": N} as one line when ready. Status 2 when refused."""
    exit_with_parent()
    parser = argparse.ArgumentParser(prog="python -m jobs.local.function_host", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--target", action="append", default=[], metavar="NAME=FILE", help="may be given many times")
    options = parser.parse_args(arguments)
    try:
        serve(_parsed_targets(options.target), options.port, _print_ready)
    except HostRefused as error:
        print(f"function host: {error}", file=sys.stderr)
        return REFUSED
    return 0


def _target_app(name: str, source: Path) -> Application:
    import functions_framework

    if not _NAME.fullmatch(name):
        raise HostRefused(f"target {name!r} is not a function's name; use letters, digits and '_'")
    _forget_framework_variables()
    try:
        create_app: Callable[..., Any] = functions_framework.create_app
        app = create_app(name, str(source))
    except Exception as error:
        raise HostRefused(f"target {name} in {source}: {type(error).__name__}: {error}") from error
    finally:
        _forget_framework_variables()
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    served: Application = app
    return served


def _forget_framework_variables() -> None:
    # create_app leaves them behind, and the next target would take over the last one's signature.
    for name in _FRAMEWORK_VARIABLES:
        os.environ.pop(name, None)


def _at_root(app: Application) -> Application:
    def mounted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # Flask would redirect the bare prefix to one with a slash, and an event's POST does not follow.
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
        return app(environ, start_response)

    return mounted


def _index(names: list[str]) -> Application:
    def index(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status = "200 OK" if environ.get("PATH_INFO", "/") == "/" else "404 Not Found"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps({"targets": names}).encode()]

    return index


def _shutdown_of(server: "BaseWSGIServer") -> Callable[[int, FrameType | None], None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # From another thread: shutdown waits for the loop that this handler has interrupted.
        Thread(target=server.shutdown, name="shutdown", daemon=True).start()

    return stop


def _parsed_targets(texts: list[str]) -> dict[str, Path]:
    targets: dict[str, Path] = {}
    for text in texts:
        name, separator, file = text.partition("=")
        if not separator or not name or not file:
            raise HostRefused(f"--target {text!r}; write NAME=path.py")
        if name in targets:
            raise HostRefused(f"--target {name} is given twice; one name, one file")
        targets[name] = Path(file)
    return targets


def _print_ready(port: int) -> None:
    print(json.dumps({"port": port}), flush=True)
