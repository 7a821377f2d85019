"""Mandates, histories and instruments for the tests of planning, by hand and by Hypothesis."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import session_times
from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.evidence import Evidence, build_evidence
from common.planning.history import DaySummary
from common.planning.mandate import Mandate, parse_mandate
from common.planning.session_facts import session_facts

DAY = date(2026, 8, 19)
STOCKS = ("AXISBANK", "INFY", "SBIN", "TCS")
WEEKLY, MONTHLY = date(2026, 8, 25), date(2026, 9, 29)
FUTURE = "NIFTY26AUGFUT"


def mandate(text: str = "") -> Mandate:
    """The default mandate with `text` over it."""
    return parse_mandate(text)


def instruments() -> list[Instrument]:
    """Four stocks, the index, two NIFTY futures and a NIFTY chain of two expiries."""
    listed = [Instrument(symbol, "NSE", Kind.EQUITY, 5) for symbol in STOCKS]
    listed.append(Instrument("NIFTY 50", "NSE", Kind.INDEX, 1))
    for symbol, expiry in ((FUTURE, WEEKLY), ("NIFTY26SEPFUT", MONTHLY)):
        listed.append(Instrument(symbol, "NFO", Kind.FUTURE, 10, 65, 0, "NIFTY", expiry))
    listed += [
        Instrument(f"NIFTY{expiry:%y%m%d}{strike}{kind}", "NFO", kind, 5, 65, 0, "NIFTY", expiry, strike * 100)
        for expiry in (WEEKLY, MONTHLY) for strike in (24_900, 25_000, 25_100) for kind in (Kind.CALL, Kind.PUT)
    ]
    return listed


def summary(symbol: str, day: date, **changes: Any) -> DaySummary:
    """An ordinary session, with changes."""
    close = 2_500_000 if symbol.startswith("NIFTY") else 100_000
    fields: dict[str, Any] = {
        "symbol": symbol, "date": day, "open": close, "high": close * 101 // 100, "low": close * 99 // 100,
        "close": close, "volume": 1_000_000, "turnover_paise": close * 1_000_000, "bars": 375,
        "volatility_percent": 1.0, "atr_paise_1m": close / 1_000, "gap_percent": 0.2, "efficiency": 0.2,
    }
    return DaySummary(**(fields | changes))


def sessions(symbol: str, count: int = 6, until: date = DAY, **changes: Any) -> list[DaySummary]:
    """That many days in a row before `until`."""
    return [summary(symbol, until - timedelta(days=offset), **changes) for offset in range(count, 0, -1)]


def history(**changes: Any) -> dict[str, list[DaySummary]]:
    """Six ordinary sessions of every symbol."""
    return {symbol: sessions(symbol, **changes) for symbol in (*STOCKS, "NIFTY 50", FUTURE)}


def evidence(
    limits: Mandate | None = None, past: dict[str, list[DaySummary]] | None = None,
    listed: Sequence[Instrument] | None = None, day: date = DAY,
) -> Evidence:
    """Of an ordinary day unless told otherwise."""
    return build_evidence(
        day, session_facts(day), history() if past is None else past, instruments() if listed is None else listed,
        limits or mandate(),
    )


def minute_bars(closes: Sequence[int], symbol: str = "SBIN", day: date = DAY, volume: int = 100) -> list[Bar]:
    """Bars from the open on, each opening at the close before it."""
    start = session_times(day, AssetClass.STOCK).open
    opens = [closes[0], *closes[:-1]]
    return [
        Bar(start + i * NANOSECONDS_A_MINUTE, symbol, o, max(o, c), min(o, c), c, volume)
        for i, (o, c) in enumerate(zip(opens, closes, strict=True))
    ]


PERCENTS = st.floats(0.1, 5)
SUMMARIES = st.fixed_dictionaries({
    "volatility_percent": st.floats(0, 20), "atr_paise_1m": st.floats(0, 1e6), "efficiency": st.floats(0, 1),
    "turnover_paise": st.integers(0, 10**15), "gap_percent": st.none() | st.floats(-30, 30),
    "open": st.integers(1, 10**8), "close": st.integers(1, 10**8),
})


@st.composite
def mandates(draw: st.DrawFn) -> Mandate:
    """Any mandate that parses: shares, counts, times and allow-lists vary."""
    shares = draw(st.lists(st.integers(1, 33), min_size=3, max_size=3))
    capital = draw(st.integers(10_000, 10**8))
    lines = [
        f"mode = '{draw(st.sampled_from(['paper', 'live']))}'", f"capital_rupees = {capital}",
        f"daily_loss_percent = {draw(st.sampled_from([1, 2.5, 7]))}",
        f"risk_per_trade_percent = {draw(PERCENTS) / 5:.3f}",
        f"trade_special_sessions = {draw(st.sampled_from(['true', 'false']))}",
    ]
    for name, share in zip(("stock", "futures", "options"), shares, strict=True):
        lines += [
            f"[{name}]", f"enabled = {draw(st.sampled_from(['true', 'true', 'false']))}",
            f"capital_share_percent = {share}", f"loss_share_percent = {draw(st.integers(1, 33))}",
            f"max_order_value_rupees = {draw(st.integers(1, capital * share // 100))}",
            f"max_trades = {draw(st.integers(1, 30))}",
        ]
        if name == "stock":
            lines.append(f"universe = {draw(st.sampled_from([['*'], ['SBIN', 'TCS'], ['NONE']]))}")
            lines.append(f"max_symbols = {draw(st.integers(1, 4))}")
            lines.append("strategies = ['opening_range_breakout', 'vwap', 'ema_cross']")
        if draw(st.booleans()):
            lines.append(f"entry_cutoff = '{draw(st.sampled_from(['09:15', '10:30', '15:20']))}'")
    return parse_mandate("\n".join(lines))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Evidence, Mandate]:
    """Any evidence, of any mandate: days of every kind, histories of any length, dumps with holes."""
    limits = draw(mandates())
    day = draw(st.sampled_from([DAY, WEEKLY, date(2024, 3, 2), date(2026, 8, 15), date(2026, 8, 16)]))
    past = {
        name: [summary(name, s.date, **_whole(draw(SUMMARIES))) for s in sessions(name, draw(st.integers(0, 8)), day)]
        for name in (*STOCKS, "NIFTY 50", FUTURE, "INDIA VIX")
    }
    listed = [one for one in instruments() if draw(st.booleans())] if draw(st.booleans()) else instruments()
    return evidence(limits, past, listed, day), limits


def _whole(changes: dict[str, Any]) -> dict[str, Any]:
    top, bottom = max(changes["open"], changes["close"]), min(changes["open"], changes["close"])
    return changes | {"high": top, "low": bottom}


