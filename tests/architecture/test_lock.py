"""The lock holds what pyproject asks for, with hashes, and the functions' requirements are a part of it."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.architecture.source_files import ROOT

LOCK = "requirements/lock.txt"
FUNCTIONS = "requirements/functions.txt"
FUNCTIONS_EXTRAS = ("data", "broker", "planner")
NOT_IN_A_FUNCTION = {
    "altair", "exchange-calendars", "hypothesis", "import-linter", "mypy", "pandas", "pytest", "rich", "ruff",
    "setuptools", "streamlit", "uv",
}  # fmt: skip

Pins = dict[str, set[tuple[str, str, frozenset[str]]]]
"""Package -> {(version, marker, hashes)}: one package may have a version per Python."""


def pins(path: str) -> Pins:
    """Every pinned package of a requirements file."""
    found: Pins = {}
    text = re.sub(r"^\s*#.*\n", "", (ROOT / path).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        requirement, *hashes = re.split(r"\s+--hash=", line)
        parsed = Requirement(requirement)
        version = str(parsed.specifier).removeprefix("==")
        found.setdefault(parsed.name, set()).add((version, str(parsed.marker or ""), frozenset(hashes)))
    return found


def asked(*extras: str) -> list[Requirement]:
    """What pyproject asks for: the core and the named extras."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return [Requirement(line) for group in groups for line in group]


def every_extra() -> list[str]:
    """The names of all extras."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"])


@pytest.mark.parametrize(("path", "extras"), [(LOCK, every_extra()), (FUNCTIONS, list(FUNCTIONS_EXTRAS))])
def test_a_lock_is_in_step_with_pyproject(path: str, extras: list[str]) -> None:
    """Each dependency is pinned to a version that pyproject allows; else `make lock` was forgotten."""
    locked = pins(path)
    late = [
        str(requirement)
        for requirement in asked(*extras)
        if not any(requirement.specifier.contains(Version(pin[0])) for pin in locked.get(normal(requirement.name), ()))
    ]
    assert not late, f"run `make lock`: {path} does not hold {late}"


def normal(package: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("path", [LOCK, FUNCTIONS])
def test_every_pin_has_a_version_and_hashes(path: str) -> None:
    """pip then refuses a package that is not byte for byte the one that was locked."""
    locked = pins(path)
    assert len(locked) > 20
    for package, versions in locked.items():
        for version, _, hashes in versions:
            assert re.match(r"\d", version), package
            assert hashes, package
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), package


def test_functions_are_a_part_of_the_lock() -> None:
    """Same versions, same hashes: what is tested here is what is deployed."""
    locked = pins(LOCK)
    different = {
        package: versions
        for package, versions in pins(FUNCTIONS).items()
        if {(pin[0], pin[2]) for pin in versions} - {(pin[0], pin[2]) for pin in locked.get(package, set())}
    }
    assert different == {}


def test_functions_carry_neither_the_dashboard_nor_the_tools() -> None:
    """The functions' image stays small: nothing of Streamlit, the researcher or the checks is in it."""
    assert NOT_IN_A_FUNCTION & set(pins(FUNCTIONS)) == set()
    assert set(pins(LOCK)) >= NOT_IN_A_FUNCTION
