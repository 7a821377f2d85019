"""The workload: trades one asset class for one day, then ends. What GKE, Cloud Run and the laptop all start."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from types import FrameType
from typing import TYPE_CHECKING, Final

from common.market.instrument import AssetClass

if TYPE_CHECKING:
    from common.ports import Logs

END_SECONDS: Final = 3.0
STOPPED = 3
"""Exit status: another holds the lease, or the store refuses; nothing is wrong with the orders."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the day is traded. 3: stopped before or in the middle, start again when the cause is gone."""
    from jobs.local.parent_watch import exit_with_parent

    exit_with_parent()
    parser = argparse.ArgumentParser(prog="python -m jobs.trade", description=__doc__)
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="YYYY-MM-DD")
    parser.add_argument("--asset-class", required=True, type=AssetClass, choices=list(AssetClass))
    chosen = parser.parse_args(arguments)

    from common.bootstrap import application
    from common.day.trade import trade
    from common.trading.errors import TradingStopped

    app = application()
    logs = app.logs(chosen.asset_class.value)
    told = logs.about(date=chosen.date.isoformat())
    _end_on_request(told)
    try:
        summary = trade(chosen.date, chosen.asset_class, app.trade_ports(logs))
    except TradingStopped as stopped:
        told.write("WARNING", str(stopped))
        return STOPPED
    except Exception as error:
        told.write("CRITICAL", f"{type(error).__name__}: {error}", {"traceback": traceback.format_exc()})
        raise
    told.write("INFO", "the day is traded", {"net_paise": summary["net_paise"]})
    return 0


def _end_on_request(logs: "Logs") -> None:
    """At SIGTERM the records are handed over; the end itself stays as abrupt as any other, which recovery expects."""

    def end(number: int, _: FrameType | None) -> None:
        logs.write("WARNING", "the workload is told to end (SIGTERM): its stops rest at the broker")
        logs.close(END_SECONDS)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        os._exit(128 + number)  # the first process of a container does not die of a signal that it leaves to the kernel

    signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    sys.exit(main())
