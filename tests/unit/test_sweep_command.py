"""`tron sweep`: grids, parts that are merged, jobs that say which part they are, walking forward, what is refused."""

import json
import os
import signal
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.parameter_sets import NoSets, grid, values_of
from common.research.pool import ProcessesDied, spread
from common.research.shards import Shard
from common.research.storing import write_parquet
from common.research.walk_forward import Windows, walk_forward
from common.strategies.registry import InvalidParameters, UnknownStrategy
from jobs.cli import main
from jobs.commands.output import UserError
from jobs.commands.sweep import choose_shard

DAY = date(2026, 11, 20)
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stocks over six sessions."""
    file = tmp_path_factory.mktemp("sweep") / "session.parquet"
    write_parquet(generate(DAY, 3, stocks=LARGE_CAPS[:2], sessions_before=5), file)
    stocks = [stock.symbol for stock in LARGE_CAPS[:2]]
    parquet.write_table(parquet.read_table(file, filters=[("symbol", "in", stocks)]), file)
    return file


def called(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    status = main(["sweep", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def options(path: Path, *more: object) -> list[object]:
    return ["--strategy", "ema_cross", "--bars", path, "--param", "fast=4:10:3", "--param", "slow=8,20", *more]


def test_values_and_grids() -> None:
    """Lists, ranges with both ends, decimals without float dust; sets that the strategy refuses are left out."""
    assert values_of("a", "5:20:5") == [5, 10, 15, 20]
    assert values_of("a", "0.1:0.3:0.1") == [0.1, 0.2, 0.3]
    assert values_of("a", "follow,fade") == ["follow", "fade"]
    assert values_of("a", "true, 2, 2.5") == [True, 2, 2.5]
    sets, refused = grid("ema_cross", {"fast": [5, 30], "slow": [20, 40]})
    assert sets == [{"fast": 5, "slow": 20}, {"fast": 5, "slow": 40}, {"fast": 30, "slow": 40}]
    assert refused == 1
    for text in ("1:2", "5:1:1", "1:5:0", "1:5:-1", "a:b:c", "1,1", "1,,2", "0:1e9:1", "nan:1:1", "0:inf:1"):
        with pytest.raises(NoSets):
            values_of("a", text)
    with pytest.raises(InvalidParameters, match="slow"):
        grid("ema_cross", {"fast": [30], "slow": [20]})
    with pytest.raises(UnknownStrategy):
        grid("nope", {})
    with pytest.raises(NoSets, match="at most"):
        grid("ema_cross", {"fast": range(1000), "slow": range(1000)})


def test_whole_and_in_parts(path: Path, tmp_path: Path, capsys: Capture) -> None:
    """Three parts, made in any order and one of them twice, merge into the very bytes of the whole."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert called(capsys, *options(path, "--out", whole))[0] == 0
    for part in (2, 0):
        assert called(capsys, *options(path, "--out", parts, "--shard", f"{part}/3", "--json"))[0] == 0
    status, _, said = called(capsys, "--merge", parts)
    assert status == 2
    assert "1/3" in said
    assert "0/3" not in said
    (broken,) = (parts / "shards").glob("*-00000-of-00003.json")
    broken.write_bytes(broken.read_bytes()[:50])  # a disk that lost the end: the part is made again
    assert "0/3" in called(capsys, "--merge", parts)[2]
    for part in (0, 1, 1):
        assert called(capsys, *options(path, "--out", parts, "--shard", f"{part}/3"))[0] == 0
    for _ in range(2):
        assert called(capsys, "--merge", parts)[0] == 0
        assert (parts / "sweep.parquet").read_bytes() == (whole / "sweep.parquet").read_bytes()
    rows = parquet.read_table(whole / "sweep.parquet").to_pylist()
    assert [row["number"] for row in rows] == list(range(5))
    assert {row["trades"] for row in rows} != {0}


def test_a_part_that_is_done_is_not_done_again(path: Path, tmp_path: Path, capsys: Capture) -> None:
    """The same command again leaves the file alone; other inputs are another sweep, and are not merged with it."""
    command = options(path, "--out", tmp_path, "--shard", "0/2")
    assert called(capsys, *command)[0] == 0
    (file,) = (tmp_path / "shards").iterdir()
    before = file.stat().st_mtime_ns
    assert called(capsys, *command)[0] == 0
    assert file.stat().st_mtime_ns == before
    assert called(capsys, *command, "--seed", 4)[0] == 0
    assert len(list((tmp_path / "shards").iterdir())) == 2
    assert "different sweeps" in called(capsys, "--merge", tmp_path)[2]


