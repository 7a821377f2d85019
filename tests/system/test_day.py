"""One generated day through the functions, the relay and three workload processes: what it leaves must add up."""

import html
import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from common.bootstrap import Application
from common.settings import Settings
from jobs.local.day import LocalDay
from jobs.local.deliveries import Disorder
from jobs.local.run_directory import RunInputs, put_lists
from tests.system.conftest import RunDay
from tests.system.day_run import (
    BOUND_SECONDS,
    CLASSES,
    DAY,
    OTHER_SEED,
    SEED,
    check_books,
    documents,
    journal_lines,
    nothing_runs,
    seed_session,
    started,
    tron,
    until,
)

THE_DAY = ("day", "--date", DAY, "--seed", SEED)


def result_of(ran: RunDay) -> Any:
    return json.loads(ran.done.stdout)


def test_a_day_ends_well(ran: RunDay) -> None:
    """Status 0, every class DONE and with trades, nothing left running."""
    assert ran.done.returncode == 0, ran.done.stderr
    result = result_of(ran)
    assert {w["asset_class"]: w["state"] for w in result["workloads"]} == dict.fromkeys(CLASSES, "DONE")
    assert {trade["asset_class"] for trade in result["trades"]} == set(CLASSES)
    assert all(w["orders"] and w["fills"] and w["trades"] for w in result["workloads"])
    assert result["differences"] == []
    assert nothing_runs(ran.home)


