"""`tron`: the command line. 0: done. 1: the day or the data is not right. 2: the call is not right. 130: stopped."""

import argparse
import sys
from collections.abc import Sequence

from jobs.commands import backtest, charges, data, day
from jobs.commands.output import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="tron", description="Plans, trades and reports a day on NSE.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (day, backtest, data, charges):
        command.register(commands)
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except UserError as error:
        print(f"tron: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tron: stopped; run the same command again to go on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
