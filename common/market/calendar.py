"""The days and hours of NSE, and the times Tron trades and works by, all from dated tables in `data/`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from common.market.bar import NANOSECONDS_A_MINUTE
from common.market.indian_time import moment
from common.market.instrument import AssetClass
from common.market.tables import OutsideTable, Row, csv_table, row_in_force, toml_table

Window: TypeAlias = tuple[int, int]
"""From and until, nanoseconds since the epoch (UTC)."""

SessionKind: TypeAlias = Literal["normal", "muhurat", "special"]

LONGEST_CLOSURE_DAYS: Final = 15
REMEMBERED: Final = 1_000
"""Answers of a function that are kept: enough for a stretch of a sweep, and no more for a longer history."""
_PACKAGE: Final = "common.market"


class MarketClosed(LookupError):
    """Times were asked of a date on which the exchange does not trade: ask for a trading day instead."""


@dataclass(frozen=True, slots=True)
class Auction:
    """Closing auction of stocks that have derivatives; no SL, IOC or disclosed quantity in it. Nanoseconds, UTC."""

    reference_from: int
    entry_from: int
    entry_until: int
    match_until: int


@dataclass(frozen=True, slots=True)
class Session:
    """One date on which the exchange trades; all times nanoseconds since the epoch (UTC).

    windows: continuous trading, in order; only special days have more than one.
    stock_close: end of continuous trading of stocks that have derivatives; cash_close: of the others.
    expiring_index_close: when index contracts stop on their expiry day.
    confirmed: false where the exchange has not announced the hours yet and earlier ones stand in.
    """

    date: date
    kind: SessionKind
    name: str
    trades_by_default: bool
    confirmed: bool
    windows: tuple[Window, ...]
    pre_open: Window
    derivatives_pre_open: Window | None
    stock_close: int
    cash_close: int
    derivatives_close: int
    expiring_index_close: int
    auction: Auction | None

    @property
    def open(self) -> int:
        """Start of continuous trading."""
        return self.windows[0][0]

    def close(self, asset_class: AssetClass) -> int:
        """End of continuous trading; stocks are taken to have derivatives, which never closes later."""
        return self.stock_close if asset_class is AssetClass.STOCK else self.derivatives_close


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When one workload may do what, and when the day's scheduled steps fall; nanoseconds since the epoch (UTC).

    entry_from, entry_cutoff: entries from and before. square_off: exits begin. flat_by: later counts as unprotected.
    rms_cutoff: no MIS order from then on (rms_confirmed: whether the broker has published it).
    expiry_short_cutoff: no new short option from then on, on the day it expires.
    steps: scheduled step to time in order of time; a property of the date, the same for every asset class.
    """

    date: date
    asset_class: AssetClass
    kind: SessionKind
    trades_by_default: bool
    open: int
    entry_from: int
    entry_cutoff: int
    square_off: int
    flat_by: int
    rms_cutoff: int
    rms_confirmed: bool
    expiry_short_cutoff: int
    close: int
    steps: Mapping[str, int]


@lru_cache(maxsize=REMEMBERED)
def session_on(day: date) -> Session | None:
    """The session of `day`, Muhurat and weekend sessions included; None when the exchange is closed.

    Raises OutsideTable for a date that the tables do not cover.
    """
    _check_covered(day)
    special = _special_days().get(day)
    if special is not None:
        return _special_session(day, special)
    if day.weekday() >= 5 or day in _holidays():
        return None
    hours = _hours(day)
    return _session(day, "normal", "", True, True, ((hours["open"], hours["cash_close"]),))


def holiday_name(day: date) -> str | None:
    """What is celebrated on `day`, also when it falls on a weekend; None on other days."""
    _check_covered(day)
    return _holidays().get(day)


def is_trading_day(day: date, *, special: bool = False) -> bool:
    """Whether Tron trades on `day` by default; with `special`, also Muhurat evenings and weekend sessions."""
    session = session_on(day)
    return session is not None and (special or session.trades_by_default)


def previous_trading_day(day: date, *, special: bool = False) -> date:
    """The last trading day before `day`; `special` as in `is_trading_day` (the last close may be a special one)."""
    return _neighbour(day, -1, special)


def next_trading_day(day: date, *, special: bool = False) -> date:
    """The first trading day after `day`; `special` as in `is_trading_day`."""
    return _neighbour(day, 1, special)


def sessions_between(first: date, last: date, *, special: bool = False) -> Iterator[Session]:
    """Sessions from `first` to `last`, both included, in order; `special` as in `is_trading_day`."""
    for offset in range((last - first).days + 1):
        session = session_on(first + timedelta(days=offset))
        if session is not None and (special or session.trades_by_default):
            yield session


@lru_cache(maxsize=REMEMBERED)
def session_times(day: date, asset_class: AssetClass) -> SessionTimes:
    """When a workload of `asset_class` trades on `day`, and the day's scheduled steps.

    Short sessions (Muhurat, drills) take their times relative to the first window. Raises MarketClosed, OutsideTable.
    """
    session = session_on(day)
    if session is None:
        why = holiday_name(day) or "weekend"
        raise MarketClosed(f"{day} is not a trading day ({why}); the next one is {next_trading_day(day)}")
    times = _short_times(session) if _is_short(session) else _policy_times(day, asset_class)
    steps = _short_steps(session) if _is_short(session) else _policy_steps(day)
    return SessionTimes(
        date=day, asset_class=asset_class, kind=session.kind, trades_by_default=session.trades_by_default,
        open=session.open, close=session.close(asset_class), steps=MappingProxyType(steps),
        entry_from=times["entry_from"], entry_cutoff=times["entry_cutoff"], square_off=times["square_off"],
        flat_by=times["flat_by"], rms_cutoff=times["rms_cutoff"], rms_confirmed=bool(times["rms_confirmed"]),
        expiry_short_cutoff=min(times["expiry_short_cutoff"], times["entry_cutoff"]),
    )


