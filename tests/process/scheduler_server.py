"""A small Cloud Scheduler for tests: get, list, patch with a mask, pause and resume, as its REST API (v1) documents."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

PARENT: Final = "projects/p/locations/asia-south1"
CRON: Final = re.compile(r"[0-9*,/-]+( [0-9*,/-]+){4}")
MUTABLE: Final = {"schedule": "schedule", "timeZone": "timeZone", "time_zone": "timeZone"}
PAGE: Final = 3


@dataclass
class Scheduler:
    """jobs: by name, as the API shows them. asked: every change, in order."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, cron: str, state: str = "ENABLED", **more: str) -> None:
        """One job."""
        path = f"{PARENT}/jobs/{name}"
        self.jobs[path] = {"name": path, "schedule": cron, "timeZone": "Asia/Kolkata", "state": state, **more}

    def job(self, name: str) -> dict[str, Any]:
        return self.jobs[f"{PARENT}/jobs/{name}"]


class _Handler(BaseHTTPRequestHandler):
    served: Scheduler

    def _send(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _route(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        parts = urlsplit(self.path)
        path, query = parts.path.removeprefix("/v1/"), dict(parse_qsl(parts.query))
        name, _, verb = path.partition(":")
        if self.command == "GET" and path == f"{PARENT}/jobs":
            first = int(query.get("pageToken", 0))
            names = sorted(self.served.jobs)
            page: dict[str, Any] = {"jobs": [self.served.jobs[name] for name in names[first:first + PAGE]]}
            more = {"nextPageToken": str(first + PAGE)} if first + PAGE < len(names) else {}
            self._send(200, page | more)
        elif name not in self.served.jobs:
            self._send(404, {"error": {"code": 404, "message": f"{name} not found", "status": "NOT_FOUND"}})
        elif self.command == "PATCH":
            self._patch(name, body, query.get("updateMask", "").split(","))
        elif self.command == "POST" and verb in ("pause", "resume"):
            self.served.asked.append(f"{verb} {name.rpartition('/')[2]}")
            self.served.jobs[name]["state"] = "PAUSED" if verb == "pause" else "ENABLED"
            self._send(200, self.served.jobs[name])
        else:
            self._send(501, {"error": {"code": 501, "message": self.path, "status": "UNIMPLEMENTED"}})

    def _patch(self, name: str, body: dict[str, Any], mask: list[str]) -> None:
        if not set(mask) <= MUTABLE.keys() or not CRON.fullmatch(str(body.get("schedule"))):
            error = {"code": 400, "message": f"{mask} {body}", "status": "INVALID_ARGUMENT"}
            self._send(400, {"error": error})
            return
        self.served.asked.append(f"move {name.rpartition('/')[2]} to {body['schedule']}")
        self.served.jobs[name] |= {MUTABLE[one]: body[MUTABLE[one]] for one in mask}
        self._send(200, self.served.jobs[name])

    do_GET = do_POST = do_PATCH = _route  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def scheduler(served: Scheduler) -> Iterator[str]:
    """HOST:PORT."""

    bound: type[_Handler] = type("Bound", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
