"""`tron export` and `tron import`: a day into one file, and back."""

import argparse
import os
from pathlib import Path
from typing import Any

from common.bootstrap import Application
from common.day.day_file import MAX_BYTES, DayFileRefused, unpack
from common.day.export import ImportRefused, export_day, import_day
from common.ports import StoreError
from common.settings import SettingsError, read_settings
from jobs.commands import arguments
from jobs.commands.control import open_application
from jobs.commands.output import UserError, print_json
from jobs.local.run_directory import make_home


def register(commands: Any) -> None:
    """Add the two commands."""
    export = commands.add_parser("export", help="write one day, documents and archive, to one file")
    export.add_argument("date", type=arguments.day, metavar="D", help="YYYY-MM-DD")
    export.add_argument("--to", type=Path, metavar="FILE", help="default: tron-D.zip here")
    export.add_argument("--run", dest="home", type=Path, metavar="DIR",
                        help="directory of the run (default: TRON_HOME, else the latest in out)")
    export.set_defaults(run=run_export)
    back = commands.add_parser("import", help="restore a day from such a file")
    back.add_argument("file", type=Path, metavar="FILE")
    back.add_argument("--run", dest="home", type=Path, metavar="DIR",
                      help="directory of the run (default: TRON_HOME, else the day's in out)")
    back.set_defaults(run=run_import)
    for parser in (export, back):
        parser.add_argument("--json", action="store_true", help="print one JSON object")


def run_export(chosen: argparse.Namespace) -> int:
    """0: the file is there, whole. 2: there is no such day, or it cannot be written."""
    app, target = open_application(chosen.home), chosen.to or Path(f"tron-{chosen.date}.zip")
    part = target.with_name(f"{target.name}.part")
    try:
        content = export_day(chosen.date, app.store, app.archive)
        part.write_bytes(content)
        part.rename(target)
    except (LookupError, DayFileRefused, StoreError) as error:
        raise UserError(f"{app.settings.home}: {error}") from None
    except OSError as error:
        raise UserError(f"{target} cannot be written ({error}): give another --to") from None
    if chosen.json:
        print_json({"date": chosen.date.isoformat(), "file": str(target), "bytes": len(content)})
    else:
        print(f"{chosen.date} is in {target}, {len(content)} bytes")
    return 0


def run_import(chosen: argparse.Namespace) -> int:
    """0: the day is there as it was. 1: it is there in part, import again. 2: refused, nothing was written."""
    content = _content(chosen.file)
    try:
        day, _ = unpack(content)
        app = _target(chosen.home, Path("out") / day.isoformat())
        imported = import_day(content, app.store, app.archive)
    except DayFileRefused as error:
        raise UserError(f"{chosen.file}: {error}") from None
    except (ImportRefused, SettingsError) as error:
        raise UserError(str(error)) from None
    except StoreError as error:
        print(f"tron: {error}")
        return 1
    if chosen.json:
        print_json({
            "date": imported.day.isoformat(), "run": str(app.settings.home), "documents": imported.documents,
            "objects": imported.objects, "already": imported.already,
        })
    else:
        print(f"{imported.day} is in {app.settings.home}: {imported.documents} documents and {imported.objects} "
              f"objects written, {imported.already} were there")
    return 0


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} has more than {MAX_BYTES} bytes: no day is that large")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}): give a file that `tron export` wrote") from None


def _target(given: Path | None, default: Path) -> Application:
    home = (given or Path(os.environ.get("TRON_HOME") or default)).resolve()
    make_home(home)
    return Application(read_settings({**os.environ, "TRON_HOME": str(home)}))
