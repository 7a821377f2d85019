"""Picks the launchers of the asset classes, as TRON_LAUNCHERS names them."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from common.launch_ports import OperatedLauncher
from common.settings import Settings, SettingsError

if TYPE_CHECKING:
    from common.adapters.launchers.kubernetes_api import Kubernetes

TEMPLATE: Final = Path(__file__).resolve().parents[1] / "gke" / "base" / "trade_job.json"


def open_launcher(settings: Settings) -> OperatedLauncher:
    """Nothing is asked of anybody before the first start or look. Raises SettingsError."""
    runners = settings.launching.runners
    elsewhere = set(runners.values()) - {"process"}
    if not elsewhere:
        return _processes(settings)
    if not settings.project or settings.store != "firestore":
        named = " and ".join(sorted(elsewhere))
        raise SettingsError(
            f"TRON_LAUNCHERS names {named}, which does not see this machine's store: set TRON_STORE=firestore and "
            "TRON_PROJECT"
        )
    if "gke" in elsewhere and not settings.launching.image:
        raise SettingsError("TRON_LAUNCHERS names gke: give the workloads' image as TRON_IMAGE")
    from common.adapters.launchers.by_class import LauncherByClass

    makers = {
        "process": partial(_processes, settings), "cloud_run": partial(_cloud_run, settings),
        "gke": partial(_gke, settings),
    }
    return LauncherByClass(runners, makers)


def _processes(settings: Settings) -> OperatedLauncher:
    from common.adapters.launchers.process import ProcessLauncher

    return ProcessLauncher(settings.home / "run", environment={**os.environ, **settings.environment()})


def _cloud_run(settings: Settings) -> OperatedLauncher:
    from common.adapters.launchers.cloud_run import CloudRunLauncher

    chosen = settings.launching
    return CloudRunLauncher(settings.project, settings.location, chosen.run_job, chosen.run_url)


def _gke(settings: Settings) -> OperatedLauncher:
    from common.adapters.launchers.gke import GkeLauncher

    chosen = settings.launching
    return GkeLauncher(_kubernetes(settings), chosen.template or TEMPLATE, chosen.image, settings.project)


def _kubernetes(settings: Settings) -> "Kubernetes":
    from common.adapters.launchers.kubernetes_api import Kubernetes, inside

    chosen = settings.launching
    return Kubernetes(chosen.cluster_url, chosen.namespace) if chosen.cluster_url else inside(chosen.namespace)
