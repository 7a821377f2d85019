"""The repository's own files, as the architecture tests read them."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("common", "functions", "jobs", "dashboard")
PURE_ROOMS = tuple(f"common/{room}" for room in ("market", "trading", "strategies", "exchange", "planning"))
CODE = (*PACKAGES, "examples", "scripts", "tests")
NOT_OURS = {".git", ".venv", "out", "build", "dist", "__pycache__", "node_modules"}


def python_files(*folders: str) -> list[Path]:
    """Every module below `folders`, in a stable order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def all_files() -> list[Path]:
    """Every file that a commit could hold: what is neither made by a tool nor in a cache."""
    found, folders = [], [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if path.is_dir():
                if path.name not in NOT_OURS and not path.name.endswith(("_cache", ".egg-info", ".hypothesis")):
                    folders.append(path)
            elif path.name not in NOT_OURS:
                found.append(path)
    return sorted(found)


@cache
def tree(path: Path) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    """The path as people write it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of names, '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
