"""`tron data fetch SYMBOL...`: the broker's candles as a recorded session, within its limits; killed, it goes on."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.bootstrap import application
from common.market.instruments import InstrumentBook
from common.settings import SettingsError
from common.trading.errors import BrokerUnavailable
from jobs.commands.output import UserError, print_json
from jobs.commands.progress import Progress

INTERVALS: Final = ("minute", "3minute", "5minute", "10minute", "15minute", "30minute", "60minute", "day")


def register(actions: Any) -> None:
    """Add the action to `tron data`."""
    parser = actions.add_parser("fetch", help="candles of the broker into a file that replays read")
    parser.add_argument("symbols", nargs="+", metavar="SYMBOL", help="such as SBIN, 'NIFTY 50' or NFO:NIFTY26NOVFUT")
    parser.add_argument("--from", dest="first", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--to", dest="last", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--interval", choices=INTERVALS, default="minute", help="minute, unless said (replays need it)")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="a Parquet file to be made")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: the file is whole. 1: nothing more came; run it again to go on."""
    from common.research.fetch import FetchError, fetch

    try:
        app = application()
        today = app.clock.now().date()
        if not chosen.first <= chosen.last < today:
            raise UserError("give --from and --to as dates in order, both before today: today is not over")
        book = InstrumentBook(app.account.kite.listing.instruments(today))
    except (SettingsError, ValueError, LookupError, BrokerUnavailable) as error:
        raise UserError(str(error)) from None
    instruments = [_named(book, name) for name in chosen.symbols]
    try:
        with Progress(quiet=chosen.json) as progress:
            history = app.account.kite.history
            done = fetch(
                history, instruments, chosen.first, chosen.last, chosen.interval, chosen.out, progress.tell,
            )
    except FetchError as error:
        raise UserError(str(error)) from None
    except BrokerUnavailable as error:
        raise UserError(f"{error}. What has come is kept: run the same command again to go on") from None
    if chosen.json:
        print_json({"file": str(chosen.out), "rows": done.rows, "calls": done.calls, "kept": done.kept,
                    "empty": list(done.empty)})
    else:
        print(f"{chosen.out}: {done.rows:,} bars, {done.calls} calls" + (f", {done.kept} kept" if done.kept else ""))
        if done.empty:
            print(f"no bars of {', '.join(done.empty)}")
    return 0


def _named(book: InstrumentBook, name: str) -> Any:
    exchange, _, symbol = name.rpartition(":")
    found = book.get(symbol, exchange or None)
    if found is None:
        raise UserError(f"{name} is not among today's instruments: find it with `tron instruments find`")
    return found
