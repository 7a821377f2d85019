"""`tron strategy list` and `tron strategy new NAME`: what there is, and the beginning of one of your own."""

import argparse
import keyword
import re
import shlex
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from common.market.instrument import AssetClass, Kind
from common.strategies import registry
from jobs.commands.output import UserError, print_json
from jobs.commands.session import generated

NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,39}")
SESSION: Final = "session.parquet"
TEMPLATES: Final = {
    AssetClass.STOCK: "one_symbol.py", AssetClass.FUTURES: "one_symbol.py", AssetClass.OPTIONS: "option_buyer.py",
}
KINDS: Final = {
    AssetClass.STOCK: frozenset({Kind.EQUITY}), AssetClass.FUTURES: frozenset({Kind.FUTURE}),
    AssetClass.OPTIONS: frozenset({Kind.FUTURE, Kind.INDEX, Kind.CALL, Kind.PUT}),
}
"""What the session beside the strategy holds."""

FUTURES_STOPS: Final = {
    "min_stop_percent: float = Field(default=0.5": "min_stop_percent: float = Field(default=0.2",
    "stop_atr: float = Field(default=6.0": "stop_atr: float = Field(default=3.0",
}
"""The usual stop of a stock is more than a lot of an index future may lose under the default mandate."""

PACKAGE: Final = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "tron-strategy-{dashed}"
version = "0.1.0"
description = "A strategy for Tron."
requires-python = ">=3.11"

[project.entry-points."tron.strategies"]
{name} = "{name}:{class_name}"

[tool.setuptools]
py-modules = ["{name}"]
"""


def register(commands: Any) -> None:
    """Add the commands."""
    strategy = commands.add_parser("strategy", help="list the strategies, begin one of your own")
    actions = strategy.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every strategy with its parameters")
    new = actions.add_parser("new", help="a package with a strategy, its test and a session to try it on")
    new.add_argument("name", metavar="NAME", help="small letters, digits and _, such as evening_star")
    new.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="where NAME/ is made (default: here)")
    for parser in (listing, new):
        parser.add_argument("--asset-class", type=AssetClass, choices=list(AssetClass), metavar="CLASS",
                            help="stock, options or futures" + (" (default: stock)" if parser is new else ""))
        parser.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(run=show)
    new.set_defaults(run=make)


def show(chosen: argparse.Namespace) -> int:
    """0: listed. 1: listed, and a plug-in cannot be used."""
    found = {name: registry.get(name) for name in registry.names(chosen.asset_class)}
    broken = registry.problems()
    if chosen.json:
        print_json({
            "strategies": {
                name: {
                    "asset_classes": sorted(one.asset_classes),
                    "parameters": one.Parameters.model_json_schema().get("properties", {}),
                } for name, one in found.items()
            }, "problems": broken,
        })
        return 1 if broken else 0
    for name, one in found.items():
        print(f"{name}  ({', '.join(sorted(one.asset_classes))})")
        for parameter, field in one.Parameters.model_json_schema().get("properties", {}).items():
            print(f"  {parameter}{registry.allowed(field)}")
    for problem in broken.values():
        print(f"not usable: {problem}")
    return 1 if broken else 0


def make(chosen: argparse.Namespace) -> int:
    """0: written. The three commands that are printed work as they stand."""
    name, asset_class = chosen.name, chosen.asset_class or AssetClass.STOCK
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UserError(f"{name!r} is no name for a strategy: 3 to 40 small letters, digits and _, a letter first")
    if name in registry.names():
        raise UserError(f"there is a strategy {name!r} already: choose another name")
    folder = chosen.to / name
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UserError(f"{folder} is there already: choose another name, or --to another directory") from None
    class_name = "".join(part.capitalize() for part in name.split("_"))
    for template, target in ((TEMPLATES[asset_class], f"{name}.py"), ("strategy_test.py", f"test_{name}.py")):
        text = files("jobs.templates").joinpath(template).read_text(encoding="utf-8")
        text = text.replace("my_strategy", name).replace("MyStrategy", class_name)
        text = text.replace("AssetClass.STOCK", f"AssetClass.{asset_class.name}")
        if asset_class is AssetClass.FUTURES:
            for usual, nearer in FUTURES_STOPS.items():
                text = text.replace(usual, nearer)
        (folder / target).write_text(text, encoding="utf-8")
    package = PACKAGE.format(name=name, dashed=name.replace("_", "-").strip("-"), class_name=class_name)
    (folder / "pyproject.toml").write_text(package, encoding="utf-8")
    _write_session(folder / SESSION, asset_class)
    _tell(chosen, folder, name)
    return 0


def _write_session(path: Path, asset_class: AssetClass) -> None:
    from common.research.recorded import Recording
    from common.research.storing import write_parquet

    _, whole = generated(None)
    kept = {symbol: one for symbol, one in whole.instruments.items() if one.kind in KINDS[asset_class]}
    write_parquet(Recording(kept, {symbol: whole.bars[symbol] for symbol in kept}), path)


def _tell(chosen: argparse.Namespace, folder: Path, name: str) -> None:
    tron = [sys.argv[0]] if Path(sys.argv[0]).name == "tron" else [sys.executable, "-m", "jobs.cli"]
    file, bars = str(folder / f"{name}.py"), str(folder / SESSION)
    commands = [shlex.join(words) for words in (
        [sys.executable, "-m", "pytest", str(folder / f"test_{name}.py")],
        [*tron, "check-lookahead", file, "--bars", bars],
        [*tron, "backtest", "--strategy", file, "--bars", bars],
    )]
    if chosen.json:
        print_json({"folder": str(folder), "files": sorted(one.name for one in folder.iterdir()), "commands": commands})
        return
    print(f"{folder}: a strategy, its test, and a generated session to try them on. Next:")
    for command in commands:
        print(f"  {command}")
    print(f"To trade it: {sys.executable} -m pip install --no-deps {folder}, and name it in the mandate.")
