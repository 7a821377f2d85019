"""Dated rules of contracts: lots, freeze quantities, ticks and price bands, as numbers; sources are in the data."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal, TypeAlias

from common.market.calendar import previous_trading_day
from common.market.instrument import Kind
from common.market.money import Paise
from common.market.tables import OutsideTable, Row, row_in_force, toml_table

Cycle: TypeAlias = Literal["weekly", "monthly"]


def lot_size(underlying: str, expiry: date, cycle: Cycle | None = None) -> int:
    """Units in a lot of the index contract that expires on `expiry`; a contract keeps the lot it was listed with.

    cycle: weekly and monthly contracts changed on different dates; None tells it from `expiry`.
    Raises OutsideTable for an underlying or a date without a row: the broker's dump of the day has every lot.
    """
    tables = _contracts()["lots"]
    if underlying not in tables:
        raise OutsideTable(
            f"no lot of {underlying!r} is in contracts.toml (there are {', '.join(tables)}): "
            "take it from the broker's dump of the day"
        )
    rows = tables[underlying].get(cycle or cycle_of(underlying, expiry))
    if rows is None:
        raise OutsideTable(f"{underlying} has no {cycle or 'weekly'} contracts in contracts.toml")
    return int(row_in_force(rows, expiry, f"lot of {underlying}")["lot"])


def cycle_of(underlying: str, expiry: date) -> Cycle:
    """Whether a contract that expires on `expiry` is its month's last, judged by the date before holidays moved it."""
    rows = _contracts()["expiries"].get(underlying, {}).get("monthly")
    if rows is None:
        raise OutsideTable(f"no expiry rule of {underlying!r} is in contracts.toml: add one, with its source")
    weekday = row_in_force(rows, expiry, f"expiry of {underlying}")["weekday"]
    scheduled = expiry + timedelta(days=(weekday - expiry.isoweekday()) % 7)
    return "monthly" if (scheduled + timedelta(days=7)).month != scheduled.month else "weekly"


def freeze_quantity(underlying: str, on: date) -> int | None:
    """Most units of one order in contracts on `underlying`; None where it is not known: deny the order.

    Dates before the first row use it, which is the cautious side: the figures only fell.
    """
    rows = _contracts()["freeze"].get(underlying)
    if rows is None:
        return None
    return int(row_in_force(rows, max(on, rows[0]["from"]), f"freeze quantity of {underlying}")["units"])


def equity_tick(price_paise: Paise, on: date) -> Paise:
    """Tick of a stock at `price_paise` (the exchange looks at last month's close), paise."""
    return _tick("equity", price_paise, on)


def index_tick(kind: Kind, level_paise: Paise, on: date) -> Paise:
    """Tick of a future or an option on an index that stands at `level_paise`, paise. Raises ValueError otherwise."""
    if kind is Kind.FUTURE:
        return _tick("index_future", level_paise, on)
    if kind in (Kind.CALL, Kind.PUT):
        return _tick("index_option", level_paise, on)
    raise ValueError(f"{kind} is not a contract on an index; ask for FUT, CE or PE")


def stop_limit_gap(kind: Kind, trigger_paise: Paise, on: date) -> Paise:
    """Largest distance that the broker allows between trigger and limit of an SL order, paise."""
    name = "option_stop_limit_gap" if kind in (Kind.CALL, Kind.PUT) else "stop_limit_gap"
    return _distance(name, trigger_paise, on)


def price_band(kind: Kind, reference_paise: Paise, on: date) -> tuple[Paise, Paise]:
    """Lowest and highest price the exchange takes for a future or an option around its reference price, paise.

    Raises ValueError for other kinds: a share has its circuit limits of the day instead.
    """
    if kind not in (Kind.FUTURE, Kind.CALL, Kind.PUT):
        raise ValueError(f"{kind} has no price band around a reference; ask for FUT, CE or PE")
    distance = _distance("price_band" if kind is Kind.FUTURE else "option_price_band", reference_paise, on)
    return max(0, reference_paise - distance), reference_paise + distance


def last_entry_day_before_settlement(expiry: date) -> date:
    """The last day to enter a stock derivative that expires on `expiry`: physical settlement follows."""
    days = row_in_force(_contracts()["physical_settlement"], expiry, "physical settlement")["trading_days"]
    day = expiry
    for _ in range(days + 1):
        day = previous_trading_day(day)
    return day


def futures_roll_day(expiry: date) -> date:
    """The first day on which the next future is traded in the place of the one that expires on `expiry`.

    Raises OutsideTable where the calendar does not reach so far.
    """
    day = expiry
    for _ in range(row_in_force(_contracts()["futures_roll"], expiry, "roll of futures")["trading_days"]):
        day = previous_trading_day(day)
    return day


def _tick(table: str, price_paise: Paise, on: date) -> Paise:
    bands: Sequence[Mapping[str, Any]] = row_in_force(_contracts()["ticks"][table], on, f"tick ({table})")["bands"]
    for band in bands:
        if price_paise < band.get("below", 0) or price_paise <= band.get("up_to", -1):
            return int(band["tick"])
    return int(bands[-1]["tick"])


def _distance(name: str, price_paise: Paise, on: date) -> Paise:
    rule = row_in_force(_contracts()["bands"], on, "price bands")
    if price_paise <= rule["small_price"]:
        return int(rule[name]["small_paise"])
    return int(price_paise * rule[name]["percent"] // 100)


def _contracts() -> Row:
    return toml_table("common.market", "contracts.toml")
