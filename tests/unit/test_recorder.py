"""The recorder: what the market said can be read as a recorded session; a crash loses one minute."""

from datetime import date
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep

import pyarrow.parquet as parquet
import pytest

from common.adapters.directory import DirectoryArchive
from common.market.bar import Bar, Quote
from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.mandate import Mandate
from common.ports import StoreUnavailable
from common.research.generator import INDEX, generate
from common.research.market import RecordedMarket
from common.research.recorder import MarketRecorder
from common.research.watchlist import MOST, Watchlist, watchlist
from tests.unit.kept_logs import KeptLogs
from tests.unit.planning_case import mandate
from tests.unit.trading_case import DAY, MINUTE, OPEN, flat, share


def recorder(archive: DirectoryArchive, logs: KeptLogs, run: str = "a", *symbols: str) -> MarketRecorder:
    listed = [share(symbol) for symbol in symbols or ("AAA", "BBB")]
    return MarketRecorder(archive, DAY, "stock", listed, logs, run, lambda bar: bar.ts != OPEN + MINUTE)


def quotes(second: int, *symbols: str) -> list[Bar | Quote]:
    return [Quote(OPEN + second * 10**9, symbol, 100_05, 100_00, 100_10, 5, 6, second) for symbol in symbols]


def caught_up(recording: MarketRecorder) -> None:
    """The writer has taken what was handed over."""
    end = monotonic() + 10
    while recording._waiting.qsize() and monotonic() < end:
        sleep(0.001)


def stored(archive: DirectoryArchive, count: int) -> list[str]:
    """Names, once there are so many: the recorder writes in a thread of its own."""
    end = monotonic() + 10
    while len(names := archive.list(DAY, "market/")) < count and monotonic() < end:
        sleep(0.01)
    return names


def test_a_recorded_day_is_a_session(tmp_path: Path) -> None:
    """Bars of several hours and two symbols come back through the reader of recorded sessions, quotes as they came."""
    archive, logs = DirectoryArchive(tmp_path), KeptLogs()
    bars = {symbol: flat(symbol, 130) for symbol in ("AAA", "BBB", "not asked for")}
    recording = recorder(archive, logs)
    for number in range(130):
        events: list[Bar | Quote] = [feed[number] for feed in bars.values()]
        now = OPEN + (number + 1) * MINUTE
        recording.take([*events, *quotes(number * 60, "AAA", "other")], now)
        caught_up(recording)
    recording.close()
    names = archive.list(DAY, "market/")
    hours = ("09", "10", "11")
    assert names == [f"market/stock/{kind}-{hour}-a.parquet" for kind in ("bars", "quotes") for hour in hours]
    folder = tmp_path / f"tron-trade-logs-{DAY}"
    market = RecordedMarket([folder / name for name in names if "bars" in name])
    assert [one.symbol for one in market.instruments(DAY)] == ["AAA", "BBB"]
    found = list(market.feed(DAY, ["AAA", "BBB"]))
    assert [repr(bar) for bar in found if bar.symbol == "AAA"] == [repr(bar) for bar in bars["AAA"]]
    assert len(found) == 260
    first = parquet.read_table(folder / names[0])
    marked = [row["ts"].minute for row in first.to_pylist() if row["incomplete"]]
    assert marked == [16, 16]
    told = parquet.read_table(folder / "market/stock/quotes-09-a.parquet").to_pylist()
    assert len(told) == 45
    assert (told[1]["symbol"], told[1]["last"], told[1]["bid"], told[1]["ask_quantity"]) == ("AAA", 100.05, 100.0, 6)
    assert logs.records == []


def test_a_crash_loses_the_last_minute_alone_and_a_restart_nothing_more(tmp_path: Path) -> None:
    """Without `close`, all but the current minute is in the archive; the next process has a file of its own."""
    archive, logs = DirectoryArchive(tmp_path), KeptLogs()
    crashed = recorder(archive, logs)
    for second in range(150):
        crashed.take(quotes(second, "AAA"), OPEN + second * 10**9)
    name = "market/stock/quotes-09-a.parquet"

    def rows(name: str) -> int:
        data = archive.get(DAY, name)
        return 0 if data is None else parquet.read_table(BytesIO(data)).num_rows

    end = monotonic() + 10
    while rows(name) < 121 and monotonic() < end:
        sleep(0.01)
    assert rows(name) == 121
    again = recorder(archive, logs, "b")
    again.take(quotes(200, "AAA"), OPEN + 200 * 10**9)
    again.close()
    assert rows(name) == 121
    assert rows("market/stock/quotes-09-b.parquet") == 1


class DownFor(DirectoryArchive):
    """Refuses so many puts."""

    def __init__(self, root: Path, refusals: int) -> None:
        super().__init__(root)
        self.refusals = refusals

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise StoreUnavailable("as the test wants it")
        super().put(day, name, data, overwrite=overwrite)


