"""The exchange's public lists of the day, as it publishes them, fetched whole within limits of size and time."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from http.client import HTTPException
from time import monotonic
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from common.ports import ListUnavailable

EXCHANGE_URL: Final = "https://nsearchives.nseindia.com"
PATHS: Final[Mapping[str, str]] = {
    "ban": "/content/fo/fo_secban.csv", "series": "/content/equities/EQUITY_L.csv",
}
MAX_BYTES: Final = 4 * 1024 * 1024
SECONDS: Final = 10.0
"""Of one list as a whole: it is fetched while the day is being prepared."""
LEAST_SHARES: Final = 100
"""A list of all shares with fewer is not one."""
_CHUNK: Final = 64 * 1024
_BAN_TITLE: Final = re.compile(r"\s*Securities in Ban For Trade Date\s+(\d{2}-[A-Za-z]{3}-\d{4})\s*:?(.*)", re.I)
_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9&-]{0,31}")


class ExchangeLists:
    """`ListSource` over the exchange's archive of reports. base_url: without a slash at its end."""

    def __init__(self, base_url: str = EXCHANGE_URL, seconds: float = SECONDS) -> None:
        self._base_url = base_url.rstrip("/")
        self._seconds = seconds

    def fetch(self, name: str, day: date) -> bytes:
        """As `common/planning/notices.py` reads it. Raises ListUnavailable, also for a list of another day."""
        convert: Mapping[str, Callable[[str, date], list[str]]] = {"ban": _ban, "series": _series}
        if name not in convert:
            raise ListUnavailable(f"list {name} has no known address: put it into the day's archive yourself")
        url = self._base_url + PATHS[name]
        try:
            text = _body(url, self._seconds).decode("utf-8-sig")
            return ("\n".join(convert[name](text, day)) + "\n").encode()
        except HTTPError as error:
            why = f"the exchange answers {error.code}"
        except (OSError, HTTPException, ValueError) as error:
            why = str(error) or type(error).__name__
        raise ListUnavailable(f"list {name} did not come from {url}: {why}: fetch it by hand, or go without it")


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is another page than the one that was asked for, such as a notice."""

    def redirect_request(self, *_: Any) -> None:
        """Never followed: the answer is then an HTTPError with its code."""


def _body(url: str, seconds: float) -> bytes:
    """Raises OSError, HTTPException, ValueError."""
    until = monotonic() + seconds
    request = Request(url, headers={"User-Agent": "Mozilla/5.0 (compatible; Tron)", "Accept": "text/csv,*/*"})
    parts, size = list[bytes](), 0
    with build_opener(_NoRedirect).open(request, timeout=seconds) as answer:
        while part := answer.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES} bytes")
            if monotonic() > until:
                raise ValueError(f"it came too slowly: more than {seconds:g} s")
    return b"".join(parts)


def _ban(text: str, day: date) -> list[str]:
    """A title with the date, then `number,symbol`; a title alone, or one that says NIL, bans nobody."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    title = _BAN_TITLE.fullmatch(lines[0]) if lines else None
    if title is None:
        raise ValueError("it does not begin with 'Securities in Ban For Trade Date'")
    on = datetime.strptime(f"{title[1]} +0530", "%d-%b-%Y %z").date()
    if on != day:
        raise ValueError(f"it is of {on}, not of {day}")
    if title[2].strip().upper() not in ("", "NIL"):
        raise ValueError(f"its title goes on with {title[2].strip()[:40]!r}")
    symbols = []
    for line in lines[1:]:
        number, _, symbol = line.partition(",")
        if line.upper() == "NIL" and len(lines) == 2:
            break
        if not number.strip().isdigit() or not _SYMBOL.fullmatch(symbol.strip()):
            raise ValueError(f"its line {line[:40]!r} is no number and symbol")
        symbols.append(symbol.strip())
    return ["symbol", *symbols]


def _series(text: str, _: date) -> list[str]:
    """Of all shares, as they are now."""
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    columns = {name.strip().upper(): name for name in rows.fieldnames or () if name}
    if not {"SYMBOL", "SERIES"} <= set(columns):
        raise ValueError("it has no columns SYMBOL and SERIES")
    found = []
    for row in rows:
        symbol, series = ((row[columns[name]] or "").strip() for name in ("SYMBOL", "SERIES"))
        if not _SYMBOL.fullmatch(symbol) or not series.isalnum():
            raise ValueError(f"its row of {symbol[:40]!r} has no symbol or series")
        found.append(f"{symbol},{series}")
    if len(found) < LEAST_SHARES:
        raise ValueError(f"it has {len(found)} shares: that is not all of them")
    return ["symbol,series", *found]
