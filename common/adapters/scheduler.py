"""Cloud Scheduler's jobs `tron-{step}`, by Google's client over REST: Terraform makes them, here they move."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from common.schedule_ports import Call, FoundCall

if TYPE_CHECKING:
    from google.cloud.scheduler_v1 import CloudSchedulerClient

PREFIX: Final = "tron-"
ZONE: Final = "Asia/Kolkata"
TIMEOUT_SECONDS: Final = 10.0


class CloudSchedule:
    """Schedule of one project and location. address: HOST:PORT of a server on this machine, for tests; else Google."""

    def __init__(self, project: str, location: str, address: str = "") -> None:
        self._parent = f"projects/{project}/locations/{location}"
        self._address = address
        self._made: CloudSchedulerClient | None = None

    def calls(self) -> Mapping[str, FoundCall]:
        """By step; jobs of another name are the person's. Raises OSError."""
        from google.cloud.scheduler_v1 import Job

        found = {}
        with _told("list"):
            for job in self._client.list_jobs(parent=self._parent, retry=None, timeout=TIMEOUT_SECONDS):
                name = job.name.rpartition("/")[2]
                if name.startswith(PREFIX):
                    call = Call(job.schedule, paused=job.state != Job.State.ENABLED)
                    at = job.last_attempt_time if "last_attempt_time" in job else None
                    found[name.removeprefix(PREFIX).replace("-", "_")] = FoundCall(call, job.time_zone, at)
        return found

    def change(self, step: str, found: FoundCall, wanted: Call) -> None:
        """Paused before its time is wrong, called again only once it is right. Raises OSError."""
        from google.cloud.scheduler_v1 import Job

        name = f"{self._parent}/jobs/{PREFIX}{step.replace('_', '-')}"
        options: dict[str, Any] = {"retry": None, "timeout": TIMEOUT_SECONDS}
        with _told(f"change {step}"):
            if wanted.paused:
                self._client.pause_job(name=name, **options)
                return
            if (found.call.cron, found.time_zone) != (wanted.cron, ZONE):
                job = Job(name=name, schedule=wanted.cron, time_zone=ZONE)
                self._client.update_job(job=job, update_mask={"paths": ["schedule", "time_zone"]}, **options)
            if found.call.paused:
                self._client.resume_job(name=name, **options)

    @property
    def _client(self) -> "CloudSchedulerClient":
        if self._made is None:
            from google.cloud.scheduler_v1 import CloudSchedulerClient

            if self._address:
                from google.auth.credentials import AnonymousCredentials
                from google.cloud.scheduler_v1.services.cloud_scheduler.transports import CloudSchedulerRestTransport

                own = CloudSchedulerRestTransport(
                    host=self._address, url_scheme="http", credentials=AnonymousCredentials(),
                )
                self._made = CloudSchedulerClient(transport=own)
            else:
                self._made = CloudSchedulerClient(transport="rest")
        return self._made


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Errors of the client as one OSError that says what to look at."""
    import requests
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
        reason = f"{type(error).__name__}: {str(error)[:300]}"
        raise OSError(f"Cloud Scheduler does not {what}: {reason}; look at the role tronSchedules") from error
