"""The style test: measures what STYLE asks for, and names every offender at once."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source_files import CODE, all_files, dotted, name, python_files, tree

LINES_A_FILE = 300
LINES_A_FUNCTION = 50
EMPTY_NAME = re.compile(r"(^|_)(utils?|helpers?|managers?|enhanced|misc|v\d+)(_|$)")
# The letters in brackets keep this file out of its own search.
UNFINISHED = re.compile(r"\b(T[O]DO|FIX[M]E|X[X]X|H[A]CK)\b")
MACHINE = re.compile(r"/(?:root|work)/|/home/[a-z]|/Users/[a-z]|[A-Z]:\\\\?Users")
REGISTRY = re.compile(r"pypi\.(org|python)|files\.pythonhosted|registry\.(npmjs|yarnpkg)|deb\.debian|index-url\s+http")
NAIVE_NOW = {"datetime.utcnow", "datetime.datetime.utcnow", "datetime.today", "datetime.datetime.today", "date.today"}

# rule and file (or file:function) -> why it may stay. Nothing else is exempt, and an entry that excuses nothing fails.
EXCEPTIONS: dict[tuple[str, str], str] = {}

Offence = tuple[str, str, str]
"""The rule, the place, what was found there."""


def test_style() -> None:
    """Every module keeps to the measures of STYLE, but for the exceptions that carry a reason."""
    found = [offence for path in python_files(*CODE) for offence in (*of_file(path), *of_tree(path))]
    offences = [f"{place}: {what} [{rule}]" for rule, place, what in found if (rule, place) not in EXCEPTIONS]
    assert not offences, f"{len(offences)} offences against STYLE:\n" + "\n".join(offences)
    idle = set(EXCEPTIONS) - {(rule, place) for rule, place, _ in found}
    assert not idle, f"exceptions that excuse nothing, delete them: {sorted(idle)}"


def test_committed_files_name_no_machine_and_no_registry() -> None:
    """No file holds a path of somebody's machine or the host of a package registry: a clone works anywhere."""
    offences = []
    for path in all_files():
        for number, line in enumerate(text_lines(path), start=1):
            found = MACHINE.search(line) or REGISTRY.search(line)
            if found:
                offences.append(f"{name(path)}:{number}: {found.group(0)!r}")
    assert not offences, "machine paths or registry hosts:\n" + "\n".join(offences)


def text_lines(path: Path) -> list[str]:
    """The file's lines; none for a picture and other binary content."""
    data = path.read_bytes()
    return [] if b"\0" in data[:8192] else data.decode("utf-8", errors="replace").splitlines()


def of_file(path: Path) -> Iterator[Offence]:
    """Its length, its name, its marks of unfinished work."""
    lines, place = text_lines(path), name(path)
    if len(lines) > LINES_A_FILE:
        yield "file length", place, f"{len(lines)} lines, at most {LINES_A_FILE}: there are two things in it"
    for part in Path(place).with_suffix("").parts:
        if EMPTY_NAME.search(part):
            yield "name", place, f"{part!r} says nothing: name the noun that it holds"
    for number, line in enumerate(lines, start=1):
        if found := UNFINISHED.search(line):
            yield "unfinished", f"{place}:{number}", f"{found.group(0)}: finish it or file an issue"


def of_tree(path: Path) -> Iterator[Offence]:
    """Its opening sentence, the length and names of what it defines, its clocks."""
    module, place = tree(path), name(path)
    if not ast.get_docstring(module):
        yield "opening", place, "opens without a docstring: say in one sentence what it is"
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_A_FUNCTION:
                yield "function length", f"{place}:{node.name}", f"{length} lines, at most {LINES_A_FUNCTION}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.name).lower()
            if EMPTY_NAME.search(snake):
                yield "name", f"{place}:{node.name}", "says nothing: name the noun that it holds"
        if isinstance(node, ast.Call) and reads_naive_clock(node):
            yield "naive clock", f"{place}:{node.lineno}", "now without a time zone: pass one, or ask the Clock"


def reads_naive_clock(call: ast.Call) -> bool:
    """Whether the call gives a moment or a day in whatever zone the machine has."""
    called = dotted(call.func)
    if called in ("datetime.now", "datetime.datetime.now"):
        return not call.args and not call.keywords
    return called in NAIVE_NOW
