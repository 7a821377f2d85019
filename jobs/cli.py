"""`tron`: the command line. 0: done. 1: the day or the data is not right. 2: the call is not right. 130: stopped."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from jobs.commands import (
    api,
    approve,
    audit,
    backtest,
    charges,
    control,
    cost,
    data,
    day,
    deploy,
    doctor,
    instruments,
    key,
    kite_server,
    login,
    logs,
    lookahead,
    notify,
    plan,
    scorecard,
    simulate,
    strategy,
    sweep,
    transfer,
    up,
)
from jobs.commands.output import UserError

COMMANDS: Final = (
    day, up, control, plan, approve, scorecard, login, doctor, instruments, logs, audit, transfer, strategy, backtest,
    sweep, lookahead, simulate, data, charges, notify, cost, deploy, kite_server, api, key,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="tron", description="Plans, trades and reports a day on NSE.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    chosen = parser.parse_args(arguments)
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


def _quietly(status: int) -> int:
    """Without a second complaint of the interpreter about a standard output that is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    sys.exit(main())
