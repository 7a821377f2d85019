"""The day's instruments dump: parsed by columns, refused when short or stale, kept as Parquet, looked up."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from common.market.instrument import Instrument, Kind
from common.market.instruments import COLUMNS, DumpError
from common.market.rules import freeze_quantity

OBJECT: Final = "instruments.parquet"
"""Of the day in the archive."""
EXCHANGES: Final = ("NSE", "NFO", "BSE", "BFO")
TRADED: Final = ("NSE", "NFO")
LEAST_SHARE: Final = 0.8
"""Of the rows of the dump before, by exchange; a new series of contracts adds, and an expiry takes a few per cent."""
MAX_FOUND: Final = 1_000
_AGAIN: Final = "fetch the dump again; if it stays, leave the day's trading off"
_KINDS: Final = {kind.value: kind for kind in (Kind.EQUITY, Kind.FUTURE, Kind.CALL, Kind.PUT)}
_SERIES: Final = r"-[A-Z0-9]{2}$"
"""Shares of other series, such as trade-for-trade (-BE): not for intraday trading (facts/trading.md, 5)."""


@dataclass(frozen=True)
class Dump:
    """table: a row an instrument, of our exchanges alone, in the dump's order; money in paise."""

    day: date
    table: Any

    def by_token(self, token: int) -> Instrument | None:
        """None where it is not known."""
        return next(iter(self._found("token", token)), None)

    def by_symbol(self, symbol: str) -> list[Instrument]:
        """On each exchange that has it."""
        return list(self._found("symbol", symbol))

    def chain(self, underlying: str, expiry: date) -> list[Instrument]:
        """Futures and options on `underlying` that expire on `expiry`, by strike."""
        import pyarrow.compute as pc

        table = self.table
        mask = pc.and_(pc.equal(table["name"], underlying), pc.equal(table["expiry"], expiry))
        return sorted(self._objects(table.filter(mask)), key=lambda one: (one.strike, one.kind.value))

    def like(self, text: str) -> list[Instrument]:
        """Whose symbol or name contains `text`, whatever its case; at most MAX_FOUND."""
        import pyarrow.compute as pc

        table = self.table
        mask = pc.or_(
            pc.match_substring(table["symbol"], text, ignore_case=True),
            pc.match_substring(table["name"], text, ignore_case=True),
        )
        return list(self._objects(table.filter(mask).slice(0, MAX_FOUND)))

    def instruments(self) -> list[Instrument]:
        """What may be traded or watched: NSE's shares of the normal series, its indices, and NFO's contracts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.table
        mask = pc.is_in(table["exchange"], pa.array(TRADED))
        series = pc.and_(pc.equal(table["type"], "EQ"), pc.match_substring_regex(table["symbol"], _SERIES))
        return list(self._objects(table.filter(pc.and_not(mask, series))))

    def rows(self) -> dict[str, int]:
        """How many there are, by exchange."""
        counted = self.table["exchange"].value_counts().to_pylist()
        return {one["values"]: one["counts"] for one in counted}

    def to_parquet(self) -> bytes:
        """With the day in its metadata."""
        import pyarrow.parquet as pq

        out = io.BytesIO()
        pq.write_table(self.table.replace_schema_metadata({"day": self.day.isoformat()}), out, compression="zstd")
        return out.getvalue()

    def _found(self, column: str, value: object) -> Iterator[Instrument]:
        import pyarrow.compute as pc

        return self._objects(self.table.filter(pc.equal(self.table[column], value)))

    def _objects(self, table: Any) -> Iterator[Instrument]:
        """What has neither tick nor lot cannot be traded and is left out, but for indices."""
        freezes: dict[str, int | None] = {}
        columns = [table[name].to_pylist() for name in _NAMES]
        for token, symbol, name, expiry, strike, tick, lot, kind, segment, exchange in zip(*columns, strict=True):
            if segment == "INDICES":
                yield Instrument(symbol, exchange, Kind.INDEX, 1, 1, token)
            elif tick > 0 and lot > 0 and kind == "EQ":
                yield Instrument(symbol, exchange, Kind.EQUITY, tick, lot, token)
            elif tick > 0 and lot > 0:
                if name not in freezes:
                    freezes[name] = freeze_quantity(name, self.day)
                yield Instrument(
                    symbol, exchange, _KINDS[kind], tick, lot, token, name, expiry, strike, freezes[name],
                )


_NAMES: Final = ("token", "symbol", "name", "expiry", "strike", "tick", "lot", "type", "segment", "exchange")


def parse_dump(data: bytes, day: date) -> Dump:
    """Kite's CSV of `day`. Raises DumpError, which says what is wrong and what to do."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv

    text, number = pa.string(), pa.float64()
    types = dict.fromkeys(COLUMNS, text) | {
        "instrument_token": pa.int64(), "expiry": pa.date32(), "strike": number, "tick_size": number,
        "lot_size": pa.int64(),
    }
    try:
        raw = csv.read_csv(
            io.BytesIO(data), read_options=csv.ReadOptions(use_threads=False),
            convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False, include_columns=[
                column for column in COLUMNS if column not in ("exchange_token", "last_price")
            ]),
        )
        raw = raw.filter(pc.is_in(raw["exchange"], pa.array(EXCHANGES)))
        table = pa.table({
            "token": raw["instrument_token"], "symbol": raw["tradingsymbol"], "name": raw["name"],
            "expiry": raw["expiry"], "strike": _paise(raw["strike"]), "tick": _paise(raw["tick_size"]),
            "lot": raw["lot_size"], "type": raw["instrument_type"], "segment": raw["segment"],
            "exchange": raw["exchange"],
        })
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowTypeError) as error:
        raise DumpError(f"the instruments dump cannot be read ({str(error).splitlines()[0][:200]}): {_AGAIN}") from None
    _check_rows(table)
    return Dump(day, table)


