"""The evidence: only earlier sessions, the right numbers of them, everything missing named, whole and hashed."""

import json
import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar
from common.market.instrument import Instrument, Kind
from common.planning.document import InvalidDocument
from common.planning.evidence import MAX_STOCKS, Evidence, build_evidence
from common.planning.gate import GateReason
from common.planning.history import LookAhead, features_of, summarise
from common.planning.session_facts import session_facts
from common.ports import MAX_DOCUMENT_BYTES
from tests.unit import planning_case as case


def test_summary_of_bars() -> None:
    """Each number of a session of three bars, worked out by hand."""
    bars = case.minute_bars([10_000, 10_100, 10_050], volume=10)
    one = summarise(bars, previous_close=10_000)
    assert (one.date, one.open, one.high, one.low, one.close) == (case.DAY, 10_000, 10_100, 10_000, 10_050)
    assert (one.volume, one.turnover_paise, one.bars) == (30, 10 * (10_000 + 10_100 + 10_050), 3)
    assert one.atr_paise_1m == pytest.approx((0 + 100 + 50) / 3, abs=1e-4)
    squares = math.log(1.01) ** 2 + math.log(10_050 / 10_100) ** 2
    assert one.volatility_percent == pytest.approx(math.sqrt(squares) * 100, abs=1e-4)
    assert one.gap_percent == 0.0
    assert summarise(bars).gap_percent is None


def test_efficiency_is_one_for_a_straight_line_and_nothing_for_a_return() -> None:
    """A day that only rises went through; a day that ends where it began went nowhere."""
    rise = [10_000 + 5 * i for i in range(91)]
    assert summarise(case.minute_bars(rise)).efficiency == 1.0
    assert summarise(case.minute_bars([*rise, *reversed(rise)])).efficiency == 0.0


@pytest.mark.parametrize(("bars", "fault"), [
    ([], "no bars"),
    ([*case.minute_bars([100, 100]), *case.minute_bars([100], symbol="TCS")], "does not follow"),
    ([*case.minute_bars([100, 100]), *case.minute_bars([100])], "does not follow"),
    ([Bar(1, "SBIN", 0, 0, 0, 0)], "not positive"),
    ([*case.minute_bars([100]), *case.minute_bars([100], day=case.DAY + timedelta(days=1))], "one session"),
])
def test_bars_that_are_no_session_are_refused(bars: list[Bar], fault: str) -> None:
    """Nothing, two symbols, disorder, prices that are none, two days."""
    with pytest.raises(ValueError, match=fault):
        summarise(bars)


def test_features_of_sessions() -> None:
    """Return, range, turnover, gap and volatility against the usual, worked out by hand."""
    days = case.sessions("SBIN", 6)
    last = case.summary(
        "SBIN", case.DAY - timedelta(days=1), open=102_000, high=104_000, low=101_000, close=103_000,
        volatility_percent=1.6, turnover_paise=7,
    )
    found = features_of("SBIN", case.DAY, [last, *days[:-1]])
    assert (found.sessions, found.last_session, found.previous_close_paise) == (6, last.date, 103_000)
    assert found.return_percent == 3.0
    assert found.range_percent == pytest.approx((4 * 2.0 + 4.0) / 5)
    assert found.median_turnover_paise == 100_000 * 1_000_000
    assert found.volatility_ratio == 1.6
    assert found.gap_percent == 0.0


@pytest.mark.parametrize("usual", [0.0, 5e-324, 0.009])
def test_a_symbol_that_stood_still_has_no_volatility_ratio(usual: float) -> None:
    """Dividing by next to nothing would make any day volatile, or no number at all."""
    days = case.sessions("SBIN", volatility_percent=usual)
    days[-1] = days[-1].model_copy(update={"volatility_percent": 1.0})
    assert features_of("SBIN", case.DAY, days).volatility_ratio is None


@given(ahead=st.integers(0, 400), symbol=st.sampled_from(["SBIN", "NOT LISTED", "NIFTY 50"]))
def test_no_session_from_the_day_on_is_admitted(ahead: int, symbol: str) -> None:
    """Look-ahead is refused for every symbol, also for one that the plan would never use."""
    past = case.history()
    past[symbol] = [*case.sessions(symbol), case.summary(symbol, case.DAY + timedelta(days=ahead))]
    with pytest.raises(LookAhead, match=f"{symbol}: a session of"):
        case.evidence(past=past)


def test_history_under_the_wrong_symbol_or_twice_is_refused() -> None:
    """A mix-up of files would otherwise make a plan of another stock's numbers."""
    with pytest.raises(ValueError, match="file it under its own symbol"):
        case.evidence(past={"TCS": case.sessions("SBIN")})
    with pytest.raises(ValueError, match="there twice"):
        case.evidence(past={"SBIN": case.sessions("SBIN", 2) * 2})


