"""`tron halt`, `tron resume`, `tron flatten` on a run directory: what they store, what they show, how they end."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.adapters.clock import INDIA
from common.adapters.paper import PaperBroker
from common.adapters.sqlite import SqliteStore
from common.day.control import read_control
from common.day.workloads import WORKLOADS, launched_fields
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.instrument import AssetClass
from common.ports import Create, Update
from common.trading.book import order_tag
from common.trading.orders import Kind, Order, Purpose, Status
from jobs.cli import main
from tests.unit.trading_case import DAY, flat, minute, share

ID = f"{DAY}-stock"
NINE = datetime(2025, 8, 29, 9, 0, tzinfo=INDIA)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a run, with a store and nothing in it."""
    made = tmp_path / DAY.isoformat()
    monkeypatch.delenv("TRON_HOME", raising=False)
    SqliteStore(made / "store.sqlite").close()
    return made


def stored(home: Path, work: Callable[[SqliteStore], Any]) -> Any:
    with closing(SqliteStore(home / "store.sqlite")) as store:
        return work(store)


def workload(home: Path, state: str, **summary: Any) -> None:
    """The workload says so."""
    fields = {**launched_fields(DAY, AssetClass.STOCK, NINE), "state": state, "summary": summary}

    def write(store: SqliteStore) -> None:
        current = store.get(WORKLOADS, ID)
        store.commit([
            Create(WORKLOADS, ID, fields) if current is None else Update(WORKLOADS, ID, fields, current.version)
        ])

    stored(home, write)


def halts(home: Path) -> dict[str, Any]:
    document = stored(home, read_control)
    return dict(document.fields["halts"]) if document is not None else {}


def test_halt_and_resume(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stored as a person's, shown for each class; resumed with the reason."""
    workload(home, "RUNNING")
    assert main(["halt", "--run", str(home), "--level", "cancel", "--class", "stock", "--reason", "odd fills"]) == 0
    assert {name: (one["level"], one["reason"]) for name, one in halts(home).items()} == {
        "person-stock": ("CANCEL_ENTRIES", "odd fills"),
    }
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in shown] == [
        ["stock", "CANCEL_ENTRIES:"], ["options", "RUN"], ["futures", "RUN"],
    ]
    assert main(["resume", "--run", str(home), "--reason", "understood"]) == 0
    assert halts(home) == {}


@pytest.mark.parametrize("reason", [[], ["--reason", ""], ["--reason", "  "]])
def test_resume_without_a_reason_is_refused(home: Path, reason: list[str]) -> None:
    """Two taps to panic, a reason to go on."""
    assert main(["halt", "--run", str(home)]) == 0
    try:
        status: object = main(["resume", "--run", str(home), *reason])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert list(halts(home)) == ["person-all"]


def test_the_run_is_found(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By --run, by TRON_HOME, else the latest below out; what is none is refused with what to give."""
    monkeypatch.setenv("TRON_HOME", str(home))
    assert main(["halt"]) == 0
    assert list(halts(home)) == ["person-all"]
    monkeypatch.delenv("TRON_HOME")
    monkeypatch.chdir(home.parent)
    assert main(["halt"]) == 2
    latest = home.parent / "out" / "2025-09-01"
    SqliteStore(latest / "store.sqlite").close()
    assert main(["halt", "--class", "stock"]) == 0
    assert list(halts(latest)) == ["person-stock"]
    assert main(["halt", "--run", str(home.parent)]) == 2
    assert "give --run DIR" in capsys.readouterr().err


def test_flatten_waits_for_every_workload(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that has seen it and is flat: done. One that does not answer: said, with what to do, and status 1."""
    assert main(["flatten", "--run", str(home)]) == 0
    assert "no workload runs" in capsys.readouterr().out
    workload(home, "RUNNING", control_seen=0, open_positions=1)
    assert main(["flatten", "--run", str(home), "--wait", "0"]) == 1
    said = capsys.readouterr().out
    assert f"{ID}  does not answer yet; last heard of at 09:00:00" in said
    assert f"without an answer: {ID}" in said
    workload(home, "RUNNING", control_seen=1, open_positions=1, working_entries=0)
    assert main(["flatten", "--run", str(home), "--wait", "0"]) == 1
    assert f"{ID}  leaves: 1 positions, 0 entries" in capsys.readouterr().out
    workload(home, "RUNNING", control_seen=1, open_positions=0, working_entries=0)
    assert main(["flatten", "--run", str(home), "--wait", "0"]) == 0
    assert f"{ID}  flat" in capsys.readouterr().out
    assert halts(home)["person-all"]["level"] == "FLATTEN"


def test_a_store_that_is_damaged_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and the way without it."""
    (home / "store.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 100)
    for command in (["halt"], ["flatten"]):
        assert main([*command, "--run", str(home)]) == 2
        assert "--broker-only" in capsys.readouterr().err


@pytest.mark.parametrize("store", ["up", "damaged", "gone"])
def test_broker_only(
    home: Path, store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    """With any store or none: entries cancelled, the position closed by its own stop, and it says what it stands on."""
    _hold(home)
    sessions = home.parent / "bars.csv"
    times = [f"{NINE + timedelta(minutes=15 + n):%Y-%m-%dT%H:%M:%S+05:30}" for n in range(9)]
    rows = [f"{time},AAA,NSE,100,101,99,100,50000,0" for time in times]
    sessions.write_text("\n".join(["ts,symbol,exchange,open,high,low,close,volume,oi", *rows, ""]))
    monkeypatch.setenv("TRON_SESSIONS", str(sessions))
    monkeypatch.setenv("TRON_LEASE_TTL_SECONDS", "0.2")
    if store == "damaged":
        (home / "store.sqlite").write_bytes(b"x" * 5000)
    elif store == "gone":
        for path in home.glob("store.sqlite*"):
            path.unlink()
    assert main(["flatten", "--broker-only", "--run", str(home), "--class", "stock"]) == 0
    said = capsys.readouterr().out
    assert "by the broker's books alone" in said
    assert "stock    flat by the broker's books" in said
    broker = _broker(home)
    assert broker.positions() == {}
    assert [(order.tag[-6:], order.status) for order in broker.orders()] == [
        ("00001E", Status.COMPLETE), ("00002X", Status.COMPLETE), ("00003E", Status.CANCELLED),
    ]
    if store == "up":
        assert halts(home)["person-stock"]["level"] == "FLATTEN"


def _broker(home: Path) -> PaperBroker:
    exchange = Exchange({"AAA": share()}, FillModel(half_spread_bps=0.0, slippage_ticks=0, participation=1.0))
    return PaperBroker(exchange, home / "journal" / f"{ID}.jsonl")


def _hold(home: Path) -> None:
    """100 AAA, its stop, and an entry that rests."""
    broker = _broker(home)
    for number, purpose, side, price, trigger in (
        (1, Purpose.ENTRY, 1, 101_00, 0), (2, Purpose.EXIT, -1, 97_00, 98_00), (3, Purpose.ENTRY, 1, 90_00, 0),
    ):
        tag = order_tag(AssetClass.STOCK, DAY, number, purpose)
        kind = Kind.SL if trigger else Kind.LIMIT
        broker.place(Order(tag, number, "AAA", side, 100, kind, price, trigger, purpose, minute(number)))
        for bar in flat("AAA", 1, start=number):
            broker.observe(bar)
            broker.drain()
    assert broker.positions() == {"AAA": 100}
    broker.close()
