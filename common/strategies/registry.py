"""Strategies by name: the built-in ones from a table, plug-ins from the entry point group `tron.strategies`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, Final

from pydantic import ValidationError

from common.market.bar import Bar
from common.market.instrument import AssetClass
from common.trading.strategy import Parameters, Signal, Strategy, View

GROUP: Final = "tron.strategies"
FILE_SUFFIX: Final = ".py"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """Where a built-in strategy is; imported when it is asked for. asset_classes: as the class itself says."""

    module: str
    attribute: str
    asset_classes: frozenset[AssetClass]


def _built_in(module: str, attribute: str, *asset_classes: AssetClass) -> BuiltIn:
    return BuiltIn(f"common.strategies.{module}", attribute, frozenset(asset_classes))


BUILT_IN: Final[Mapping[str, BuiltIn]] = {
    "credit_spread": _built_in("credit_spread", "CreditSpread", AssetClass.OPTIONS),
    "ema_cross": _built_in("ema_cross", "EmaCross", AssetClass.STOCK, AssetClass.FUTURES),
    "iron_fly": _built_in("iron_fly", "IronFly", AssetClass.OPTIONS),
    "momentum": _built_in("momentum", "IntradayMomentum", AssetClass.STOCK),
    "opening_range_breakout": _built_in("opening_range_breakout", "OpeningRangeBreakout", AssetClass.STOCK),
    "range_reversal": _built_in("range_reversal", "RangeReversal", AssetClass.STOCK),
    "scalp": _built_in("scalp", "Scalp", AssetClass.OPTIONS),
    "trend": _built_in("trend", "Trend", AssetClass.FUTURES),
    "vwap": _built_in("vwap", "Vwap", AssetClass.STOCK, AssetClass.FUTURES),
}


class UnknownStrategy(KeyError):
    """No usable strategy has this name; the text lists what there is and what went wrong with a plug-in."""

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidParameters(ValueError):
    """Parameters that the strategy refuses; the text names each, what was given and what is allowed."""


def names(asset_class: AssetClass | None = None) -> list[str]:
    """Usable strategies in alphabetical order; with `asset_class`, those that may trade it."""
    found = {name: entry.asset_classes for name, entry in BUILT_IN.items()}
    found |= {name: plug_in.asset_classes for name, plug_in in _plug_ins()[0].items()}
    return sorted(name for name, classes in found.items() if asset_class is None or asset_class in classes)


def problems() -> Mapping[str, str]:
    """Plug-ins that cannot be used, by name, each with the reason and what to do."""
    return _plug_ins()[1]


def get(name: str) -> type[Strategy]:
    """The strategy's class. Raises UnknownStrategy. Plug-ins are loaded only when `name` is not a built-in one.

    A name that ends in .py is the path of a file with one strategy: for trying it out before it is a package.
    """
    if name.endswith(FILE_SUFFIX):
        return _from_file(name)
    entry = BUILT_IN.get(name)
    if entry is not None:
        return _built(entry.module, entry.attribute)
    plug_ins, broken = _plug_ins()
    if name in plug_ins:
        return plug_ins[name]
    if name in broken:
        raise UnknownStrategy(broken[name])
    raise UnknownStrategy(f"there is no strategy {name!r}{_suggestion(name, sorted([*BUILT_IN, *plug_ins]))}")


@cache
def _built(module: str, attribute: str) -> type[Strategy]:
    found: type[Strategy] = getattr(import_module(module), attribute)
    return found


def build(name: str, parameters: Mapping[str, Any]) -> Strategy:
    """A fresh strategy. Values may be text, as from a command line. Raises UnknownStrategy, InvalidParameters."""
    strategy = get(name)
    try:
        checked = strategy.Parameters.model_validate(dict(parameters))
    except ValidationError as error:
        complaints = "; ".join(_complaint(strategy.Parameters, each) for each in error.errors())
        raise InvalidParameters(f"strategy {name}: {complaints}") from error
    return strategy(checked)


@cache
def _from_file(path: str) -> type[Strategy]:
    """The one class of the file that has a bar handler; the file is run once. Raises UnknownStrategy."""
    spec = spec_from_file_location(f"strategy file {path}", path)
    if spec is None or spec.loader is None:
        raise UnknownStrategy(f"{path} is no Python file: give the path of a .py file with one strategy")
    module = sys.modules[spec.name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UnknownStrategy(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    own = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]
    found = [one for one in own if hasattr(one, "on_bar")]
    if len(found) != 1:
        names_ = ", ".join(one.__name__ for one in found) or "none"
        raise UnknownStrategy(f"{path} must define one class with on_bar, and has {names_}; see docs/strategies.md")
    fault = _fault(getattr(found[0], "name", None), found[0])
    if fault:
        raise UnknownStrategy(f"{found[0].__name__} of {path} {fault}; see docs/strategies.md")
    return _derived(found[0])


@cache
def _plug_ins() -> tuple[Mapping[str, type[Strategy]], Mapping[str, str]]:
    """Usable plug-ins, and the reasons why the others are not, both by name.

    Looked for once a process, which takes some 25 ms: what is installed later counts with the next start.
    """
    usable: dict[str, type[Strategy]] = {}
    broken: dict[str, str] = {}
    offered: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        offered.setdefault(point.name, []).append(point)
    for name, points in sorted(offered.items()):
        complaint = _contested(name, points)
        loaded = None if complaint else _load(points[0])
        if isinstance(loaded, type):
            usable[name] = loaded
        else:
            broken[name] = complaint or str(loaded)
    return usable, broken


def _contested(name: str, points: Sequence[EntryPoint]) -> str:
    """Why nobody gets this name, or ''."""
    packages = " and ".join(sorted(_package(point) for point in points))
    if name in BUILT_IN:
        return f"plug-in {name!r} of {packages} has the name of a built-in strategy: rename its entry point"
    if len(points) > 1:
        return f"plug-in {name!r} is offered by {packages}: rename one entry point, or uninstall one package"
    return ""


def _load(point: EntryPoint) -> type[Strategy] | str:
    """The plug-in's class, or what is wrong with it. Any exception counts: another's import must not stop the day."""
    where = f"plug-in {point.name!r} of {_package(point)} ({point.value})"
    try:
        loaded = point.load()
    except Exception as error:
        return f"{where} cannot be loaded: {type(error).__name__}: {error}; mend or uninstall the package"
    fault = _fault(point.name, loaded)
    return f"{where} {fault}; see docs/strategies.md" if fault else _derived(loaded)


def _fault(name: Any, loaded: Any) -> str:
    """How this is not a strategy called `name`, or ''."""
    if not isinstance(loaded, type):
        return "is not a class"
    if not name or getattr(loaded, "name", None) != name:
        return f"calls itself {getattr(loaded, 'name', None)!r}: entry point and `name` must be the same"
    parameters = getattr(loaded, "Parameters", None)
    if not (isinstance(parameters, type) and issubclass(parameters, Parameters)):
        return "has no `Parameters` derived from common.trading.strategy.Parameters"
    classes = getattr(loaded, "asset_classes", None)
    if not (isinstance(classes, frozenset) and classes and all(isinstance(c, AssetClass) for c in classes)):
        return "has no `asset_classes`: a frozenset of at least one AssetClass"
    missing = [method for method in ("start_day", "on_bar") if not callable(getattr(loaded, method, None))]
    return f"has no method {' and '.join(missing)}" if missing else ""


def _derived(loaded: type) -> type[Strategy]:
    """The same class; one that only looks like a strategy is put behind the base by which the session calls it."""
    if issubclass(loaded, Strategy):
        return loaded
    looks: Any = loaded

    class Behind(Strategy):
        name = looks.name
        asset_classes = looks.asset_classes
        Parameters = looks.Parameters

        def __init__(self, parameters: Any) -> None:
            self._own: Any = looks(parameters)

        def start_day(self) -> None:
            self._own.start_day()

        def on_bar(self, bar: Bar, view: View) -> Signal | None:
            said: Signal | None = self._own.on_bar(bar, view)
            return said

    Behind.__name__, Behind.__module__, Behind.__doc__ = looks.__name__, looks.__module__, looks.__doc__
    return Behind


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    lead = f"; did you mean {close[0]!r}? There are: " if close else "; there are: "
    return lead + ", ".join(known)


def _complaint(parameters: type[Parameters], error: Mapping[str, Any]) -> str:
    """One validation error for a person: which parameter, what was given, what is allowed."""
    schema = parameters.model_json_schema()["properties"] if parameters.model_fields else {}
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"there is no parameter {name!r}{_suggestion(name, sorted(schema))}"
    if error["type"] == "missing":
        return f"parameter {name} is required{allowed(schema[name])}"
    return f"{name} = {error['input']!r}: {message[:1].lower()}{message[1:]}{allowed(schema[name])}"


def allowed(field: Mapping[str, Any]) -> str:
    """Bounds and default from a parameter's JSON schema, as ' (allowed: 2 to 100, default 14)', or ''."""
    least = field.get("minimum", field.get("exclusiveMinimum"))
    most = field.get("maximum", field.get("exclusiveMaximum"))
    parts = []
    if "enum" in field:
        parts.append("allowed: " + ", ".join(str(value) for value in field["enum"]))
    elif least is not None and most is not None:
        parts.append(f"allowed: {'above ' if 'minimum' not in field else ''}{least} to {most}")
    if "default" in field:
        parts.append(f"default {field['default']}")
    return f" ({', '.join(parts)})" if parts else ""
