"""What a person may ask of a launcher, besides what the day needs from it."""

from typing import Literal, Protocol, TypeAlias

from common.ports import Launcher


class LaunchError(Exception):
    """The workload could not be started, or nobody can say: look whether it runs before it is started again."""


LaunchState: TypeAlias = Literal["absent", "running", "succeeded", "failed"]


class OperatedLauncher(Launcher, Protocol):
    """What a person may ask besides. All of it raises LaunchError where nobody answers."""

    def state(self, launch_id: str) -> LaunchState:
        """Of its latest start; 'absent' also where how it ended is not known any more."""
        ...

    def stop(self, launch_id: str, grace_seconds: float = 5.0) -> bool:
        """Tells it to end (SIGTERM); whether it has within the grace. Nothing where it does not run."""
        ...

    def log_link(self, launch_id: str) -> str:
        """Where its log is: a URL, or a file."""
        ...
