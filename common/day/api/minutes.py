"""A symbol's minutes on a date: from the closed day's report, the recorder's files or a recorded session."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final, TypeAlias

from common.day.api.answer import Answer, etag_of
from common.day.api.kept import REPORTS, RESULT
from common.day.api.problem import Problem
from common.market.indian_time import at
from common.ports import Archive, DocumentStore, MarketData
from common.research.refetch import REFETCHED

Row: TypeAlias = list[Any]
RECORDED: Final = "market/"
PRICES: Final = ("open", "high", "low", "close")
A_MINUTE_SECONDS: Final = 60


def bars(
    store: DocumentStore, archive: Archive, session: MarketData | None, day: date, symbol: str, now: datetime,
    asked: str,
) -> Answer:
    """session: recorded, to the end of the day; of it only what has passed by `now` (aware) is told."""
    rows = _closed(store, archive, day, symbol) or _recorded(archive, day, symbol)
    if not rows and session is not None:
        rows = _passed(session, day, symbol, now)
    if not rows:
        raise Problem("not-found", f"no minutes of {symbol} are kept for {day}")
    fields = {"date": day.isoformat(), "symbol": symbol, "bars": rows}
    etag = etag_of(symbol, str(day), len(rows), rows[-1])
    return Answer(None if etag in asked else fields, etag)


def _closed(store: DocumentStore, archive: Archive, day: date, symbol: str) -> list[Row]:
    """The report has the minutes of every symbol that was traded."""
    if store.get(REPORTS, day.isoformat()) is None:
        return []
    found: list[Row] = json.loads(archive.get(day, RESULT) or b"{}").get("bars", {}).get(symbol, [])
    return found


def _recorded(archive: Archive, day: date, symbol: str) -> list[Row]:
    """What the recorders have kept so far; where several have, the later file's counts, before all a refetched one."""
    found: dict[str, Row] = {}
    for name in sorted(archive.list(day, RECORDED), key=lambda name: f"/{REFETCHED}/" in name):
        data = archive.get(day, name) if "/bars-" in name else None
        for row in _of_file(data, symbol) if data else ():
            found[row[0]] = row
    return [found[time] for time in sorted(found)]


def _of_file(data: bytes, symbol: str) -> Iterable[Row]:
    import pyarrow.compute as pc
    from pyarrow import parquet

    table = parquet.read_table(BytesIO(data), columns=["ts", "symbol", *PRICES, "volume"])
    table = table.filter(pc.equal(table["symbol"], symbol))
    for row in table.to_pylist():
        yield [row["ts"].isoformat(), *(row[name] for name in PRICES), row["volume"]]


def _passed(session: MarketData, day: date, symbol: str, now: datetime) -> list[Row]:
    if symbol not in {one.symbol for one in session.instruments(day)}:
        return []
    return [
        [at(bar.ts).isoformat(), bar.open / 100, bar.high / 100, bar.low / 100, bar.close / 100, bar.volume]
        for bar in session.feed(day, [symbol]) if (now - at(bar.ts)).total_seconds() >= A_MINUTE_SECONDS
    ]
