"""The command line knows where each command stands, and what is urgent does not wait for imports."""

import argparse
import re
import subprocess
import sys
from importlib import import_module

import pytest

from jobs.cli import MODULES, parser_of
from tests.architecture.source_files import ROOT

HEAVY = {"numpy", "pandas", "pyarrow", "streamlit", "openai", "kiteconnect"}


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_the_table_agrees_with_the_modules(module: str) -> None:
    """Each name in the table is registered by the module beside it, and no other."""
    commands = argparse.ArgumentParser().add_subparsers()
    import_module(f"jobs.commands.{module}").register(commands)
    assert list(commands.choices) == [name for name, where in MODULES.items() if where == module]


def test_the_help_names_all() -> None:
    """Without a command, and with a wrong one, every command is offered."""
    assert set(re.findall(r"^ {4}([a-z-]+)", parser_of("").format_help(), re.MULTILINE)) >= set(MODULES)


@pytest.mark.parametrize("name", ["halt", "resume", "flatten", "logs", "doctor"])
def test_what_is_urgent_imports_nothing_heavy(name: str) -> None:
    """By the time the arguments are read."""
    code = f"import sys; from jobs.cli import parser_of; parser_of({name!r}); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(ran.stdout.split()) == set()
