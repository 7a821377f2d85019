"""The run directory: whose day it holds, who is at work in it, and what --fresh and a changed input do."""

import json
from datetime import date
from pathlib import Path

import pytest

from common.market.tables import OutsideTable
from common.settings import SettingsError
from jobs.local.run_directory import DEMO_DATE, RunInputs, open_run, session_files

DAY = date(2026, 11, 20)
HEADER = "ts,symbol,exchange,open,high,low,close,volume,oi\n"


def inputs(seed: int = 7, day: date = DAY, sessions: tuple[Path, ...] = (), mandate: Path | None = None) -> RunInputs:
    return RunInputs(day, sessions, seed, mandate)


def bars(path: Path, *days: date) -> Path:
    path.write_text(HEADER + "".join(f"{day}T09:15:00+05:30,ABC,NSE,100,101,99,100,500,0\n" for day in days))
    return path


def test_the_same_inputs_go_on(tmp_path: Path) -> None:
    """A second opening with equal inputs finds what the first left."""
    home = tmp_path / "run"
    with open_run(home, inputs(), in_process=False, fresh=False) as found:
        assert found == home
        (home / "kept").touch()
    with open_run(home, inputs(), in_process=False, fresh=False):
        assert (home / "kept").exists()


@pytest.mark.parametrize("other", [inputs(seed=8), inputs(day=date(2026, 11, 19))])
def test_other_inputs_are_refused(tmp_path: Path, other: RunInputs) -> None:
    """Another seed or date is told to take --fresh or another --out, and changes nothing."""
    with open_run(tmp_path, inputs(), in_process=False, fresh=False):
        (tmp_path / "kept").touch()
    with pytest.raises(SettingsError, match=r"--fresh.*--out"), open_run(
        tmp_path, other, in_process=False, fresh=False
    ):
        pass
    assert (tmp_path / "kept").exists()
    with open_run(tmp_path, inputs(), in_process=False, fresh=False):
        pass


def test_files_count_by_their_content(tmp_path: Path) -> None:
    """A session or mandate that changed is another input; one that moved is the same; their order counts."""
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("a")
    two.write_text("b")
    known = inputs(sessions=(one,)).fingerprint()
    moved = tmp_path / "moved.csv"
    moved.write_text("a")
    assert inputs(sessions=(moved,)).fingerprint() == known
    assert inputs(sessions=(two,)).fingerprint() != known
    assert inputs(sessions=(one, two)).fingerprint() != inputs(sessions=(two, one)).fingerprint()
    one.write_text("c")
    assert inputs(sessions=(one,)).fingerprint() != known


def test_one_at_a_time(tmp_path: Path) -> None:
    """While a run is open another is refused, with or without --fresh; afterwards it is let in."""
    with open_run(tmp_path, inputs(), in_process=False, fresh=False):
        (tmp_path / "kept").touch()
        for fresh in (False, True):
            with pytest.raises(SettingsError, match="another tron day is running"), open_run(
                tmp_path, inputs(), in_process=False, fresh=fresh
            ):
                pass
        assert (tmp_path / "kept").exists()
    with open_run(tmp_path, inputs(), in_process=False, fresh=False):
        pass


def test_fresh_empties(tmp_path: Path) -> None:
    """--fresh leaves nothing of the other day, folders and links among it; what a link points to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").touch()
    home = tmp_path / "run"
    with open_run(home, inputs(), in_process=False, fresh=False):
        (home / "archive").mkdir()
        (home / "archive" / "report").touch()
        (home / "store.sqlite").touch()
        (home / "link").symlink_to(outside)
    with open_run(home, inputs(seed=8), in_process=False, fresh=True):
        assert {path.name for path in home.iterdir()} == {"lock", "run.json"}
    assert (outside / "theirs").exists()


def test_in_process_leaves_nothing(tmp_path: Path) -> None:
    """An in-process replay works elsewhere, even while the directory is at work or of another seed; then it is gone."""
    with open_run(tmp_path, inputs(), in_process=False, fresh=False):
        before = sorted(tmp_path.iterdir())
        with open_run(tmp_path, inputs(seed=9), in_process=True, fresh=False) as scratch:
            assert scratch != tmp_path
            (scratch / "store.sqlite").touch()
        assert not scratch.exists()
        assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("noise", ["", "noise", "[]", "null", '{"fingerprint": 3}'])
def test_a_damaged_note_is_refused(tmp_path: Path, noise: str) -> None:
    """What cannot be read as this run's note is no leave to go on in the directory: --fresh or another --out."""
    (tmp_path / "run.json").write_text(noise)
    with pytest.raises(SettingsError, match="--fresh"), open_run(tmp_path, inputs(), in_process=False, fresh=False):
        pass
    with open_run(tmp_path, inputs(), in_process=False, fresh=True):
        assert json.loads((tmp_path / "run.json").read_text())["fingerprint"] == inputs().fingerprint()


def test_the_date_that_is_meant(tmp_path: Path) -> None:
    """Left out: the last of the sessions, or the demonstration's; given: it must be there, and be a trading day."""
    path = bars(tmp_path / "bars.csv", date(2026, 11, 18), date(2026, 11, 19))
    assert RunInputs.choose(None, [path], 7, None).day == date(2026, 11, 19)
    assert RunInputs.choose(date(2026, 11, 18), [path], 7, None).day == date(2026, 11, 18)
    with pytest.raises(SettingsError, match="2026-11-18 to 2026-11-19, but not 2026-11-20"):
        RunInputs.choose(DAY, [path], 7, None)
    with pytest.raises(SettingsError, match="closed on 2026-11-21"):
        RunInputs.choose(date(2026, 11, 21), [], 7, None)
    with pytest.raises(OutsideTable):
        RunInputs.choose(date(2050, 1, 3), [], 7, None)
    assert RunInputs.choose(None, [], 7, None).day == DEMO_DATE


def test_a_recorded_holiday_is_not_traded(tmp_path: Path) -> None:
    """A file with bars on a holiday does not make it a trading day: refused, like a generated one."""
    path = bars(tmp_path / "bars.csv", date(2026, 1, 26))
    with pytest.raises(SettingsError, match="closed on 2026-01-26"):
        RunInputs.choose(date(2026, 1, 26), [path], 7, None)


def test_a_generated_session_is_kept(tmp_path: Path) -> None:
    """It is made once, whole or not at all; given sessions are used where they are."""
    [path] = session_files(tmp_path, inputs())
    first = path.read_bytes()
    path.write_bytes(b"looked at")
    assert session_files(tmp_path, inputs()) == (path,)
    assert path.read_bytes() == b"looked at"
    path.unlink()
    assert session_files(tmp_path, inputs())[0].read_bytes() == first
    assert not list(tmp_path.glob("*.part"))
    given = bars(tmp_path / "bars.csv", DAY)
    assert session_files(tmp_path, inputs(sessions=(given,))) == (given,)
