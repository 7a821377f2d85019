"""`make package`: dist/functions.zip, what Cloud Functions build every function from, byte-identical for the same code.

It holds functions/ and of common/ the modules that they reach. Nothing is compressed: what a compressor makes of the
same bytes differs from machine to machine, and Terraform deploys again when the hash differs.
"""

import argparse
import ast
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "dist" / "functions.zip"
REQUIREMENTS: Final = ROOT / "requirements" / "functions.txt"
PACKAGES: Final = ("common", "functions")
BESIDES: Final = ("gke/base/trade_job.json",)
"""What a function that launches in a cluster sends to it."""
FORBIDDEN: Final = ("jobs", "dashboard", "tests")
MOMENT: Final = (1980, 1, 1, 0, 0, 0)
MODE: Final = 0o100644
MAIN: Final = '''"""Every function's entry point; imported when it is asked for, so that a cold start imports one."""

from importlib import import_module
from typing import Any

FUNCTIONS = {names}


def __getattr__(name: str) -> Any:
    if name not in FUNCTIONS:
        raise AttributeError(f"there is no function {{name}}; there are {{', '.join(FUNCTIONS)}}")
    return getattr(import_module(f"functions.{{name}}"), name)
'''


class NotPackable(ValueError):
    """A function reaches what is not in the package; the text says where."""


def main(arguments: list[str] | None = None) -> int:
    """0: written. 2: a function reaches code that is not deployed."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("--to", type=Path, default=TARGET, metavar="FILE")
    chosen = parser.parse_args(arguments)
    try:
        data = write(chosen.to)
    except NotPackable as error:
        print(f"make package: {error}", file=sys.stderr)
        return 2
    print(f"{chosen.to}: {len(functions())} functions, {len(data)} bytes, sha256 {sha256(data).hexdigest()}")
    return 0


def write(target: Path) -> bytes:
    """The zip, whole or not at all; its bytes. Raises NotPackable."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as package:
        for name, data in sorted(contents().items()):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system, entry.external_attr = 3, MODE << 16
            package.writestr(entry, data)
    part.replace(target)
    return target.read_bytes()


def contents() -> dict[str, bytes]:
    """By name in the zip. Raises NotPackable."""
    modules = reached()
    folders = {path.parent for path in modules}
    data = [
        path for room in PACKAGES for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and _owner(path) in folders
    ]
    files = [*modules, *data, *(ROOT / name for name in BESIDES)]
    found = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}
    listed = "".join(f'    "{name}",\n' for name in functions())
    return {
        **found, "main.py": MAIN.format(names=f"(\n{listed})").encode(), "requirements.txt": REQUIREMENTS.read_bytes(),
    }


def functions() -> list[str]:
    """Every function that this version has, by name."""
    files = (ROOT / "functions").glob("*.py")
    return sorted(path.stem for path in files if "@functions_framework." in path.read_text("utf-8"))


@cache
def reached() -> frozenset[Path]:
    """Modules that a function imports at some time, lazily or by a name in a text. Raises NotPackable."""
    found, waiting = set[Path](), list((ROOT / "functions").glob("*.py"))
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in imported(path):
            if name.partition(".")[0] in FORBIDDEN:
                raise NotPackable(f"{path.relative_to(ROOT)} imports {name}, which is not deployed")
            waiting += _files(name)
    return frozenset(found)


def imported(path: Path) -> Iterator[str]:
    """Names of what the module imports, wherever it does; of ours also those that stand in a text, also in part."""
    for node in _run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("common."):
            yield node.value


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but what only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        typed = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        waiting += node.orelse if isinstance(node, ast.If) and typed else ast.iter_child_nodes(node)


def _files(name: str) -> list[Path]:
    """Of a dotted name the module and the packages around it; of the beginning of one (`common.x.`) all below it."""
    parts = name.split(".")
    if parts[0] not in PACKAGES:
        return []
    if not parts[-1]:
        return list(ROOT.joinpath(*parts).glob("*.py"))
    found = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    found += [ROOT.joinpath(*parts[:depth]).with_suffix(".py") for depth in range(2, len(parts) + 1)]
    return [path for path in found if path.is_file()]


def _owner(path: Path) -> Path:
    """The package whose data this is."""
    folder = path.parent
    while not (folder / "__init__.py").is_file() or folder.name == "data":
        folder = folder.parent
    return folder


if __name__ == "__main__":
    sys.exit(main())
