"""The exchange's lists of one day: surveillance, series, ex-dates, derivatives, closes, bans; what they rule out."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from common.market.calendar import next_trading_day, previous_trading_day
from common.market.instrument import Instrument, Kind
from common.market.money import Paise, paise_from_rupees, rupees_text
from common.market.tables import OutsideTable

FOLDER: Final = "lists"
COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "surveillance": ("symbol", "stage"), "series": ("symbol", "series"), "ex_dates": ("symbol", "ex_date"),
    "derivatives": ("symbol", "symbol"), "previous_closes": ("symbol", "close"),
    "ban": ("symbol", "symbol"),
}
"""Lists by name, each a CSV of one day with these columns: the share, and what is said of it."""
NAMED_WHEN_MISSING: Final = {
    "surveillance": "which shares are under surveillance (ASM, GSM)",
    "series": "which shares are in series EQ (BE and T2T may not be traded intraday)",
    "ex_dates": "which shares are near an ex-date",
}
TRADED_SERIES: Final = "EQ"
MISMATCH_PERCENT: Final = 3.0
"""Our close is the last bar's, the exchange's an average of half an hour or an auction's: they differ a little; a split
or a bonus differs by far more."""
MAX_ROWS: Final = 20_000

_V = TypeVar("_V")


class NoticeError(ValueError):
    """A list cannot be trusted, and nothing of it is used; the text names the row and what to do."""


@dataclass(frozen=True, slots=True)
class Notices:
    """By symbol; None: there is no such list today. ex_dates: of any action. previous_closes: the broker's, paise.

    ban: underlyings whose derivatives may only be reduced today.
    """

    surveillance: Mapping[str, tuple[str, ...]] | None = None
    series: Mapping[str, tuple[str, ...]] | None = None
    ex_dates: Mapping[str, tuple[date, ...]] | None = None
    derivatives: Mapping[str, tuple[str, ...]] | None = None
    previous_closes: Mapping[str, tuple[Paise, ...]] | None = None
    ban: Mapping[str, tuple[str, ...]] | None = None

    @property
    def banned(self) -> tuple[str, ...] | None:
        """In order; None without a list."""
        return tuple(sorted(self.ban)) if self.ban is not None else None

    @property
    def missing(self) -> tuple[str, ...]:
        """What nobody knows today for want of a list, with the file that would say it."""
        return tuple(
            f"nobody says {what}: put {FOLDER}/{name}.csv into the day's archive"
            for name, what in NAMED_WHEN_MISSING.items() if getattr(self, name) is None
        )


def parse_notices(texts: Mapping[str, str | None]) -> Notices:
    """From CSV texts by name of list; a header alone is a list with nobody on it, None no list. Raises NoticeError."""
    return Notices(
        surveillance=_parsed("surveillance", texts, str), series=_parsed("series", texts, str.upper),
        ex_dates=_parsed("ex_dates", texts, date.fromisoformat), derivatives=_parsed("derivatives", texts, str),
        previous_closes=_parsed("previous_closes", texts, _paise), ban=_parsed("ban", texts, str),
    )


def shares_out(
    day: date, symbols: Iterable[str], notices: Notices, closes: Mapping[str, Paise | None],
) -> dict[str, str]:
    """Shares that may not be traded on `day`, each with the reason. closes: our own of the last session, paise."""
    found = {}
    for symbol in symbols:
        reason = (
            _series(symbol, notices) or _surveillance(symbol, notices) or _near_ex_date(day, symbol, notices)
            or _other_close(symbol, notices, closes.get(symbol))
        )
        if reason:
            found[symbol] = reason
    return found


def without_derivatives(
    symbols: Iterable[str], listed: Iterable[Instrument], notices: Notices | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Shares that may not be sold short, and what nobody says today.

    A share that is short and locked at its circuit cannot be bought back; one with derivatives has no fixed circuit.
    The day's instruments say which have them, else the list does; where neither does, none may be sold.
    """
    shares, unsaid = tuple(symbols), notices.missing if notices is not None else ()
    derived = {one.underlying for one in listed if one.kind in (Kind.FUTURE, Kind.CALL, Kind.PUT)} & set(shares)
    if notices is not None and notices.derivatives is not None:
        derived |= set(notices.derivatives)
    elif not derived and shares:
        if notices is None:
            return (), ()
        unsaid = (*unsaid, f"nobody says which shares have derivatives, so none is sold short: put "
                           f"{FOLDER}/derivatives.csv into the day's archive")
    return tuple(symbol for symbol in shares if symbol not in derived), unsaid


def _series(symbol: str, notices: Notices) -> str:
    if notices.series is None:
        return ""
    listed = notices.series.get(symbol)
    if listed is None:
        return "it is not in today's list of series"
    other = [series for series in listed if series != TRADED_SERIES]
    return f"it is in series {', '.join(other)}, not {TRADED_SERIES}: no intraday trading" if other else ""


def _surveillance(symbol: str, notices: Notices) -> str:
    stages = (notices.surveillance or {}).get(symbol)
    return f"it is under surveillance: {', '.join(stages)}" if stages else ""


def _near_ex_date(day: date, symbol: str, notices: Notices) -> str:
    for ex_date in (notices.ex_dates or {}).get(symbol, ()):
        try:
            near = previous_trading_day(ex_date) <= day <= next_trading_day(ex_date)
        except OutsideTable:
            near = abs((ex_date - day).days) <= 1
        if near:
            return f"its ex-date is {ex_date}: not traded then, the day before and the day after"
    return ""


def _other_close(symbol: str, notices: Notices, ours: Paise | None) -> str:
    theirs = (notices.previous_closes or {}).get(symbol)
    if not theirs or not ours or abs(theirs[0] - ours) * 100 <= MISMATCH_PERCENT * ours:
        return ""
    return f"the broker's previous close {rupees_text(theirs[0])} is not ours, {rupees_text(ours)}"


def _paise(text: str) -> Paise:
    paise = paise_from_rupees(text)
    if paise <= 0:
        raise ValueError("not above 0")
    return paise


def _parsed(
    name: str, texts: Mapping[str, str | None], convert: Callable[[str], _V],
) -> Mapping[str, tuple[_V, ...]] | None:
    text = texts.get(name)
    if text is None:
        return None
    again = f"mend {FOLDER}/{name}.csv, or take it away and trade more carefully"
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    absent = [column for column in dict.fromkeys(COLUMNS[name]) if column not in (rows.fieldnames or ())]
    if absent:
        raise NoticeError(f"{FOLDER}/{name}.csv has no column {', '.join(absent)}: {again}")
    found: dict[str, tuple[_V, ...]] = {}
    for number, row in enumerate(rows, start=2):
        symbol, value = ((row[column] or "").strip() for column in COLUMNS[name])
        try:
            if not symbol or not value or number > MAX_ROWS:
                raise ValueError("is empty, or one of too many")
            found[symbol] = (*found.get(symbol, ()), convert(value))
        except (ValueError, ArithmeticError) as error:
            raise NoticeError(f"{FOLDER}/{name}.csv row {number} ({symbol} {value}): {error}: {again}") from None
    return found
