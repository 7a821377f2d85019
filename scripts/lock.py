"""Rebuilds the lock, and from it the functions' requirements, through the index that pip is configured with."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements/lock.txt"
FUNCTIONS = "requirements/functions.txt"
FUNCTIONS_EXTRAS = ("data", "notify", "broker", "planner")
OPTION_OF_VARIABLE = {"UV_DEFAULT_INDEX": "index-url", "SSL_CERT_FILE": "cert"}


def main(arguments: list[str]) -> None:
    """`arguments` go to the resolution of the lock (`--upgrade`, `--upgrade-package NAME`); the functions follow it."""
    compile_requirements(LOCK, "--all-extras", *arguments)
    extras = [f"--extra={extra}" for extra in FUNCTIONS_EXTRAS]
    Path(ROOT, FUNCTIONS).unlink(missing_ok=True)
    compile_requirements(FUNCTIONS, "--no-annotate", "--constraint", LOCK, *extras)


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
