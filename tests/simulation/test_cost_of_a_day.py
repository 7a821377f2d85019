"""A whole day with three workloads and an open dashboard stays inside Firestore's free tier, and costs what is said."""

import json
from collections.abc import Mapping
from datetime import date

import pytest

from common.adapters.counting import CountingArchive, CountingStore, Usage
from common.adapters.memory import MemoryArchive, MemoryStore
from common.day.cost import RUNNERS, Runner, measured_day, month, summary
from common.day.polling import BEHIND_SECONDS, OPEN_SECONDS, REQUESTS
from common.market.tables import toml_table
from common.ports import Conflict, Create, Delete, Document, Query, Update
from jobs import cli
from tests.simulation.counted_day import CountedDay, table

FREE_READS, FREE_WRITES, FREE_DELETES = 50_000, 20_000, 20_000
SEED = 7


@pytest.fixture(scope="module")
def day() -> CountedDay:
    """Run once, at real intervals in virtual time."""
    counted = CountedDay(SEED)
    counted.run()
    counted.finish()
    return counted


def used(day: CountedDay) -> Mapping[str, int]:
    parts = day.parts.values()
    return {
        "reads": sum(one.reads.total() for one in parts), "writes": sum(one.writes.total() for one in parts),
        "deletes": sum(one.deletes.total() for one in parts), "class_a": sum(one.class_a for one in parts),
        "class_b": sum(one.class_b for one in parts),
    }


def test_a_whole_day_is_free(day: CountedDay) -> None:
    """50,000 reads, 20,000 writes, 20,000 deletes: the whole day stays below, and it was a day worth counting."""
    print("\n".join(["", *table(day)]))
    total = used(day)
    assert total["reads"] < FREE_READS
    assert total["writes"] < FREE_WRITES
    assert total["deletes"] < FREE_DELETES
    assert len(day.classes) == 3
    assert not day.findings.violations
    assert day.truth.orders >= 40
    leases = day.parts["workloads"].writes["leases"]
    assert leases > 3 * 6.25 * 3600 / 16, "renewed as in life: when half of 30 s is gone"
    assert day.parts["workloads"].reads["control"] > 3 * 6.25 * 3600 / 11, "control is read each ten seconds"
    assert day.parts["supervise"].reads["workloads"] == 3 * 410, "the supervisor looks each minute, 09:00 to 15:50"


def test_the_dashboard_polls_all_session(day: CountedDay) -> None:
    """The summary each five seconds and every other page each thirty: nearly seven hours of them, answer by answer."""
    seconds = 410 * 60
    assert (OPEN_SECONDS, BEHIND_SECONDS) == (5.0, 30.0)
    assert day.polls == seconds // 5 + (len(REQUESTS) - 1) * (seconds // 30)
    assert 0.5 < day.unchanged / day.polls < 1, "most answers are 304, and the ones with news are not"
    assert day.parts["dashboard /workloads"].reads["workloads"] == 3 * seconds // 5
    trades = day.parts["dashboard /trades limit"].reads["trades"]
    assert 0 < trades <= sum(range(len(day.store.query(Query("trades", limit=1000))) + 1))


def test_the_shipped_figures_are_the_day_s(day: CountedDay) -> None:
    """`tron cost` counts with this day: change an interval, and measured_day.toml has to follow."""
    shipped, total = measured_day(), used(day)
    assert total["reads"] == pytest.approx(shipped["firestore_reads"], rel=0.15), total
    assert total["writes"] == pytest.approx(shipped["firestore_writes"], rel=0.15), total
    rolled = 3 * 375  # log objects, of three workloads and each minute: the counted day archives none
    assert total["class_a"] + rolled == pytest.approx(shipped["storage_class_a"], rel=0.1), total
    assert total["class_b"] == pytest.approx(shipped["storage_class_b"], rel=0.15), total
    assert shipped["requests"] == pytest.approx(day.polls + 600, rel=0.01)


def test_a_month_by_part() -> None:
    """Every part that the design names, each price with its date and source; the parts add up."""
    prices = toml_table("common.day", "prices.toml")["price"]
    assert len({price["name"] for price in prices}) == len(prices)
    assert all(price["source"] and isinstance(price["date"], date) for price in prices)
    parts = {"Firestore", "Cloud Storage", "Functions", "Scheduler", "Workloads", "NAT and address", "Logging",
             "Artifact Registry", "Secret Manager", "Kite Connect", "Model"}
    for runner in RUNNERS:
        found = summary(month(runner), runner)
        assert {part["part"] for part in found["parts"]} == parts
        assert found["paise"] == sum(line["paise"] for part in found["parts"] for line in part["lines"])
        assert found["usd"] == pytest.approx(sum(part["usd"] for part in found["parts"]), abs=0.05)
        assert found["paise"] == pytest.approx(found["usd"] * 100 * found["rupees_per_dollar"], rel=0.01)


@pytest.mark.parametrize(("reads", "usd"), [(50_000, 0.0), (150_000, 21 * 0.06), (0, 0.0)])
def test_the_free_tier_is_a_day_s(reads: int, usd: float) -> None:
    """What one day leaves free does not help the next; a shipped figure is replaced by a counted one."""
    runner: Runner = "cloud_run"
    line = next(one for one in month(runner, {"firestore_reads": reads}) if one.name == "firestore_reads")
    assert line.usd == pytest.approx(usd)
    assert line.paise == pytest.approx(usd * 100 * 90)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`tron cost --json` is one object; the table says its sum."""
    assert cli.main(["cost", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert cli.main(["cost"]) == 0
    assert f"{found['usd']:.2f} USD" in capsys.readouterr().out.splitlines()[-2]


def test_what_a_store_counts() -> None:
    """A get of nothing is a read, so is a query without a result; a refused commit costs no write."""
    usage = Usage()
    store = CountingStore(MemoryStore(), usage)
    assert store.get("a", "1") is None
    assert store.query(Query("a")) == []
    first, second = store.commit([Create("a", "1", {"n": 1}), Create("a", "2", {"n": 2})])
    with pytest.raises(Conflict):
        store.commit([Create("a", "3", {}), Create("a", "1", {})])
    assert len(store.query(Query("a"))) == 2
    (second,) = store.commit([Update("a", "2", {"n": 3}, second)])
    store.commit([Delete("a", "1", first), Delete("a", "2", second)])
    assert list(store.watch("a", "1", 0.0)) == [None]
    assert (usage.reads["a"], usage.writes["a"], usage.deletes["a"]) == (5, 3, 2)
    assert isinstance(store.get("b", "1"), Document | None)
    assert usage.reads.total() == 6


def test_what_an_archive_counts() -> None:
    """Writing and listing are class A, reading class B, each with its bytes."""
    usage, day = Usage(), date(2026, 8, 19)
    archive = CountingArchive(MemoryArchive(), usage)
    archive.put(day, "one", b"12345")
    with pytest.raises(Conflict):
        archive.put(day, "one", b"1")
    assert archive.get(day, "one") == b"12345"
    assert archive.get(day, "two") is None
    assert archive.list(day) == ["one"]
    assert (usage.class_a, usage.class_b, usage.bytes_in, usage.bytes_out) == (3, 2, 5, 5)
