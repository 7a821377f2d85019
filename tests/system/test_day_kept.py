"""What is kept of a real day: its chains are whole, it moves to another store and archive, and can be closed there."""

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from common.bootstrap import Application
from common.day.close import close_day
from common.day.day_documents import ORDER
from common.settings import Settings
from jobs.local.day import LocalDay
from jobs.local.run_directory import RunInputs, put_lists
from tests.contract.storage_server import storage_server
from tests.system.conftest import RunDay
from tests.system.day_run import DAY, SEED, documents, tron

THE_DAY = date.fromisoformat(DAY)


@pytest.fixture
def copy(ran: RunDay, tmp_path: Path) -> Path:
    """The day's run, to be changed."""
    return Path(shutil.copytree(ran.home, tmp_path / "copy"))


@pytest.fixture
def cloud() -> Iterator[None]:
    with storage_server():
        yield


def rows(home: Path) -> dict[tuple[str, str], str]:
    """Every document of the store, straight from its file."""
    with closing(sqlite3.connect(f"file:{home / 'store.sqlite'}?mode=ro", uri=True)) as store:
        found = store.execute("SELECT collection, id, fields FROM documents").fetchall()
    return {(collection, id): fields for collection, id, fields in found}


def files(home: Path) -> dict[str, bytes]:
    folder = home / "archive" / f"tron-trade-logs-{DAY}"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def alike(names: Iterable[str]) -> list[str]:
    """Sorted, without logs, named by the time and process that wrote them, and the paper broker's book, here a file."""
    return sorted(name for name in names if not name.startswith(("logs/", "paper/")))


def test_the_day_is_whole(ran: RunDay) -> None:
    """Every order of three processes is chained, each class's chain is sealed by the close."""
    done = tron("audit", "verify", "--run", ran.home, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)["days"][DAY]
    orders = documents(ran.home, "orders")
    assert sum(told["orders"].values()) == len(orders)
    assert sum(told["changes"].values()) == sum(len(one["audit"]) for one in orders.values()) > len(orders)
    assert (told["sealed"], told["findings"]) == (True, [])


def test_every_collection_has_a_place(ran: RunDay) -> None:
    """A collection that a day writes and nobody exports would be lost with the store."""
    assert {collection for collection, _ in rows(ran.home)} <= {*ORDER, "control"}


def test_a_changed_price_is_found(copy: Path) -> None:
    """One paisa in one order, in the store's own file: status 1, and the order is named."""
    id, fields = next(iter(documents(copy, "orders").items()))
    with closing(sqlite3.connect(copy / "store.sqlite")) as store, store:
        changed = json.dumps({**fields, "price": fields["price"] + 1}, sort_keys=True, separators=(",", ":"))
        store.execute("UPDATE documents SET fields = ? WHERE collection = 'orders' AND id = ?", (changed, id))
    done = tron("audit", "verify", DAY, "--run", copy)
    assert done.returncode == 1
    assert f"orders/{id} was changed" in done.stdout


def test_out_and_in_again(ran: RunDay, tmp_path: Path) -> None:
    """Every document and file is there again; twice is once; what differs is refused and nothing is touched."""
    file, home = tmp_path / "day.zip", tmp_path / "home"
    assert tron("export", DAY, "--to", file, "--run", ran.home).returncode == 0
    assert tron("import", file, "--run", home).returncode == 0
    assert rows(home) == rows(ran.home)
    assert files(home) == files(ran.home)
    assert tron("audit", "verify", "--run", home).returncode == 0
    again = json.loads(tron("import", file, "--run", home, "--json").stdout)
    assert (again["documents"], again["objects"]) == (0, 0)
    (home / "archive" / f"tron-trade-logs-{DAY}" / "report.json").write_bytes(b"{}")
    refused = tron("import", file, "--run", home)
    assert refused.returncode == 2
    assert "archive/report.json" in refused.stderr


def test_a_restored_day_is_closed_alike(ran: RunDay, tmp_path: Path) -> None:
    """Reconciliation and report from what was imported, with the broker's books and the market as they were."""
    file, home = tmp_path / "day.zip", tmp_path / "home"
    tron("export", DAY, "--to", file, "--run", ran.home)
    tron("import", file, "--run", home)
    ports = Application(
        Settings(home=ran.home, sessions=(ran.home / "session.parquet",), seed=SEED, source_name="again"),
    ).close_ports()
    there = Application(Settings(home=home))
    result = close_day(THE_DAY, replace(ports, store=there.store, archive=there.archive))
    was = json.loads(files(ran.home)["report.json"])
    assert result["order_hash"] == was["order_hash"]
    assert result["totals"] == was["totals"]
    assert result["reconciliation"] == was["reconciliation"]
    assert result["differences"] == []


def test_files_that_are_none(tmp_path: Path) -> None:
    """Status 2 and what to do; no traceback."""
    (tmp_path / "x.zip").write_bytes(b"PK")
    for arguments in (("import", tmp_path / "x.zip"), ("import", tmp_path / "none.zip")):
        done = tron(*arguments, "--run", tmp_path / "home")
        assert done.returncode == 2
        assert "tron: " in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("cloud")
def test_the_same_day_on_cloud_storage(ran: RunDay, tmp_path: Path) -> None:
    """Functions, workloads and close archive to a real Cloud Storage server: same orders, same objects."""
    home = tmp_path / DAY
    home.mkdir()
    settings = Settings(
        home=home, sessions=(ran.home / "session.parquet",), seed=SEED, source_name="cloud", archive="gcs",
        project="t-cloud",
    )
    app = Application(settings)
    put_lists(RunInputs.choose(THE_DAY, (), int(SEED), None), app.archive, app.market.instruments(THE_DAY))
    result = LocalDay(THE_DAY, app, lambda *_: None).run()
    assert result["order_hash"] == json.loads(ran.done.stdout)["order_hash"]
    assert alike(app.archive.list(THE_DAY)) == alike(files(ran.home))
    assert app.archive.get(THE_DAY, "audit.json") is not None
    assert app.archive.get(THE_DAY, "equity/stock.json") == files(ran.home)["equity/stock.json"]
    assert not (home / "archive").exists()