def test_an_ordinary_day_is_green() -> None:
    """With history, instruments and a session nothing is missing, and the index says what market it is."""
    found = case.evidence()
    assert (found.gate.verdict, found.gate.reasons, found.missing) == ("green", (), ())
    assert (found.regime.name, found.regime.basis) == ("range", "NIFTY 50")
    assert (found.stocks, found.indices) == (case.STOCKS, ("NIFTY 50",))
    assert (found.counts.stock, found.counts.futures, found.counts.options, found.counts.index) == (4, 2, 12, 1)


@pytest.mark.parametrize(("efficiency", "last_volatility", "regime"), [
    (0.29, 1.0, "range"), (0.31, 1.0, "trend"), (0.31, 1.49, "trend"), (0.31, 1.51, "volatile"), (0.1, 3.0, "volatile"),
])
def test_the_regime_follows_its_thresholds(efficiency: float, last_volatility: float, regime: str) -> None:
    """Volatile goes before trend, trend before range; both numbers and thresholds are told."""
    past = case.history()
    days = case.sessions("NIFTY 50", efficiency=efficiency)
    past["NIFTY 50"] = [*days[:-1], days[-1].model_copy(update={"volatility_percent": last_volatility})]
    found = case.evidence(past=past).regime
    assert (found.name, found.efficiency, found.volatility_ratio) == (regime, efficiency, last_volatility)


def test_without_an_index_the_median_stock_stands_for_the_market() -> None:
    """Stocks of 2016 come without their index; INDIA VIX is no market."""
    past = {s: case.sessions(s, efficiency=e) for s, e in zip(case.STOCKS, (0.1, 0.35, 0.4, 0.9), strict=True)}
    past["INDIA VIX"] = case.sessions("INDIA VIX", efficiency=0.0)
    regime = case.evidence(past=past).regime
    assert (regime.basis, regime.efficiency, regime.name) == ("the median stock", 0.375, "trend")


def test_what_is_missing_is_named() -> None:
    """No history at all: every class and the regime are named; amber, not red, for there are instruments."""
    found = case.evidence(past={})
    assert [(one.scope, one.text) for one in found.missing] == [
        ("stock", "no history for stocks: none of 4 has 3 sessions"),
        ("options", "no history for NIFTY, which drives its options: 0 sessions of 3"),
        ("futures", "no history for NIFTY futures: 0 sessions of 3"),
        ("market", "the regime is unknown: 0 sessions of 3"),
    ]
    assert found.gate.verdict == "amber"


def test_history_that_ends_too_early_is_named() -> None:
    """Yesterday is the session that matters most."""
    past = {"SBIN": case.sessions("SBIN", until=case.DAY - timedelta(days=1))}
    texts = [one.text for one in case.evidence(past=past).missing]
    assert "history ends with 2026-08-17; the last session was 2026-08-18" in texts


@pytest.mark.parametrize(("day", "listed", "name"), [
    (date(2026, 8, 15), None, "closed"), (case.DAY, [], "nothing_to_trade"),
])
def test_the_gate_is_red_when_there_is_nothing_to_do(day: date, listed: list[Instrument] | None, name: str) -> None:
    """A holiday, and a day without instruments."""
    gate = case.evidence(past={}, listed=listed, day=day).gate
    assert gate.verdict == "red"
    assert name in [reason.name for reason in gate.reasons]


def test_the_callers_checks_count() -> None:
    """A finding of prepare_day (no token, stale dump) turns the gate."""
    check = GateReason(name="token", verdict="red", text="no login today: open the link")
    found = build_evidence(
        case.DAY, session_facts(case.DAY), case.history(), case.instruments(), case.mandate(), [check]
    )
    assert found.gate.verdict == "red"
    assert found.gate.reasons == (check,)


def test_chains_and_contracts() -> None:
    """Days to expiry, counts, strikes, and the driver: the same expiry's future, else the nearest, else the index."""
    found = case.evidence()
    assert [(c.expiry, c.days_to_expiry, c.calls, c.puts, c.signal_symbol) for c in found.chains] == [
        (case.WEEKLY, 6, 3, 3, case.FUTURE), (case.MONTHLY, 41, 3, 3, "NIFTY26SEPFUT"),
    ]
    assert (found.chains[0].lowest_strike_paise, found.chains[0].highest_strike_paise) == (24_900_00, 25_100_00)
    no_futures = [one for one in case.instruments() if one.kind is not Kind.FUTURE]
    assert case.evidence(listed=no_futures).chains[0].signal_symbol == "NIFTY 50"
    bare = [one for one in no_futures if one.kind is not Kind.INDEX]
    assert case.evidence(listed=bare).chains[0].signal_symbol == ""


