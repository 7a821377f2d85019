"""Stands between a client and the Cloud Storage server: remembers requests, and loses answers when told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.contract.storage_server import VARIABLE


class Handler(BaseHTTPRequestHandler):
    """Of one request; a test's own class says how to answer."""

    def respond(self, body: bytes) -> None:
        raise NotImplementedError

    def take(self) -> None:
        self.respond(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_POST = do_PUT = take  # noqa: N815 - the names that http.server looks for

    def answer(self, status: int, content: bytes = b"", kind: str = "application/json") -> None:
        """Whole, with its length."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def served(handler: type[Handler], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It stands where Cloud Storage would, for clients that are made within the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, f"http://127.0.0.1:{server.server_port}")
        yield
    server.shutdown()
    server.server_close()


def relay(real: str, lose: int, seen: list[tuple[str, bytes]]) -> type[Handler]:
    """Passes requests on to `real` and notes them in `seen`; the answers to the first `lose` POSTs are lost."""

    class Relay(Handler):
        def respond(self, body: bytes) -> None:
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
            try:
                answer = urlopen(Request(real + self.path, body or None, headers, method=self.command), timeout=10)
            except HTTPError as error:
                answer = error
            with answer:
                status, content, kind = answer.status, answer.read(), answer.headers.get("Content-Type", "")
            posts = sum(line.startswith("POST ") for line, _ in seen)
            seen.append((f"{self.command} {self.path}", body))
            if self.command == "POST" and posts < lose:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.answer(status, content, kind)

    return Relay
