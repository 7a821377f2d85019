"""One launcher of several: the asset class says which."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from common.launch_ports import LaunchError, LaunchState, OperatedLauncher
from common.ports import Launch

OTHERWISE: Final = "process"


class LauncherByClass:
    """runners: by asset class the name of its launcher, `process` where none is named. makers: each by its name."""

    def __init__(self, runners: Mapping[str, str], makers: Mapping[str, Callable[[], OperatedLauncher]]) -> None:
        self._runners = dict(runners)
        self._made = cache(lambda name: makers[name]())

    def start(self, launch: Launch) -> str:
        """As the class's launcher. Raises LaunchError."""
        return self._of(launch.id).start(launch)

    def running(self, launch_id: str) -> bool:
        return self._of(launch_id).running(launch_id)

    def state(self, launch_id: str) -> LaunchState:
        return self._of(launch_id).state(launch_id)

    def stop(self, launch_id: str, grace_seconds: float = 5.0) -> bool:
        return self._of(launch_id).stop(launch_id, grace_seconds)

    def log_link(self, launch_id: str) -> str:
        return self._of(launch_id).log_link(launch_id)

    def _of(self, launch_id: str) -> OperatedLauncher:
        day, _, asset_class = launch_id.rpartition("-")
        if not day or not asset_class:
            raise LaunchError(f"{launch_id!r} does not end in an asset class: give DATE-CLASS")
        return self._made(self._runners.get(asset_class, OTHERWISE))
