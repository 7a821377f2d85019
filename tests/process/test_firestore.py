"""The Firestore store where things go wrong: a server that is away, silent or back, and documents that are not ours."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from common.adapters.firestore import FirestoreStore
from common.adapters.firestore_calls import COMMIT_SECONDS, READ_SECONDS, FirestoreCalls
from common.ports import Conflict, Create, Delete, Query, StoreError, StoreUnavailable, Update
from jobs.local.firestore_emulator import HOST, JAR_VARIABLE, EmulatorMissing, FirestoreEmulator, free_port
from tests.firestore import need_emulator, project_of
from tests.process.waiting import alive, until

SECONDS = 2 * (READ_SECONDS + COMMIT_SECONDS)
"""Of any call: what is meant is that it is not the minutes of the client's own defaults."""


@pytest.fixture
def store(firestore: str, tmp_path: Path) -> Iterator[FirestoreStore]:
    with closing(FirestoreStore(project_of(str(tmp_path)), emulator=firestore)) as store:
        yield store


def unavailable_within_seconds(store: FirestoreStore) -> None:
    """Reading, asking, watching and writing: each says so in time; of the write, that its fate is unclear."""
    for call in (
        lambda: store.get("a", "x"), lambda: store.query(Query("a")), lambda: next(store.watch("a", "x", 60.0)),
    ):
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="try again"):
            call()
        assert time.monotonic() - begun < SECONDS
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match="may or may not have happened"):
        store.commit([Create("a", "lost", {})])
    assert time.monotonic() - begun < SECONDS


def test_a_server_that_is_away() -> None:
    """Nothing listens there: StoreUnavailable, in seconds."""
    with closing(FirestoreStore("p", emulator=f"{HOST}:{free_port()}")) as store:
        unavailable_within_seconds(store)


def test_a_server_that_is_silent_and_then_speaks_again() -> None:
    """Stopped in mid-sentence it is unavailable in seconds; as soon as it goes on, so does the very same store."""
    need_emulator()
    with FirestoreEmulator() as emulator, closing(FirestoreStore("p", emulator=emulator.address)) as store:
        (version,) = store.commit([Create("a", "x", {"n": 1})])
        emulator.signal(signal.SIGSTOP)
        try:
            unavailable_within_seconds(store)
        finally:
            emulator.signal(signal.SIGCONT)
        assert store.commit([Update("a", "x", {"n": 2}, version)]) != [version]


def test_a_watch_outlives_a_server_that_restarts() -> None:
    """The stream breaks, the watch asks again, and tells what has become of the document meanwhile."""
    need_emulator()
    port = free_port()
    with FirestoreEmulator(port=port) as emulator:
        store = FirestoreStore("p", emulator=emulator.address)
        store.commit([Create("a", "x", {})])
        watched = store.watch("a", "x", 60.0)
        assert next(watched) is not None
    with closing(store), FirestoreEmulator(port=port):  # which keeps nothing
        assert next(watched) is None


def test_a_watch_that_is_left_ends_its_stream(firestore: str) -> None:
    """Left in the middle it does not keep the connection, nor a thread: a program that does so can end."""
    program = (
        "import sys\nfrom common.adapters.firestore import FirestoreStore\n"
        "store = FirestoreStore('left', emulator=sys.argv[1])\n"
        "print(next(store.watch('a', 'x', 600.0)))\n"
        "watched = store.watch('a', 'x', 600.0)\nprint(next(watched)); watched.close(); print('left')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, firestore], capture_output=True, text=True, timeout=60, check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == ["None", "None", "left"], done.stderr


def test_versions_that_no_firestore_gave(store: FirestoreStore) -> None:
    """A version of another store fits no document here: a conflict, as any other that does not fit."""
    store.commit([Create("a", "x", {})])
    for version in ("1", "", "12.5", "9" * 40, "1.000000000", "nonsense"):
        for write in (Update("a", "x", {}, version), Delete("a", "x", version)):
            with pytest.raises(Conflict, match="a/x"):
                store.commit([write])


def test_expiry_is_a_timestamp(store: FirestoreStore) -> None:
    """At the top level and nowhere else: by a timestamp, and by nothing but one, Firestore deletes."""
    text = "2026-12-20T09:15:00+05:30"
    store.commit([Create("a", "x", {"expires": text, "other": text, "in": {"expires": text}})])
    fields = store._calls.get(f"{store._calls.documents}/a/x").fields  # type: ignore[union-attr]
    assert fields["expires"].timestamp_value.ToJsonString() == "2026-12-20T03:45:00Z"
    assert fields["other"].string_value == fields["in"].map_value.fields["expires"].string_value == text


def test_a_foreign_document_is_named(store: FirestoreStore) -> None:
    """A timestamp that another program wrote is refused with document and field, instead of being guessed at."""
    from google.cloud.firestore_v1.types import Write

    calls: FirestoreCalls = store._calls
    message: Any = Write.pb()()
    message.update.name = f"{calls.documents}/a/foreign"
    message.update.fields["when"].timestamp_value.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    calls.commit([message])
    for call in (lambda: store.get("a", "foreign"), lambda: store.query(Query("a"))):
        with pytest.raises(StoreError, match="a/foreign was written by something else than Tron: the field when"):
            call()


def test_no_credentials_say_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without an emulator and without credentials it is refused at once, with both ways out."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(StoreError, match="FIRESTORE_EMULATOR_HOST"):
        FirestoreStore("p")


def test_a_missing_emulator_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without Java, and without the jar, the message names the package and the variable."""
    monkeypatch.setenv(JAR_VARIABLE, str(tmp_path / "absent.jar"))
    with pytest.raises(EmulatorMissing, match="google-cloud-cli-firestore-emulator"):
        FirestoreEmulator().__enter__()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmulatorMissing, match="no java"):
        FirestoreEmulator().__enter__()


def test_the_emulator_falls_with_whoever_started_it() -> None:
    """kill -9 leaves no emulator behind."""
    need_emulator()
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv (util-linux) on this machine: nothing tells Java that its parent is gone")
    program = (
        "from jobs.local.firestore_emulator import FirestoreEmulator\nimport time\n"
        "with FirestoreEmulator() as emulator: print(emulator._child.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.kill()
    until(lambda: not alive(pid))
