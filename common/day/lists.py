"""The exchange's lists of the day: fetched where a source is configured and nobody has put them there, then read."""

from collections.abc import Iterator
from datetime import date

from common.planning.contracts import CASH_SETTLED
from common.planning.gate import GateReason
from common.planning.mandate import Mandate
from common.planning.notices import COLUMNS, FOLDER, NoticeError, Notices, parse_notices
from common.ports import Archive, ListSource, ListUnavailable


def fetch_lists(day: date, archive: Archive, source: ListSource | None, mandate: Mandate) -> list[GateReason]:
    """Those that the mandate needs and the day's archive lacks; what did not come is a finding, and stays missing."""
    faults = []
    for name in needed(mandate) if source is not None else ():
        path = f"{FOLDER}/{name}.csv"
        if source is None or archive.get(day, path) is not None:
            continue
        try:
            archive.put(day, path, source.fetch(name, day), overwrite=True)
        except ListUnavailable as error:
            faults.append(GateReason(name=f"list_{name}", verdict="amber", text=str(error)[:500]))
    return faults


def needed(mandate: Mandate) -> Iterator[str]:
    """Lists with a known address that decide about what the mandate may trade."""
    if mandate.stock.enabled:
        yield "series"
    derivatives = [one for one in (mandate.futures, mandate.options) if one.enabled]
    if any(set(one.universe) - CASH_SETTLED for one in derivatives):
        yield "ban"


def read_lists(day: date, archive: Archive) -> tuple[Notices, list[GateReason]]:
    """What somebody has put into the day's archive; one that cannot be read is as if it were not there."""
    texts: dict[str, str | None] = {}
    faults = []
    for name in COLUMNS:
        data = archive.get(day, f"{FOLDER}/{name}.csv")
        try:
            texts[name] = data.decode() if data is not None else None
            parse_notices({name: texts[name]})
        except (NoticeError, UnicodeDecodeError) as error:
            texts[name] = None
            faults.append(GateReason(name=f"list_{name}", verdict="amber", text=str(error)[:500]))
    return parse_notices(texts), faults
