"""`tron`: the command line. 0: done. 1: the day or the data is not right. 2: the call is not right. 130: stopped."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

from jobs.commands.output import UserError

MODULES: Final[Mapping[str, str]] = {
    "day": "day", "up": "up", "halt": "control", "resume": "control", "flatten": "control", "plan": "plan",
    "approve": "approve", "scorecard": "scorecard", "login": "login", "doctor": "doctor",
    "instruments": "instruments", "logs": "logs", "audit": "audit", "export": "transfer", "import": "transfer",
    "strategy": "strategy", "backtest": "backtest", "sweep": "sweep", "check-lookahead": "lookahead",
    "simulate": "simulate", "data": "data", "charges": "charges", "notify": "notify", "cost": "cost",
    "deploy": "deploy", "kite-server": "kite_server", "api": "api", "dashboard": "api", "proxy": "api", "key": "key",
}
"""Where each command stands, in the order of the help. Only the one that is called is imported: a halt cannot wait."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    given = sys.argv[1:] if arguments is None else arguments
    chosen = parser_of(given[0] if given else "").parse_args(given)
    try:
        status: int = chosen.run(chosen)
        sys.stdout.flush()
    except UserError as error:
        print(f"tron: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tron: stopped; run the same command again to go on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return _quietly(1)
    except OSError as error:
        print(f"tron: {error}", file=sys.stderr)
        return _quietly(1)
    return status


def parser_of(name: str) -> argparse.ArgumentParser:
    """With the command of that name, or with all of them where there is none."""
    parser = argparse.ArgumentParser(prog="tron", description="Plans, trades and reports a day on NSE.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in dict.fromkeys([MODULES[name]] if name in MODULES else MODULES.values()):
        import_module(f"jobs.commands.{module}").register(commands)
    return parser


def _quietly(status: int) -> int:
    """Without a second complaint of the interpreter about a standard output that is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    sys.exit(main())
