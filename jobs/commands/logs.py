"""`tron logs`: what a day's workloads, functions and dashboard have said, from the store and the archive."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from common.day.log_reading import LogReader, Record, Wanted
from common.log_record import LABELS, SEVERITIES
from jobs.commands import arguments
from jobs.commands.control import open_application, run_date
from jobs.commands.output import print_json, tinted

SHOWN: Final = 160
"""Characters of a record's fields on a line for people; --json has them whole."""


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("logs", help="what a day's processes have said, from store and archive")
    parser.add_argument("--date", type=arguments.day, help="YYYY-MM-DD (default: the run's, else today)")
    parser.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("--asset", default="", metavar="NAME", help="stock, options, futures, or a function's name")
    parser.add_argument("--level", type=str.lower, choices=[name.lower() for name in SEVERITIES], default="debug",
                        help="this and above (default: all)")
    parser.add_argument("--tag", default="", metavar="TEXT", help="an order's tag, or how it begins")
    parser.add_argument("--run", dest="home", type=Path, metavar="DIR",
                        help="directory of the run (default: TRON_HOME, else the latest in out)")
    parser.add_argument("--json", action="store_true", help="print one JSON object; with --follow one each record")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """0: everything could be read. 1: the store or the archive could not."""
    app = open_application(chosen.home, without_store=True)
    day = chosen.date or run_date(app.settings.home, app.clock.now().date())
    wanted = Wanted(chosen.asset, chosen.level.upper(), chosen.tag)
    reader = LogReader(day, lambda: app.store, app.archive, wanted)
    if chosen.follow:
        for records in reader.follow(app.clock.sleep):
            _print(records, each_as_json=chosen.json)
            _complain(reader)
        return 0
    records = reader.read()
    if chosen.json:
        print_json({"date": day.isoformat(), "records": records, "faults": reader.faults})
    else:
        _print(records, each_as_json=False)
        _complain(reader)
    return 1 if reader.faults else 0


def _print(records: list[Record], *, each_as_json: bool) -> None:
    for record in records:
        print(json.dumps(record, ensure_ascii=False) if each_as_json else _line(record))
    sys.stdout.flush()


def _complain(reader: LogReader) -> None:
    for fault in reader.faults:
        print(f"tron: not all of it could be read: {fault}", file=sys.stderr)


def _line(record: Record) -> str:
    room, severity = record["asset_class"] or record["service"] or "-", record["severity"]
    fields = {name: value for name, value in dict(record.get("fields") or {}).items() if name not in LABELS}
    more = f"  {json.dumps(fields, ensure_ascii=False)}"[:SHOWN] if fields else ""
    tag = f"  {record['tag']}" if record["tag"] else ""
    text = f"{record['time'][11:23]:12} {severity:8} {room:8} {record['message']}{tag}{more}"
    return tinted(text, "red") if severity in ("ERROR", "CRITICAL") else (
        tinted(text, "orange") if severity == "WARNING" else text
    )