def test_the_day_that_comes_by_default(ran: RunDay, tmp_path: Path) -> None:
    """Without --date and --seed comes the demonstration, the day of these tests."""
    done = tron("day", "--out", tmp_path, "--in-process", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["order_hash"] == result_of(ran)["order_hash"]


def test_the_books_add_up(ran: RunDay) -> None:
    """Orders, fills, trades, positions, charges and the report, recomputed from the fills in the store."""
    check_books(ran.home)


def test_broker_ids_are_unique_in_the_account(ran: RunDay) -> None:
    """No two orders of the day share the broker's order id, and no two fills a trade id, as at a real broker."""
    orders = documents(ran.home, "orders").values()
    for ids in ([o["broker_id"] for o in orders], [fill["id"] for o in orders for fill in o["fills"]]):
        assert len(ids) == len(set(ids))


def test_totals_are_of_the_trades(ran: RunDay) -> None:
    """Gross, charges and net of the day are the sums of the trades; the charges are the sums of their parts."""
    result = result_of(ran)
    for name in ("gross_paise", "charges_paise", "net_paise"):
        assert result["totals"][name] == sum(trade[name] for trade in result["trades"])
    for trade in result["trades"]:
        assert sum(trade["charge_parts"].values()) == trade["charges_paise"]
        assert trade["net_paise"] == trade["gross_paise"] - trade["charges_paise"]
        assert trade["entry_time"] <= trade["exit_time"]
    assert result["equity"][-1][1] == result["totals"]["net_paise"]
    assert all(limit["used"] <= limit["limit"] for limit in result["limits"] if limit["name"] != "daily loss")


def test_the_report_says_the_same(ran: RunDay) -> None:
    """report.json is what --json printed, the archive's copies too, and report.html shows the net and the hash."""
    result = result_of(ran)
    assert json.loads((ran.home / "report.json").read_text()) == result
    archived = next((ran.home / "archive").rglob("report.json"))
    assert json.loads(archived.read_text()) == result
    page = (ran.home / "report.html").read_text()
    assert page == archived.with_suffix(".html").read_text()
    assert result["order_hash"][:12] in page
    for trade in result["trades"]:
        assert html.escape(trade["symbol"]) in page


def test_one_launch_a_class(ran: RunDay) -> None:
    """Each class was claimed once, traded under the first epoch, by one process."""
    check_single_launches(ran.home)


def check_single_launches(home: Path) -> None:
    leases, workloads = documents(home, "leases"), documents(home, "workloads")
    assert set(leases) == set(workloads) == {f"{DAY}-{name}" for name in CLASSES}
    assert {lease["epoch"] for lease in leases.values()} == {1}
    assert {workload["launches"] for workload in workloads.values()} == {1}
    assert {order["epoch"] for order in documents(home, "orders").values()} == {1}
    for id, lease in leases.items():
        log = (home / "run" / f"{id}.log").read_text()
        assert log.count("the day is traded") == 1
        assert json.loads((home / "run" / f"{id}.pid.json").read_text())["pid"] == int(lease["holder"].split(":")[1])


def test_the_same_in_one_process(ran: RunDay, tmp_path: Path) -> None:
    """Functions, relay, store and processes change nothing: the replay has the same orders, trades and P&L."""
    done = tron(*THE_DAY, "--out", tmp_path, "--in-process", "--json")
    assert done.returncode == 0, done.stderr
    alone, whole = json.loads(done.stdout), result_of(ran)
    for name in ("order_hash", "totals", "equity", "plan", "evidence", "limits", "bars", "trades"):
        assert _without_date(alone[name]) == _without_date(whole[name]), name


def _without_date(value: Any) -> Any:
    # A stored trade also names its day.
    if not isinstance(value, list):
        return value
    return [{**row, "date": DAY} if isinstance(row, dict) else row for row in value]


def test_a_seed_beyond_floats(tmp_path: Path) -> None:
    """A large seed is the same number in every process: the replay agrees with the processes to the last order."""
    arguments = ("day", "--date", DAY, "--seed", 2**53 + 1, "--json")
    whole, alone = tron(*arguments, "--out", tmp_path / "a"), tron(*arguments, "--out", tmp_path / "b", "--in-process")
    assert json.loads(whole.stdout)["order_hash"] == json.loads(alone.stdout)["order_hash"]


def test_the_shell_sets_no_limits(ran: RunDay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TRON_MANDATE left in the person's shell changes nothing in a run that was given no --mandate."""
    seed_session(ran.home, tmp_path / DAY)
    (tmp_path / "mandate.toml").write_text("capital_rupees = 20_00_000\n")
    monkeypatch.setenv("TRON_MANDATE", str(tmp_path / "mandate.toml"))
    done = tron(*THE_DAY, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plan"] == result_of(ran)["plan"]


def test_events_twice_and_in_disorder(ran: RunDay, tmp_path: Path) -> None:
    """Every event delivered twice and late: one plan, one launch a class, the same orders."""
    home = tmp_path / DAY
    home.mkdir()
    settings = Settings(home=home, sessions=(ran.home / "session.parquet",), seed=SEED, source_name="twice")
    app, on = Application(settings), date.fromisoformat(DAY)
    put_lists(RunInputs.choose(on, (), SEED, None), app.archive, app.market.instruments(on))
    day = LocalDay(
        on, app, lambda *_: None, Disorder(copies=2, spread_seconds=0.3, seed=5),
    )
    result = day.run()
    assert day._functions is not None
    assert day._functions.relay is not None
    assert day._functions.relay.counts.dropped == 0
    told = [*documents(home, "gpt_runner_daily_plan"), *documents(home, "system_logs_realtime")]
    assert day._functions.relay.counts.delivered == 2 * len(told)
    assert result["order_hash"] == result_of(ran)["order_hash"]
    assert len(documents(home, "gpt_runner_daily_plan")) == 1
    check_single_launches(home)


def test_run_again(ran: RunDay, tmp_path: Path) -> None:
    """A second run of a finished day says the same and trades nothing: no order, launch or epoch more."""
    home = tmp_path / DAY
    shutil.copytree(ran.home, home)
    before = journal_lines(home), documents(home, "orders"), documents(home, "trades"), documents(home, "leases")
    again = tron(*THE_DAY, "--out", tmp_path, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == result_of(ran)
    assert before == (
        journal_lines(home), documents(home, "orders"), documents(home, "trades"), documents(home, "leases")
    )
    check_single_launches(home)


def test_other_inputs_are_refused(ran: RunDay, tmp_path: Path) -> None:
    """Another seed in a directory that holds this date is refused before anything is touched; --fresh replaces it."""
    home = tmp_path / DAY
    shutil.copytree(ran.home, home)
    kept = (home / "report.json").read_bytes()
    refused = tron(*THE_DAY, "--out", tmp_path, "--seed", OTHER_SEED)
    assert refused.returncode == 2
    assert re.fullmatch(r"tron: .*--fresh.*--out\n", refused.stderr)
    assert (home / "report.json").read_bytes() == kept
    fresh = tron(*THE_DAY, "--out", tmp_path, "--seed", OTHER_SEED, "--fresh", "--json")
    assert fresh.returncode == 0, fresh.stderr
    result = json.loads(fresh.stdout)
    assert result["seed"] == OTHER_SEED
    assert result["order_hash"] != result_of(ran)["order_hash"]
    check_books(home)


def test_a_replay_does_not_overwrite_another_days_report(ran: RunDay, tmp_path: Path) -> None:
    """--in-process with another seed leaves the finished day's report alone: refused, as without --in-process."""
    home = tmp_path / DAY
    shutil.copytree(ran.home, home)
    kept = json.loads((home / "report.json").read_text())
    replayed = tron(*THE_DAY, "--out", tmp_path, "--seed", OTHER_SEED, "--in-process")
    assert json.loads((home / "report.json").read_text())["order_hash"] == kept["order_hash"]
    assert replayed.returncode == 2


def test_two_at_once(ran: RunDay, tmp_path: Path) -> None:
    """The second in the same directory is refused at once; the first finishes as if it were alone."""
    with started(*THE_DAY, "--out", tmp_path, "--json") as first:
        assert until((tmp_path / DAY / "run.json").exists)
        second = tron(*THE_DAY, "--out", tmp_path)
        assert first.poll() is None, "the first was too fast to compare"
        assert second.returncode == 2
        assert re.fullmatch(r"tron: another tron day is running in .*\n", second.stderr)
        assert first.wait(BOUND_SECONDS) == 0
    report = json.loads((tmp_path / DAY / "report.json").read_text())
    assert report["order_hash"] == result_of(ran)["order_hash"]


def test_a_lost_store_is_not_a_quiet_day(ran: RunDay, tmp_path: Path) -> None:
    """Orders at the exchange that no intent explains stop the day loudly: it does not end well with no trades."""
    home = tmp_path / DAY
    shutil.copytree(ran.home, home)
    for path in home.glob("store.sqlite*"):
        path.unlink()
    done = tron(*THE_DAY, "--out", tmp_path)
    assert done.returncode != 0, done.stdout