def test_an_archive_that_was_down_gets_the_hour_whole(tmp_path: Path) -> None:
    """It is said once, and the next minute brings all of the hour."""
    archive, logs = DownFor(tmp_path, 2), KeptLogs()
    recording = recorder(archive, logs)
    for number in range(4):
        recording.take(quotes(number * 60, "AAA"), OPEN + number * MINUTE)
        caught_up(recording)
    recording.close()
    (name,) = stored(archive, 1)
    data = archive.get(DAY, name)
    assert data is not None
    assert parquet.read_table(BytesIO(data)).num_rows == 4
    assert [message for message in logs.messages if "cannot be recorded" in message] == logs.messages[:1]


def test_an_archive_that_hangs_does_not_hold_the_market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes beyond what waits are lost and counted, and `take` returns all the same."""
    monkeypatch.setattr("common.research.recorder.END_SECONDS", 0.1)

    class Hanging(DirectoryArchive):
        def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
            del day, name, data, overwrite
            sleep(60)

    logs = KeptLogs()
    recording = recorder(Hanging(tmp_path), logs)
    for number in range(30):
        recording.take(quotes(number * 60, "AAA"), OPEN + number * MINUTE)
    recording.close()
    assert recording.lost >= 15
    assert any("is lost" in message for message in logs.messages)


def of_classes(*universe: str) -> Mandate:
    fields = mandate().model_dump()
    for name in ("stock", "futures", "options"):
        fields[name]["universe"] = universe
    return Mandate.model_validate(fields)


def test_what_is_recorded() -> None:
    """Stocks by name; the nearest future; of options two expiries, fifteen strikes each side of the index's price."""
    recording = generate(DAY, 3, sessions_before=0)
    listed = list(recording.instruments.values())
    spot = recording.bars[INDEX][0].close
    asked: list[list[str]] = []

    def prices(symbols: object) -> dict[str, int]:
        asked.append(list(symbols))  # type: ignore[call-overload]
        return {INDEX: spot}

    def chosen(asset_class: AssetClass, *universe: str) -> list[Instrument]:
        found = watchlist(of_classes(*universe), asset_class, DAY, listed, prices)
        assert found.left_out == []
        return found.instruments

    assert [one.symbol for one in chosen(AssetClass.STOCK, "TCS", "nothing", "SBIN")] == ["TCS", "SBIN"]
    shares = sorted(one.symbol for one in listed if one.kind is Kind.EQUITY)
    assert len(shares) > 2
    assert [one.symbol for one in chosen(AssetClass.STOCK, shares[2], "*")] == [shares[2], *shares[:2], *shares[3:]]
    (future,) = chosen(AssetClass.FUTURES, "*")
    assert (future.kind, future.underlying) == (Kind.FUTURE, "NIFTY")
    options = chosen(AssetClass.OPTIONS, "NIFTY")
    assert asked == [[INDEX]]
    assert [one.kind for one in options[:2]] == [Kind.INDEX, Kind.FUTURE]
    chain = options[2:]
    assert len({one.expiry for one in chain}) == 2
    for expiry in {one.expiry for one in chain}:
        strikes = sorted({one.strike for one in chain if one.expiry == expiry})
        assert 10 < len(strikes) <= 31
        assert strikes[0] < spot < strikes[-1]
    assert len(chain) <= MOST
    assert chosen(AssetClass.OPTIONS, "BANKNIFTY") == []


def test_any_share_is_what_a_plan_may_choose() -> None:
    """The allow-list's, then those of the day's evidence; before it the liquid ones; what is left out is named."""
    listed = [Instrument(f"S{n:04}", "NSE", Kind.EQUITY, 5) for n in range(1_200)]
    listed += [Instrument(f"S{n:04}26NOVFUT", "NFO", Kind.FUTURE, 5, 1, 0, f"S{n:04}", DAY) for n in (7, 3)]
    named = of_classes("S0009", "*")

    def chosen(*stocks: str) -> Watchlist:
        return watchlist(named, AssetClass.STOCK, DAY, listed, lambda _: {}, stocks)

    with_evidence = chosen("S0009", "S0500", "gone", "S0001")
    assert [one.symbol for one in with_evidence.instruments] == ["S0009", "S0500", "S0001"]
    assert with_evidence.left_out[:3] == ["S0000", "S0002", "S0003"]
    assert len(with_evidence.left_out) == 1_200 - 3
    assert [one.symbol for one in chosen().instruments] == ["S0009", "S0003", "S0007"]
    crowded = chosen(*(one.symbol for one in listed))
    assert (len(crowded.instruments), len(crowded.left_out)) == (MOST, 1_200 - MOST)
