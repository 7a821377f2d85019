"""Rebuilds the lock, and from it the requirements of functions and images, through the index that pip uses."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements/lock.txt"
FUNCTIONS = "requirements/functions.txt"
FUNCTIONS_EXTRAS = ("data", "notify", "broker", "planner")
PARTS = {
    FUNCTIONS: FUNCTIONS_EXTRAS,
    "requirements/image.txt": (*FUNCTIONS_EXTRAS, "stream", "cli"),
    "requirements/dashboard.txt": ("dashboard", "data"),
}
"""File to the extras that it is for: of the functions, of the image that trades, of the dashboard's."""
OPTION_OF_VARIABLE = {"UV_DEFAULT_INDEX": "index-url", "SSL_CERT_FILE": "cert"}


def main(arguments: list[str]) -> None:
    """`arguments` go to the resolution of the lock (`--upgrade`, `--upgrade-package NAME`); the parts follow it."""
    compile_requirements(LOCK, "--all-extras", *arguments)
    for output, extras in PARTS.items():
        compile_part(output, extras)


def compile_part(output: str, extras: tuple[str, ...]) -> None:
    """What the core and `extras` need, in the lock's versions."""
    Path(ROOT, output).unlink(missing_ok=True)
    asked = [f"--extra={extra}" for extra in extras]
    compile_requirements(output, "--no-annotate", "--constraint", LOCK, *asked)


def compile_requirements(output: str, *options: str) -> None:
    """Resolve pyproject.toml for every platform and Python it allows, with hashes and without any host or path."""
    subprocess.run(
        [
            Path(sys.executable).with_name("uv"), "pip", "compile", "pyproject.toml", "--output-file", output,
            "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
            "--custom-compile-command", "make lock", *options,
        ],
        cwd=ROOT, env=pip_configured_environment(), check=True,
    )  # fmt: skip


def pip_configured_environment() -> dict[str, str]:
    """uv does not read pip's configuration: hand it pip's index and certificate for this one run."""
    environment = dict(os.environ)
    for variable, option in OPTION_OF_VARIABLE.items():
        value = pip_option(option)
        if value:
            environment.setdefault(variable, value)
    return environment


def pip_option(option: str) -> str:
    """The value pip would use: its environment variable, else its configuration files, else ''."""
    for scope in (":env:", "site", "user", "global"):
        command = [sys.executable, "-m", "pip", "config", "get", f"{scope}.{option}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return answer.stdout.strip()
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])
