"""Where workloads are started: the part of Settings that names runners, cluster and job."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from common.market.instrument import AssetClass

RUNNERS: Final = ("process", "cloud_run", "gke")
RUN_URL: Final = "https://run.googleapis.com"
RUN_JOB: Final = "trade"
CLASSES: Final = tuple(one.value for one in AssetClass)


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """runners: by asset class one of RUNNERS; who is not named is a process of this machine.

    image: of a workload in the cluster, by digest. template: file of its Job; None for gke/base/trade_job.json.
    cluster_url: where the cluster's API answers with public certificates; '' inside the cluster. namespace: '' for
    that of this pod. run_url, run_job: Cloud Run's API and the job that it starts.
    """

    runners: Mapping[str, str] = field(default_factory=dict, hash=False)
    image: str = ""
    template: Path | None = None
    cluster_url: str = ""
    namespace: str = ""
    run_url: str = RUN_URL
    run_job: str = RUN_JOB

    def environment(self) -> dict[str, str]:
        """Variables from which `read` makes the same."""
        return {
            "TRON_LAUNCHERS": " ".join(f"{name}={runner}" for name, runner in self.runners.items()),
            "TRON_IMAGE": self.image, "TRON_KUBERNETES_JOB": str(self.template or ""),
            "TRON_KUBERNETES_URL": self.cluster_url, "TRON_KUBERNETES_NAMESPACE": self.namespace,
            "TRON_RUN_URL": self.run_url, "TRON_RUN_JOB": self.run_job,
        }


def read(environment: Mapping[str, str]) -> LaunchSettings:
    """From TRON_* variables. Raises ValueError: what is wrong with which, and what to do."""
    template = environment.get("TRON_KUBERNETES_JOB", "")
    found = LaunchSettings(
        _runners(environment.get("TRON_LAUNCHERS", "")), environment.get("TRON_IMAGE", ""),
        Path(template) if template else None, environment.get("TRON_KUBERNETES_URL", ""),
        environment.get("TRON_KUBERNETES_NAMESPACE", ""), environment.get("TRON_RUN_URL") or RUN_URL,
        environment.get("TRON_RUN_JOB") or RUN_JOB,
    )
    for name, url in (("TRON_KUBERNETES_URL", found.cluster_url), ("TRON_RUN_URL", found.run_url)):
        parts = urlsplit(url)
        own = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
        if url and not (own or (parts.scheme == "https" and parts.hostname)):
            raise ValueError(f"{name} is not an https address: tokens travel there")
    return found


def _runners(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split():
        name, _, runner = part.partition("=")
        if name not in CLASSES or runner not in RUNNERS or name in found:
            raise ValueError(
                f"TRON_LAUNCHERS: {part!r} is not CLASS=RUNNER: give each of {', '.join(CLASSES)} once, with one of "
                f"{', '.join(RUNNERS)}"
            )
        found[name] = runner
    return found
