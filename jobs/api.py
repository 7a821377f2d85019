"""The API as one process of a container: every function of it on one port, for whoever has a key."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gunicorn.app.base import BaseApplication

from common.day.api.routes import functions
from jobs.local.function_server import build_app

FUNCTIONS: Final = Path(__file__).resolve().parents[1] / "functions"
THREADS: Final = 8
REQUEST_SECONDS: Final = 30


class Api(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Served by gunicorn, which restarts a worker that hangs."""

    def __init__(self, host: str, port: int) -> None:
        self._bind = f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        """One worker: what the functions keep (rates, keys) is kept once."""
        settings = {
            "bind": self._bind, "workers": 1, "threads": THREADS, "worker_class": "gthread", "timeout": REQUEST_SECONDS,
            "graceful_timeout": 10, "worker_tmp_dir": "/tmp", "control_socket_disable": True,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """All functions of the API, each at its name."""
        return build_app({name: FUNCTIONS / f"{name}.py" for name in functions()})


def main(arguments: Sequence[str] | None = None) -> int:
    """Until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m jobs.api", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0", help="default: every address of the container")  # noqa: S104
    parser.add_argument("--port", type=int, default=8081, help="default: 8081")
    chosen = parser.parse_args(arguments)
    Api(chosen.host, chosen.port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
