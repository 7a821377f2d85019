"""`tron key`: keys of the API, made, listed and revoked; several are valid at once."""

import argparse
import os
import secrets
from pathlib import Path
from typing import Any, Final

from common.bootstrap import Application
from common.day.api.keys import MAX_KEYS, SECRET, Key, KeysDamaged, Role, from_secret, made, to_secret
from common.settings import SettingsError, read_settings
from jobs.commands.output import UserError, print_json

RUNS: Final = Path("out")
CHANCE_BYTES: Final = 32


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("key", help="keys of the API: new, list, revoke")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = actions.add_parser("new", help="make one; it is shown this once")
    new.add_argument("--role", required=True, choices=[role.value for role in Role])
    new.add_argument("--label", default="", metavar="TEXT", help="whose it is, for people")
    new.set_defaults(run=run_new)
    listed = actions.add_parser("list", help="every key but its text")
    listed.set_defaults(run=run_list)
    revoke = actions.add_parser("revoke", help="a key that is not to count any more")
    revoke.add_argument("id")
    revoke.set_defaults(run=run_revoke)
    for one in (new, listed, revoke):
        one.add_argument("--home", type=Path, metavar="DIR", help="default: TRON_HOME, else out")
        one.add_argument("--json", action="store_true", help="print one JSON object")


def run_new(chosen: argparse.Namespace) -> int:
    """0: stored, and shown. 2: there are too many."""
    app, keys = _opened(chosen)
    if len(keys) >= MAX_KEYS:
        raise UserError(f"there are {len(keys)} keys, no more are kept: `tron key revoke ID` first")
    role = Role(chosen.role)
    key, text = made(secrets.token_hex(4), secrets.token_urlsafe(CHANCE_BYTES), role, chosen.label, app.clock.now())
    _store(app, (*keys, key))
    if chosen.json:
        print_json({**_shown(key), "key": text.reveal()})
    else:
        print(text.reveal())
        print(f"{key.id}: for {role.value}s, in the header X-API-Key. It is not shown again, and counts at once")
    return 0


def run_list(chosen: argparse.Namespace) -> int:
    """0: also where there is none."""
    _, keys = _opened(chosen)
    if chosen.json:
        print_json({"keys": [_shown(key) for key in keys]})
        return 0
    for key in keys:
        print(f"{key.id}  {key.role.value:8}  {key.created[:19]}  {key.label}")
    if not keys:
        print("there is no key: with TRON_LOCAL=1 the person at this machine needs none")
    return 0


def run_revoke(chosen: argparse.Namespace) -> int:
    """0: gone; functions that run forget it within half a minute. 2: there is none of that id."""
    app, keys = _opened(chosen)
    left = tuple(key for key in keys if key.id != chosen.id)
    if len(left) == len(keys):
        raise UserError(f"no key has the id {chosen.id}: `tron key list` shows them")
    _store(app, left)
    if chosen.json:
        print_json({"revoked": chosen.id})
    else:
        print(f"{chosen.id} is revoked; what runs forgets it within half a minute")
    return 0


def _opened(chosen: argparse.Namespace) -> tuple[Application, tuple[Key, ...]]:
    home = chosen.home or Path(os.environ.get("TRON_HOME") or RUNS)
    try:
        app = Application(read_settings({**os.environ, "TRON_HOME": str(home)}))
        return app, from_secret(app.account.secrets.get(SECRET))
    except (SettingsError, KeysDamaged, OSError) as error:
        raise UserError(str(error)) from None


def _store(app: Application, keys: tuple[Key, ...]) -> None:
    try:
        app.account.secrets.put(SECRET, to_secret(keys))
    except OSError as error:
        raise UserError(str(error)) from None


def _shown(key: Key) -> dict[str, str]:
    return {"id": key.id, "role": key.role.value, "created": key.created, "label": key.label}
