"""What a command of `tron` answered: refused in one line that helps, called in this process, JSON as others read it."""

import json
import subprocess
from typing import Any

import pytest

from jobs.cli import main

Done = subprocess.CompletedProcess[str]
Capture = pytest.CaptureFixture[str]


def refused(done: Done, *says: str) -> None:
    """Status 1 or 2, nothing on standard output, one line (after the usage, where the call is wrong) that says so."""
    assert done.returncode in (1, 2), (done.returncode, done.stdout[-300:], done.stderr[-300:])
    assert "Traceback" not in done.stderr, done.stderr[-1500:]
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("tron")]
    assert len(lines) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == lines[0]
    for word in says:
        assert word in lines[0]


def called(capsys: Capture, *arguments: object) -> Done:
    """As `tron`, in this process: for calls that end before anything is started. An error that escapes escapes here."""
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    told = capsys.readouterr()
    return subprocess.CompletedProcess([], status, told.out, told.err)


def strict(text: str) -> Any:
    """JSON as other programs read it: NaN and infinities are none."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
