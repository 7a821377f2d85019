"""Workloads as executions of one Cloud Run job, by its REST API (version 2).

Source: cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run and ...jobs.executions.
"""

import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from common.adapters.launchers.rest import Reply, RestClient, google_session
from common.launch_ports import LaunchError, LaunchState
from common.ports import Launch

COMMAND: Final = ("-m", "jobs.trade")
CONTAINER: Final = "trade"
PAGE: Final = "100"
MAX_PAGES: Final = 20
POLL_SECONDS: Final = 0.5


class CloudRunLauncher:
    """Launcher that runs `job`. An execution is known by its arguments, `--date D --asset-class C`.

    `jobs.run` has no request id: two calls at the same moment are two executions. Whoever starts has claimed the
    workload's document before (common.day.start.launch); the lease keeps a second one from trading.
    """

    def __init__(self, project: str, location: str, job: str, address: str) -> None:
        self._client = RestClient("Cloud Run", f"{address}/v2", partial(google_session, address))
        self._job = f"projects/{project}/locations/{location}/jobs/{job}"

    def start(self, launch: Launch) -> str:
        """The execution's name, of the running one if there is one. Raises LaunchError."""
        known = self._latest(launch.id)
        if known is not None and _state(known) == "running":
            return _short(known)
        container = {
            "name": CONTAINER,
            "args": [*COMMAND, *_told(launch.id), *launch.arguments],
            "env": [{"name": name, "value": value} for name, value in launch.environment.items()],
        }
        reply = self._client.call(
            "POST", f"{self._job}:run", {"overrides": {"containerOverrides": [container], "taskCount": 1}},
        )
        _expect(reply, f"start {launch.id}")
        metadata = reply.content.get("metadata")
        return _short(metadata) if isinstance(metadata, dict) else "started"

    def running(self, launch_id: str) -> bool:
        """Whether an execution of it has not ended. Raises LaunchError."""
        return self.state(launch_id) == "running"

    def state(self, launch_id: str) -> LaunchState:
        """Of the latest execution. Raises LaunchError."""
        found = self._latest(launch_id)
        return "absent" if found is None else _state(found)

    def stop(self, launch_id: str, grace_seconds: float = 5.0) -> bool:
        """Cancels it, which is SIGTERM to it; whether it has ended within the grace. Raises LaunchError."""
        found = self._latest(launch_id)
        if found is None or _state(found) != "running":
            return True
        reply = self._client.call("POST", f"{found['name']}:cancel", {})
        if reply.status != 400:  # it ended just now
            _expect(reply, f"cancel {launch_id}")
        deadline = time.monotonic() + grace_seconds
        while self.running(launch_id):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def log_link(self, launch_id: str) -> str:
        """The page of its log, as Cloud Run names it; '' before its first start. Raises LaunchError."""
        found = self._latest(launch_id)
        return "" if found is None else str(found.get("logUri", ""))

    def _latest(self, launch_id: str) -> Mapping[str, Any] | None:
        """One that runs comes before any that has ended."""
        wanted = _told(launch_id)
        own = [one for one in self._executions() if _arguments(one)[2:6] == wanted]
        return max(own, key=lambda one: (_state(one) == "running", str(one.get("createTime"))), default=None)

    def _executions(self) -> Iterator[Mapping[str, Any]]:
        query = {"pageSize": PAGE}
        for _ in range(MAX_PAGES):
            reply = self._client.call("GET", f"{self._job}/executions", query=query)
            _expect(reply, "list executions")
            yield from reply.content.get("executions", [])
            token = reply.content.get("nextPageToken")
            if not token:
                return
            query = {"pageSize": PAGE, "pageToken": str(token)}
        raise LaunchError(f"{self._job} has more than {MAX_PAGES} pages of executions: delete old ones")


def _told(launch_id: str) -> list[str]:
    """A launch's id is its date and its asset class: common.day.workloads makes it so."""
    day, _, asset_class = launch_id.rpartition("-")
    return ["--date", day, "--asset-class", asset_class]


def _arguments(execution: Mapping[str, Any]) -> list[str]:
    containers = execution.get("template", {}).get("containers", [])
    return list(containers[0].get("args", [])) if containers else []


def _state(execution: Mapping[str, Any]) -> LaunchState:
    if not execution.get("completionTime"):
        return "running"
    return "succeeded" if execution.get("succeededCount", 0) else "failed"


def _short(execution: Mapping[str, Any]) -> str:
    return str(execution.get("name", "started")).rpartition("/")[2]


def _expect(reply: Reply, what: str) -> None:
    if reply.status != 200:
        raise LaunchError(f"Cloud Run does not {what}: {reply.reason}; look at the job and at its IAM roles")
