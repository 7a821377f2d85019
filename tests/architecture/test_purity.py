"""Pure rooms ask nobody: no clock, no environment, no files, no chance of their own."""

import ast

import pytest

from tests.architecture.source_files import PURE_ROOMS, dotted, name, python_files, tree

IMPURE_CALLS = {
    "open", "input", "print", "exec", "eval", "__import__", "breakpoint", "io.open", "Path",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
}  # fmt: skip
IMPURE_MODULES = {
    "asyncio", "http", "logging", "multiprocessing", "os", "pathlib", "random", "requests", "secrets", "shutil",
    "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip


def impurities(module: ast.Module) -> list[tuple[int, str]]:
    """(line, what) for each import or call by which the module would reach outside itself."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [(node.lineno, f"import {alias.name}") for alias in node.names if impure_module(alias.name)]
        elif isinstance(node, ast.ImportFrom) and impure_module(node.module or ""):
            found.append((node.lineno, f"from {node.module} import"))
        elif isinstance(node, ast.Call) and dotted(node.func) in IMPURE_CALLS:
            found.append((node.lineno, f"{dotted(node.func)}()"))
    return found


def impure_module(imported: str) -> bool:
    """Whether it belongs to the standard library's doors to the world."""
    return imported.split(".")[0] in IMPURE_MODULES


def test_pure_rooms_reach_nothing_outside() -> None:
    """A replayed day equals the traded day only if the rooms that decide read nothing but their arguments.

    Tables shipped with the package, read by importlib.resources, are the one way in.
    """
    moved = [room for room in PURE_ROOMS if not python_files(room)]
    assert not moved, f"no module in {moved}: this test is blind there"
    paths = python_files(*PURE_ROOMS)
    offences = [f"{name(path)}:{line}: {what}" for path in paths for line, what in impurities(tree(path))]
    assert not offences, "pure rooms that are not:\n" + "\n".join(offences)


@pytest.mark.parametrize(
    "source",
    [
        "import time", "import os.path", "from os import environ", "from random import choice", "x = open('a')",
        "def f():\n    import socket", "from datetime import datetime\nx = datetime.now(ZONE)",
        "import datetime\nx = datetime.date.today()",
    ],
)  # fmt: skip
def test_an_impurity_is_seen(source: str) -> None:
    """The test above can fail: each way out of a pure room is recognised, nested ones and aware clocks too."""
    assert impurities(ast.parse(source))


def test_what_is_pure_is_left_alone() -> None:
    """Times of day, shipped tables and methods called `now` or `open` are nobody's clock or file."""
    source = (
        "from datetime import date, time\nfrom importlib.resources import files\n"
        "a = time(9, 15)\nb = bar.open\nc = files(__package__).joinpath('t.csv').read_text()\nd = market.now()\n"
    )
    assert impurities(ast.parse(source)) == []