def _policy_times(day: date, asset_class: AssetClass) -> dict[str, int]:
    policy = row_in_force(_sessions()["policy"], day, "trading policy")
    columns = policy["stock" if asset_class is AssetClass.STOCK else "derivatives"]
    times = {name: moment(day, value) if isinstance(value, time) else int(value) for name, value in columns.items()}
    return {"expiry_short_cutoff": times["entry_cutoff"], **times}


def _policy_steps(day: date) -> dict[str, int]:
    steps = row_in_force(_sessions()["policy"], day, "scheduled steps")["steps"]
    return {name: moment(day, clock) for name, clock in sorted(steps.items(), key=lambda step: step[1])}


def _short_times(session: Session) -> dict[str, int]:
    short, (opens, closes) = _sessions()["short"], session.windows[0]
    square_off = closes + short["square_off_minutes"] * NANOSECONDS_A_MINUTE
    entry_cutoff = closes + short["entry_cutoff_minutes"] * NANOSECONDS_A_MINUTE
    return {
        "entry_from": opens + short["entry_from_minutes"] * NANOSECONDS_A_MINUTE,
        "entry_cutoff": entry_cutoff, "square_off": square_off, "rms_cutoff": square_off, "rms_confirmed": 0,
        "flat_by": closes + short["flat_by_minutes"] * NANOSECONDS_A_MINUTE, "expiry_short_cutoff": entry_cutoff,
    }


def _short_steps(session: Session) -> dict[str, int]:
    offsets, (opens, closes) = _sessions()["short"]["steps"], session.windows[0]
    anchors = {
        "supervise_from": opens, "opening_gate": opens, "positions_first": opens, "square_off": closes,
        "positions_last": closes, "supervise_until": session.windows[-1][1], "close_day": session.windows[-1][1],
    }
    moved = {name: at + offsets[f"{name}_minutes"] * NANOSECONDS_A_MINUTE for name, at in anchors.items()}
    steps = _policy_steps(session.date) | moved
    return dict(sorted(steps.items(), key=lambda step: step[1]))


def _is_short(session: Session) -> bool:
    hours = _hours(session.date)
    whole = (moment(session.date, hours["open"]), moment(session.date, hours["cash_close"]))
    return session.windows != (whole,)


def _special_session(day: date, row: Mapping[str, str]) -> Session:
    windows = tuple(
        (time.fromisoformat(opens), time.fromisoformat(closes))
        for opens, closes in (window.split("-") for window in row["windows"].split())
    )
    kind: SessionKind = "muhurat" if row["kind"] == "muhurat" else "special"
    return _session(day, kind, row["name"], row["trades_by_default"] == "yes", row["confirmed"] == "yes", windows)


def _session(
    day: date, kind: SessionKind, name: str, trades: bool, confirmed: bool,
    clock_windows: tuple[tuple[time, time], ...],
) -> Session:
    hours = _hours(day)
    windows = tuple((moment(day, opens), moment(day, closes)) for opens, closes in clock_windows)
    pre_open, of_derivatives = _window(day, hours["pre_open"]), hours.get("derivatives_pre_open")
    closes = {name: moment(day, hours[name]) for name in _CLOSES}
    auction = hours.get("auction")
    if clock_windows != ((hours["open"], hours["cash_close"]),):
        before, until = _sessions()["short"]["pre_open_minutes"]
        opens = windows[0][0]
        pre_open = (opens + before * NANOSECONDS_A_MINUTE, opens + until * NANOSECONDS_A_MINUTE)
        of_derivatives, auction = None, None
        closes = dict.fromkeys(_CLOSES, windows[-1][1])
    return Session(
        date=day, kind=kind, name=name, trades_by_default=trades, confirmed=confirmed, windows=windows,
        pre_open=pre_open, derivatives_pre_open=_window(day, of_derivatives) if of_derivatives else None,
        auction=Auction(**{part: moment(day, clock) for part, clock in auction.items()}) if auction else None, **closes,
    )


_CLOSES: Final = ("stock_close", "cash_close", "derivatives_close", "expiring_index_close")


def _window(day: date, clocks: list[time]) -> Window:
    return moment(day, clocks[0]), moment(day, clocks[1])


def _neighbour(day: date, step: int, special: bool) -> date:
    for distance in range(1, LONGEST_CLOSURE_DAYS + 1):
        candidate = day + timedelta(days=step * distance)
        if is_trading_day(candidate, special=special):
            return candidate
    raise OutsideTable(f"no trading day within {LONGEST_CLOSURE_DAYS} days of {day}: check data/holidays.csv")


def _check_covered(day: date) -> None:
    coverage = _sessions()["coverage"]
    if not coverage["from"] <= day <= coverage["to"]:
        raise OutsideTable(
            f"{day} is outside the calendar, which covers {coverage['from']} to {coverage['to']}: add that year's "
            "holidays to common/market/data/holidays.csv and widen [coverage] in common/market/data/sessions.toml"
        )


def _hours(day: date) -> Row:
    return row_in_force(_sessions()["hours"], day, "market hours")


def _sessions() -> Row:
    return toml_table(_PACKAGE, "sessions.toml")


@cache
def _holidays() -> Mapping[date, str]:
    return {date.fromisoformat(row["date"]): row["name"] for row in csv_table(_PACKAGE, "holidays.csv")}


@cache
def _special_days() -> Mapping[date, Mapping[str, str]]:
    return {date.fromisoformat(row["date"]): row for row in csv_table(_PACKAGE, "special_sessions.csv")}
