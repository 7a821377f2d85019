"""What terraform/ and gke/ say of one environment, read from their files: no cloud is asked, nothing is applied."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ENVIRONMENTS: Final = ("development", "staging", "production")
VALUES: Final = "terraform.tfvars"
_VARIABLE: Final = re.compile(r"\bTRON_[A-Z_]+\b")


class UnreadableDeployment(ValueError):
    """A file of the deployment is missing, or is not what its name says; the text says which."""


@dataclass(frozen=True, slots=True)
class Declared:
    """values: of terraform's variables, the person's over the defaults; is_example: they are those of the example.

    missing, unknown: variables without a value, and values without a variable. steps: HH:MM by step. functions: names.
    reads: secrets that something reads; secrets: those that there are. triggers: collection by function. set_variables:
    names that terraform sets in processes. settings: of the cluster's pods. images: in the cluster, by name.
    cluster_secrets: that the cluster copies. namespace: of the overlay.
    """

    environment: str
    values: Mapping[str, Any]
    is_example: bool
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    steps: Mapping[str, str]
    functions: frozenset[str]
    reads: frozenset[str]
    secrets: frozenset[str]
    triggers: Mapping[str, str]
    set_variables: frozenset[str]
    settings: Mapping[str, str]
    images: Mapping[str, str]
    cluster_secrets: frozenset[str]
    namespace: str


def read_declared(root: Path, environment: str) -> Declared:
    """Of the repository at `root`. Raises UnreadableDeployment."""
    try:
        return _declared(root, environment)
    except OSError as error:
        raise UnreadableDeployment(str(error)) from error
    except (KeyError, TypeError, IndexError, ValueError) as error:
        if isinstance(error, UnreadableDeployment):
            raise
        raise UnreadableDeployment(f"terraform/ or gke/ of {environment} lacks something: {error!r}") from error


def _declared(root: Path, environment: str) -> Declared:
    folder, module = root / "terraform/environments" / environment, root / "terraform/modules/tron"
    own = folder / VALUES
    given = _hcl(own if own.exists() else folder / f"{VALUES}.example")
    variables = _variables(folder / "variables.tf")
    inner = _variables(module / "variables.tf")
    functions = (module / "functions.tf").read_text()
    overlay = root / "gke/overlays" / environment
    kustomization = _yaml(overlay / "kustomization.yaml")
    return Declared(
        environment, {**{name: one.get("default") for name, one in variables.items()}, **given}, not own.exists(),
        tuple(name for name, one in variables.items() if "default" not in one and name not in given),
        tuple(name for name in given if name not in variables), inner["schedule"]["default"],
        frozenset(_functions(_hcl(module / "functions.tf")["locals"], functions)),
        frozenset(re.findall(r'"([a-z-]+)"', " ".join(re.findall(r"(?:reads|renews)\s*=\s*\[([^\]]*)\]", functions)))),
        frozenset(inner["secrets"]["default"]),
        dict(re.findall(r'(\w+)\s*=\s*\{ type = "[^"]+", document = "(\w+)/', functions)),
        frozenset(_set_variables(root / "terraform/modules")),
        {**_lines(root / "gke/base/settings.env"), **_lines(overlay / "settings.env")},
        {one["name"]: one["newName"] for one in kustomization["images"]},
        frozenset(_cluster_secrets(root / "gke/components/secrets-from-secret-manager")), kustomization["namespace"],
    )


def _functions(local: Any, text: str) -> Iterator[str]:
    """Those that are written out, and those of the lists that `api` goes through."""
    for group in local:
        for name in ("steps", "events", "from_the_broker"):
            yield from group.get(name, {})
    api = text[text.index("api = merge(") : text.index("functions = {")]
    yield from re.findall(r'"([a-z_]+)"', " ".join(re.findall(r"for name in \[([^\]]*)\]", api)))
    yield from re.findall(r"\{ (\w+) = \{ reads", api)


def _set_variables(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.tf"):
        yield from _VARIABLE.findall(path.read_text(encoding="utf-8"))


def _cluster_secrets(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.yaml"):
        yield from re.findall(r"secrets/([a-z-]+)/versions", path.read_text())


def _variables(path: Path) -> dict[str, dict[str, Any]]:
    return {name: body for one in _hcl(path)["variable"] for name, body in one.items()}


def _hcl(path: Path) -> dict[str, Any]:
    import hcl2

    try:
        with path.open(encoding="utf-8") as file:
            found: dict[str, Any] = _plain(hcl2.load(file))
            return found
    except OSError:
        raise
    except Exception as error:  # the parser's own kinds are many
        raise UnreadableDeployment(f"{path} is not Terraform: {str(error)[:200]}") from error


def _plain(value: Any) -> Any:
    """As Python has it: without the quotes and the marks that the parser keeps."""
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(one) for name, one in value.items() if not str(name).startswith("__")}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str) and len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return {"null": None, "true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _yaml(path: Path) -> dict[str, Any]:
    import yaml

    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise UnreadableDeployment(f"{path} is no kustomization")
    return found


def _lines(path: Path) -> dict[str, str]:
    rows = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in rows if not name.startswith("#")}