def test_the_best_first_and_forward(path: Path, capsys: Capture) -> None:
    """JSON: every set with hash and days, the best first; out of sample only the days after the first three."""
    status, out, _ = called(capsys, *options(path, "--json", "--walk-forward", "3:2"))
    assert status == 0
    found = json.loads(out)
    assert (found["sets"], found["refused"]) == (5, 1)
    assert [row["sharpe"] for row in found["rows"]] == sorted((row["sharpe"] for row in found["rows"]), reverse=True)
    days = [day for day, _, _ in found["rows"][0]["daily"]]
    assert [day for day, _ in found["walk_forward"]["daily"]] == days[3:]
    assert 0 <= found["deflated_sharpe"] <= 1


def test_the_sentence_for_people(path: Path, capsys: Capture) -> None:
    """On a terminal: sets, the deflated ratio in words, the steps of the walk."""
    status, out, _ = called(capsys, *options(path, "--walk-forward", "4:2"))
    assert status == 0
    assert "Deflated Sharpe" in out
    assert "walk-forward, 2 sessions" in out


@pytest.mark.parametrize(
    ("more", "says"),
    [(["--shard", "3/3"], "--shard"), (["--shard", "0/2"], "--out"), (["--param", "fast=1"], "twice"),
     (["--walk-forward", "9"], "train:test"), (["--walk-forward", "50:5"], "only 6 sessions"),
     (["--symbol", "NOPE"], "NOPE"), (["--shards", "2"], "--shard I/N"), (["--param", "nope=1"], "nope")],
)
def test_what_is_refused(path: Path, capsys: Capture, more: list[str], says: str) -> None:
    """Status 2 and a text that names the mistake."""
    status, _, said = called(capsys, *options(path, *more))
    assert status == 2
    assert says in said


@pytest.mark.parametrize(
    ("text", "count", "environment", "expected"),
    [
        (None, None, {}, Shard(0, 1)), ("2/4", None, {"CLOUD_RUN_TASK_INDEX": "1"}, Shard(2, 4)),
        (None, None, {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "3"}, Shard(1, 3)),
        (None, 5, {"JOB_COMPLETION_INDEX": "4"}, Shard(4, 5)),
    ],
)
def test_the_part_of_a_job(
    text: str | None, count: int | None, environment: Mapping[str, str], expected: Shard,
) -> None:
    """The option wins; Cloud Run says index and count, Kubernetes the index alone."""
    assert choose_shard(text, count, environment) == expected


@pytest.mark.parametrize(
    ("count", "environment"),
    [(None, {"JOB_COMPLETION_INDEX": "0"}), (2, {"JOB_COMPLETION_INDEX": "2"}), (2, {"JOB_COMPLETION_INDEX": "x"})],
)
def test_a_job_that_does_not_say(count: int | None, environment: Mapping[str, str]) -> None:
    """An index without a count, or beyond it, is refused."""
    with pytest.raises(UserError):
        choose_shard(None, count, environment)


def test_each_window_is_chosen_on_what_came_before() -> None:
    """Set 0 is good until the fourth day, set 1 after it: each step trades what its own past liked."""
    days = [f"2026-11-{n:02d}" for n in range(2, 10)]
    known = list(zip(days, [5, 6, 5, 6, -9, -8, -9, -8], strict=True))
    rows = [
        {"number": n, "parameters": {"n": n}, "daily": [[day, net * sign, 1] for day, net in known]}
        for n, sign in ((0, 1), (1, -1))
    ]
    found = walk_forward(rows, Windows(2, 2))
    assert [step["number"] for step in found["steps"]] == [0, 0, 1]
    assert [net for _, net in found["daily"]] == [5, 6, -9, -8, 9, 8]
    assert found["net_paise"] == 11


def test_a_child_that_is_killed_is_replaced(tmp_path: Path) -> None:
    """A process that dies once costs nothing but time; one that dies each time ends the sweep with a reason."""
    mark = tmp_path / "died"

    def once(task: int) -> int:
        if task == 3 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return task * 2

    def always(task: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return task

    assert spread(range(8), once, jobs=2) == [0, 2, 4, 6, 8, 10, 12, 14]
    with pytest.raises(ProcessesDied, match="--jobs"):
        spread(range(4), always, jobs=2)
