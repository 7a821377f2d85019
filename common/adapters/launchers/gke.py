"""Workloads as Jobs of Kubernetes: one name for one launch, so that the cluster itself starts it once."""

import copy
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from common.adapters.launchers.kubernetes_api import Kubernetes
from common.adapters.launchers.rest import Reply
from common.launch_ports import LaunchError, LaunchState
from common.ports import Launch

PREFIX: Final = "trade-"
POLL_SECONDS: Final = 0.2
TRIES: Final = 5
"""A Job that has ended makes room for the next of its name; between the two others may come."""


class GkeLauncher:
    """Launcher of the Job in `template`, with `image`, and with the launch's date and asset class as arguments."""

    def __init__(self, cluster: Kubernetes, template: Path, image: str, project: str) -> None:
        self._cluster = cluster
        self._template = template
        self._image = image
        self._project = project

    def start(self, launch: Launch) -> str:
        """The Job's name. One that runs stays, one that has ended is replaced. Raises LaunchError."""
        job = self._job(launch)
        name = str(job["metadata"]["name"])
        for _ in range(TRIES):
            reply = self._cluster.create(job)
            if reply.status == 201:
                return name
            if reply.status != 409:
                raise _refused(f"start {launch.id}", reply)
            known = self._read(launch.id)
            if known is None:
                continue
            if _state(known) == "running" and not known["metadata"].get("deletionTimestamp"):
                return name
            gone = self._cluster.delete(name, str(known["metadata"]["uid"]), "Background")
            if gone.status not in (200, 202, 404, 409):
                raise _refused(f"remove the ended Job {name}", gone)
            time.sleep(POLL_SECONDS)
        raise LaunchError(f"the Job {name} is still being removed: start it again in a moment")

    def running(self, launch_id: str) -> bool:
        """Whether there is a Job of it that has not ended. Raises LaunchError."""
        return self.state(launch_id) == "running"

    def state(self, launch_id: str) -> LaunchState:
        """By the Job's conditions. Raises LaunchError."""
        found = self._read(launch_id)
        return "absent" if found is None else _state(found)

    def stop(self, launch_id: str, grace_seconds: float = 5.0) -> bool:
        """Removes the Job, which is SIGTERM to its pod; whether both are gone within the grace. Raises LaunchError."""
        found = self._read(launch_id)
        if found is None:
            return True
        reply = self._cluster.delete(_name(launch_id), str(found["metadata"]["uid"]), "Foreground")
        if reply.status not in (200, 202, 404, 409):
            raise _refused(f"stop {launch_id}", reply)
        deadline = time.monotonic() + grace_seconds
        while self.running(launch_id):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def log_link(self, launch_id: str) -> str:
        """The page of its log in Google Cloud."""
        wanted = (
            f'resource.type="k8s_container" resource.labels.namespace_name="{self._cluster.namespace}" '
            f'labels."k8s-pod/batch_kubernetes_io/job-name"="{_name(launch_id)}"'
        )
        return f"https://console.cloud.google.com/logs/query;query={quote(wanted, safe='')}?project={self._project}"

    def _read(self, launch_id: str) -> Mapping[str, Any] | None:
        reply = self._cluster.get(_name(launch_id))
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise _refused(f"show {launch_id}", reply)
        return reply.content

    def _job(self, launch: Launch) -> dict[str, Any]:
        try:
            job: dict[str, Any] = copy.deepcopy(json.loads(self._template.read_text(encoding="utf-8")))
            pod = job["spec"]["template"]
            (container,) = pod["spec"]["containers"]
            labels = {"tron/date": launch.date.isoformat(), "tron/asset-class": launch.asset_class}
            job["metadata"] |= {"name": _name(launch.id), "namespace": self._cluster.namespace}
            for metadata in (job["metadata"], pod["metadata"]):
                metadata["labels"] = {**metadata.get("labels", {}), **labels}
            told = ["--date", launch.date.isoformat(), "--asset-class", launch.asset_class, *launch.arguments]
            container |= {"image": self._image, "args": [*container["args"], *told]}
            added = [{"name": name, "value": value} for name, value in launch.environment.items()]
            container["env"] = [*container.get("env", []), *added]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LaunchError(
                f"{self._template} is no Job of one container ({type(error).__name__}: {error}): set "
                "TRON_KUBERNETES_JOB to a copy of gke/base/trade_job.json"
            ) from None
        return job


def _name(launch_id: str) -> str:
    return PREFIX + launch_id


def _state(job: Mapping[str, Any]) -> LaunchState:
    for one in job.get("status", {}).get("conditions", []):
        if one.get("status") == "True" and one.get("type") in ("Complete", "Failed"):
            return "succeeded" if one["type"] == "Complete" else "failed"
    return "running"


def _refused(what: str, reply: Reply) -> LaunchError:
    return LaunchError(f"Kubernetes does not {what}: {reply.reason}; look at the Job and at the role `launcher`")
