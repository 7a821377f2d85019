"""The workload: trades one asset class for one day, then ends. What GKE, Cloud Run and the laptop all start."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date

from common.market.instrument import AssetClass

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

    try:
        summary = trade(chosen.date, chosen.asset_class, application().trade_ports())
    except TradingStopped as stopped:
        print(json.dumps({"severity": "WARNING", "message": str(stopped)}), flush=True)
        return STOPPED
    print(json.dumps({"severity": "INFO", "message": "the day is traded", "net_paise": summary["net_paise"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