def test_expired_contracts_are_left_out() -> None:
    """A stale dump does not bring a dead contract back."""
    found = case.evidence(past={}, day=case.WEEKLY + timedelta(days=1))
    assert [c.symbol for c in found.futures] == ["NIFTY26SEPFUT"]
    assert [c.expiry for c in found.chains] == [case.MONTHLY]


def test_numbers_by_path() -> None:
    """What a reason may cite, by name."""
    numbers = case.evidence().numbers
    assert numbers["regime.efficiency"] == 0.2
    assert numbers["symbols.SBIN.range_percent"] == 2.0
    assert numbers[f"futures.{case.FUTURE}.lot"] == 65
    assert numbers[f"chains.NIFTY.{case.WEEKLY}.days_to_expiry"] == 6
    assert not any(path.startswith("session") for path in numbers)


def test_round_trip_and_tampering() -> None:
    """Through JSON and back it is the same; a changed number, or a missing hash, is noticed."""
    found = case.evidence()
    fields = json.loads(json.dumps(found.to_fields()))
    assert Evidence.from_fields(fields) == found
    assert Evidence.from_fields(fields).hash == found.hash
    fields["regime"]["efficiency"] = 0.9
    with pytest.raises(InvalidDocument, match="hash does not fit"):
        Evidence.from_fields(fields)
    with pytest.raises(InvalidDocument, match="hash does not fit"):
        Evidence.from_fields({key: value for key, value in found.to_fields().items() if key != "hash"})


def test_the_same_inputs_in_any_order_give_the_same_hash() -> None:
    """The order of files and rows is not evidence."""
    past = case.history()
    turned = {symbol: past[symbol][::-1] for symbol in reversed(past)}
    assert case.evidence(past=turned, listed=case.instruments()[::-1]).hash == case.evidence().hash


def test_a_whole_exchange_stays_below_the_document_limit() -> None:
    """Three thousand stocks with history, a thousand futures, a thousand chains: bounded, the liveliest kept."""
    names = [f"STOCK{i:04d}" for i in range(3_000)]
    past = {name: case.sessions(name, 4, turnover_paise=10**15 + i) for i, name in enumerate(names)}
    listed = [Instrument(name, "NSE", Kind.EQUITY, 5) for name in names]
    for i in range(1_000):
        listed.append(Instrument(f"{names[i]}26AUGFUT", "NFO", Kind.FUTURE, 5, 65, 0, names[i], case.WEEKLY))
        listed.append(Instrument(f"{names[i]}26AUG100CE", "NFO", Kind.CALL, 5, 65, 0, names[i], case.WEEKLY, 10_000))
    found = case.evidence(past=past, listed=listed)
    assert len(found.stocks) == MAX_STOCKS
    assert found.stocks[0] == names[-1]
    assert len(json.dumps(found.to_fields())) < MAX_DOCUMENT_BYTES / 2


def test_named_stocks_are_kept_however_quiet() -> None:
    """An allow-list of names is not crowded out by three hundred livelier stocks."""
    names = [f"STOCK{i:04d}" for i in range(MAX_STOCKS + 1)]
    listed = [Instrument(name, "NSE", Kind.EQUITY, 5) for name in [*names, "ZQUIET"]]
    limits = case.mandate("[stock]\nuniverse = ['ZQUIET']")
    assert case.evidence(limits, {n: case.sessions(n, 3) for n in names}, listed).stocks[0] == "ZQUIET"


def test_recorded_stocks_of_2016(shared: Path) -> None:
    """SBIN's sessions before 2016-08-30, from the recorded minutes, agree with what pyarrow computes of them."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(shared / "equity_1m_2016-08.parquet", filters=[("symbol", "==", "SBIN")]).to_pylist()
    days: dict[date, list[Bar]] = {}
    for row in rows:
        opens, high, low, close = (round(row[key] * 100) for key in ("open", "high", "low", "close"))
        ts = int(row["ts"].timestamp()) * 10**9
        days.setdefault(row["ts"].date(), []).append(Bar(ts, "SBIN", opens, high, low, close, row["volume"]))
    found = [summarise(bars) for day, bars in sorted(days.items()) if day < date(2016, 8, 30)]
    assert [one.volume for one in found] == [sum(bar.volume for bar in days[one.date]) for one in found]
    features = features_of("SBIN", date(2016, 8, 30), found)
    assert features.previous_close_paise == days[date(2016, 8, 29)][-1].close
    assert features.range_percent is not None
    assert 1 < features.range_percent < 4
