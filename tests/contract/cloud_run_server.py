"""A small Cloud Run for tests: `jobs.run` with overrides as documented, executions as processes of this machine."""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

JOB: Final = "projects/p/locations/asia-south1/jobs/trade"
CONTAINER: Final = "trade"
LARGEST_PAGE: Final = 2
"""So few, that whoever does not turn pages is found out."""
OVERRIDES: Final = {"containerOverrides": list, "taskCount": int, "timeout": str}
CONTAINER_OVERRIDE: Final = {"name": str, "args": list, "env": list, "clearArgs": bool}


class Refused(Exception):
    """400, in Google's words."""


@dataclass
class CloudRun:
    """command: what the image's entrypoint is here. max_retries: of a task that fails."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: str = os.devnull
    max_retries: int = 0
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def run(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The operation, its metadata the execution."""
        container = checked(body)
        with self.lock:
            name = f"{JOB}/executions/trade-{len(self.executions):05d}"
            execution = self.executions[name] = {
                "name": name, "job": JOB.rpartition("/")[2], "createTime": now(), "logUri": f"https://logs.example/{name}",
                "template": {"containers": [{"name": CONTAINER, "image": "tron", "args": container.get("args", [])}]},
                "runningCount": 1,
            }
        added = {one["name"]: one["value"] for one in container.get("env", [])}
        threading.Thread(target=self._work, args=(execution, added), daemon=True).start()
        kind = "type.googleapis.com/google.cloud.run.v2.Execution"
        return {"name": f"{JOB.partition('/jobs')[0]}/operations/x", "metadata": {"@type": kind, **execution}}

    def cancel(self, name: str) -> dict[str, Any]:
        """SIGTERM to what runs."""
        with self.lock:
            if self.executions[name].get("completionTime"):
                raise Refused("the execution has completed")
            self.cancelled.add(name)
            self.processes[name].terminate()
        return {"name": "operations/y"}

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """One page, the newest first."""
        with self.lock:
            found = sorted(self.executions.values(), key=lambda one: str(one["name"]), reverse=True)
        first, size = int(query.get("pageToken", 0)), min(int(query.get("pageSize", LARGEST_PAGE)), LARGEST_PAGE)
        page: dict[str, Any] = {"executions": found[first:first + size]}
        return {**page, "nextPageToken": str(first + size)} if first + size < len(found) else page

    def _work(self, execution: dict[str, Any], added: Mapping[str, str]) -> None:
        arguments = execution["template"]["containers"][0]["args"]
        status, tries = 1, 0
        while status and tries <= self.max_retries and execution["name"] not in self.cancelled:
            with open(self.log, "ab") as log, self.lock:
                child = self.processes[execution["name"]] = subprocess.Popen(
                    [*self.command, *arguments], env={**self.environment, **added}, stdout=log, stderr=log,
                    start_new_session=True,
                )
            status, tries = child.wait(), tries + 1
        ended = "failedCount" if status else "succeededCount"
        if execution["name"] in self.cancelled:
            ended = "cancelledCount"
        with self.lock:
            execution |= {"runningCount": 0, ended: 1, "completionTime": now()}

    def close(self) -> None:
        """Nothing of it runs on."""
        for child in self.processes.values():
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)


def checked(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one container's override of a documented RunJobRequest. Raises Refused."""
    _fields("", body, {"overrides": dict, "validateOnly": bool, "etag": str})
    overrides = body.get("overrides", {})
    _fields("overrides", overrides, OVERRIDES)
    containers = overrides.get("containerOverrides", [{}])
    if len(containers) != 1:
        raise Refused("container overrides: the job has one container")
    (container,) = containers
    _fields("overrides.container_overrides[0]", container, CONTAINER_OVERRIDE)
    if container.get("name", CONTAINER) != CONTAINER:
        raise Refused(f"container overrides: {container['name']} is not found")
    if not all(isinstance(one, str) for one in container.get("args", [])):
        raise Refused("Invalid value at 'overrides.container_overrides[0].args'")
    for one in container.get("env", []):
        _fields("overrides.container_overrides[0].env", one, {"name": str, "value": str})
    return dict(container)


def _fields(where: str, found: Mapping[str, Any], known: Mapping[str, type]) -> None:
    for name, value in found.items():
        if name not in known:
            raise Refused(f'Invalid JSON payload received. Unknown name "{name}" at \'{where}\': Cannot find field.')
        if not isinstance(value, known[name]):
            raise Refused(f"Invalid value at '{where}.{name}'")


def now() -> str:
    """As Google writes times."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def cloud_run(cloud: CloudRun) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def _send(self, status: int, content: Mapping[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _answer(self) -> Mapping[str, Any] | None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            parts = urlsplit(self.path)
            path, query = parts.path.removeprefix("/v2/"), dict(parse_qsl(parts.query))
            if self.command == "POST" and path == f"{JOB}:run":
                return cloud.run(body)
            if self.command == "GET" and path == f"{JOB}/executions":
                return cloud.listed(query)
            asked = re.fullmatch(rf"({JOB}/executions/[a-z0-9-]+)(:cancel)?", path)
            if asked and asked[1] in cloud.executions:
                return cloud.cancel(asked[1]) if asked[2] else cloud.executions[asked[1]]
            return None

        def _route(self) -> None:
            try:
                found = self._answer()
            except Refused as error:
                self._send(400, {"error": {"code": 400, "message": str(error), "status": "INVALID_ARGUMENT"}})
                return
            missing = {"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}}
            self._send(404 if found is None else 200, missing if found is None else found)

        do_GET = do_POST = _route  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        cloud.close()
        server.shutdown()
        server.server_close()
        thread.join()