def read_parquet(data: bytes, day: date) -> Dump:
    """The inverse of `to_parquet`. Raises DumpError for a file of another day, or none at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        told = f"{OBJECT} of {day} cannot be read ({type(error).__name__})"
        raise DumpError(f"{told}: remove it and prepare again") from None
    told = (table.schema.metadata or {}).get(b"day", b"").decode()
    if told != day.isoformat() or tuple(table.column_names) != _NAMES:
        raise DumpError(f"{OBJECT} is of {told or 'no day'} and not of {day}: remove it and prepare again")
    return Dump(day, table)


def check_dump(dump: Dump, before: Dump | None, least: int = 1) -> None:
    """Raises DumpError for one that is short, or of another day. before: of the last day that has one."""
    rows, day = dump.rows(), dump.day
    total = sum(rows.values())
    if total < least or not rows.get("NSE"):
        raise DumpError(f"the instruments dump has {total} rows, {rows.get('NSE', 0)} of NSE: it is short; {_AGAIN}")
    expiries = [one for one in dump.table["expiry"].unique().to_pylist() if one is not None]
    old = [one for one in expiries if one < day]
    if old or (expiries and max(expiries) < day):
        raise DumpError(f"the instruments dump has contracts that expired on {min(expiries)}: it is stale; {_AGAIN}")
    for exchange, count in before.rows().items() if before is not None else ():
        if rows.get(exchange, 0) < count * LEAST_SHARE:
            raise DumpError(
                f"the instruments dump has {rows.get(exchange, 0)} rows of {exchange}, the one before had {count}: "
                f"it is short; {_AGAIN}"
            )
    missing = _missing_expiries(dump, before) if before is not None else []
    if missing:
        raise DumpError(f"the instruments dump lacks the expiries {', '.join(missing[:5])}: it is short; {_AGAIN}")


def _missing_expiries(dump: Dump, before: Dump) -> list[str]:
    """Contracts do not vanish before they expire."""
    now, then = _expiries(dump.table), _expiries(before.table)
    return sorted(f"{name} {expiry}" for name, expiry in then - now if expiry >= dump.day and _is_index(name))


def _expiries(table: Any) -> set[tuple[str, date]]:
    import pyarrow.compute as pc

    some = table.filter(pc.is_valid(table["expiry"])).group_by(["name", "expiry"]).aggregate([])
    return set(zip(some["name"].to_pylist(), some["expiry"].to_pylist(), strict=True))


def _is_index(name: str) -> bool:
    """Of a share, contracts may be withdrawn; of the indices that we trade they are not."""
    return name in ("NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY")


def _check_rows(table: Any) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if table.num_rows == 0:
        raise DumpError(f"the instruments dump is empty: {_AGAIN}")
    if pc.count_distinct(table["token"]).as_py() != table.num_rows:
        raise DumpError(f"the instruments dump has a token twice: {_AGAIN}")
    contract = pc.not_equal(table["type"], "EQ")
    known = pc.is_in(table["type"], pa.array(list(_KINDS)))
    if not pc.all(known).as_py():
        raise DumpError(f"the instruments dump has types other than {', '.join(_KINDS)}: {_AGAIN}")
    lowest: Sequence[Any] = [pc.min(table[name]).as_py() for name in ("token", "strike", "tick", "lot")]
    if any(one is None or one < 0 for one in lowest) or not pc.all(pc.not_equal(table["symbol"], "")).as_py():
        raise DumpError(f"the instruments dump has negative or empty fields: {_AGAIN}")
    whole = pc.and_(pc.is_valid(table["expiry"]), pc.and_(pc.greater(table["tick"], 0), pc.greater(table["lot"], 0)))
    if not pc.all(pc.or_(pc.invert(contract), whole)).as_py():
        raise DumpError(f"the instruments dump has a contract without expiry, tick or lot: {_AGAIN}")


def _paise(column: Any) -> Any:
    """Whole paise. Raises ArrowInvalid for anything else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    scaled = pc.multiply(column, 100.0)
    rounded = pc.round(scaled)
    if not pc.all(pc.less(pc.abs(pc.subtract(scaled, rounded)), 1e-4), skip_nulls=False).as_py():
        raise pa.ArrowInvalid("a price that is no whole number of paise")
    return rounded.cast(pa.int64())
