"""What Cloud Storage alone can do: buckets and their rules, lost answers, servers that are dead, silent or refuse."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from common.adapters.gcs import CHUNK_BYTES, CloudStorageArchive
from common.bootstrap import Application
from common.ports import Conflict, StoreError, StoreUnavailable
from common.retention import bucket_lifecycle
from common.settings import Settings, SettingsError
from tests.contract.storage_relay import Handler, relay, served
from tests.contract.storage_server import VARIABLE, free_port, project_of, storage_server
from tests.contract.stores import DAY

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 60
LARGE = bytes(range(256)) * (5 * CHUNK_BYTES // 256) + b"end"

pytestmark = pytest.mark.usefixtures("cloud")


def archive_of(place: Path) -> CloudStorageArchive:
    return CloudStorageArchive("{project}-logs-{date}", project_of(str(place)), location="ASIA-SOUTH1")


def test_large_objects_go_in_parts(tmp_path: Path) -> None:
    """Several chunks come back as one, are refused as one, and are replaced as one."""
    archive = archive_of(tmp_path)
    archive.put(DAY, "large", LARGE)
    assert archive.get(DAY, "large") == LARGE
    with pytest.raises(Conflict):
        archive.put(DAY, "large", LARGE[::-1])
    assert archive.get(DAY, "large") == LARGE
    archive.put(DAY, "large", LARGE[::-1], overwrite=True)
    assert archive.get(DAY, "large") == LARGE[::-1]


LARGE_WRITER = """
import sys
from pathlib import Path
from tests.contract.test_cloud_storage import DAY, LARGE, archive_of
archive = archive_of(Path(sys.argv[1]))
for n in range(10_000):
    archive.put(DAY, f"n{n}", LARGE)
"""


def test_a_writer_killed_between_parts_leaves_nothing_of_its_object(tmp_path: Path) -> None:
    """kill -9 while large objects go in parts: what is there is whole, and the name can be written by the next."""
    writer = subprocess.Popen([sys.executable, "-c", LARGE_WRITER, str(tmp_path)], cwd=ROOT)
    archive = archive_of(tmp_path)
    while len(archive.list(DAY)) < 4:
        assert writer.poll() is None
    writer.kill()
    writer.wait(BOUND_SECONDS)
    names = archive.list(DAY)
    assert all(archive.get(DAY, name) == LARGE for name in names)
    archive.put(DAY, f"n{len(names)}", LARGE)


def test_many_objects_are_listed_page_by_page(tmp_path: Path) -> None:
    """More than one page of a thousand."""
    archive = archive_of(tmp_path)
    names = [f"logs/{n:04d}" for n in range(1005)]
    for name in names:
        archive.put(DAY, name, b"")
    assert archive.list(DAY, "logs/") == names


def test_a_lost_answer_is_not_a_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stored the object and its answer was lost: the second try finds that it was the first."""
    real, seen = os.environ[VARIABLE], list[tuple[str, bytes]]()
    archive_of(tmp_path).put(DAY, "first", b"")
    with served(relay(real, 1, seen), monkeypatch):
        archive = archive_of(tmp_path)
        archive.put(DAY, "once", b"ours")
        # The library also looks at the bucket, in a thread of its own.
        assert [line.split()[0] for line, _ in seen if "/o" in line] == ["POST", "POST", "GET"]
        with pytest.raises(Conflict):
            archive.put(DAY, "once", b"ours")
    assert archive_of(tmp_path).get(DAY, "once") == b"ours"


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port: unavailable, in writing, reading and listing."""
    monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{free_port()}")
    archive = archive_of(tmp_path)
    with pytest.raises(StoreUnavailable):
        archive.put(DAY, "x", b"")
    with pytest.raises(StoreUnavailable):
        archive.get(DAY, "x")
    with pytest.raises(StoreUnavailable):
        archive.list(DAY)


def test_a_server_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and never answers: unavailable, and not after the library's own minutes."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{silent.getsockname()[1]}")
        said: list[type[BaseException]] = []

        def read() -> None:
            try:
                archive_of(tmp_path).get(DAY, "x")
            except StoreError as error:
                said.append(type(error))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(BOUND_SECONDS)
        assert said == [StoreUnavailable]


def test_a_server_killed_in_mid_day_and_started_again(tmp_path: Path) -> None:
    """Unavailable while it is gone; the same archive goes on when it is back on its address."""
    port = free_port()
    with storage_server(port):
        archive = archive_of(tmp_path)
        archive.put(DAY, "before", b"1")
    # The connections are of a server that is gone; the variable names the tests' own again, the archive keeps its own.
    with pytest.raises(StoreUnavailable):
        archive.put(DAY, "during", b"2")
    with storage_server(port):
        archive.put(DAY, "after", b"3")
        assert archive.get(DAY, "after") == b"3"


@pytest.mark.parametrize(("status", "raised"), [(403, StoreError), (400, StoreError), (503, StoreUnavailable)])
def test_refusals(status: int, raised: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No right is the caller's to mend; a server in trouble is tried again, then unavailable."""

    class Refusing(Handler):
        def respond(self, body: bytes) -> None:
            del body
            self.answer(status)

    with served(Refusing, monkeypatch), pytest.raises(raised) as caught:
        archive_of(tmp_path).put(DAY, "x", b"")
    assert type(caught.value) is raised


def test_a_bucket_is_made_with_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bootstrap picks by settings; the bucket has its default name, place, closed doors and the retention's rules."""
    real, seen, project = os.environ[VARIABLE], list[tuple[str, bytes]](), project_of(str(tmp_path))
    with served(relay(real, 0, seen), monkeypatch):
        app = Application(Settings(home=tmp_path, archive="gcs", project=project))
        app.archive.put(DAY, "x", b"1")
        app.archive.put(DAY, "y", b"1")
    # The server here keeps no rules, so what it was asked for is looked at.
    (asked,) = [json.loads(body) for line, body in seen if line.startswith("POST /storage/v1/b?")]
    assert asked["name"] == f"{project}-tron-trade-logs-2025-08-29"
    assert asked["location"] == "asia-south1"
    assert asked["lifecycle"]["rule"] == bucket_lifecycle()
    assert asked["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert asked["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True


def test_one_bucket_for_all_days(tmp_path: Path) -> None:
    """By one setting the date is a prefix, and the names are the same."""
    project = project_of(str(tmp_path))
    app = Application(Settings(home=tmp_path, archive="gcs", project=project, bucket="{project}-all"))
    app.archive.put(DAY, "a/b", b"1")
    from google.cloud.storage import Client

    assert [blob.name for blob in Client(project=project).list_blobs(f"{project}-all")] == ["2025-08-29/a/b"]
    assert app.archive.list(DAY) == ["a/b"]


@pytest.mark.parametrize("bucket", ["Capital-{date}", "a b", "", "-x-{date}", "x" * 80, "a..b", "{other}"])
def test_names_that_no_bucket_has(bucket: str, tmp_path: Path) -> None:
    """Refused when the archive is opened, with the setting's name."""
    app = Application(Settings(home=tmp_path, archive="gcs", project="p-1", bucket=bucket))
    with pytest.raises(SettingsError, match="TRON_BUCKET"):
        _ = app.archive


def test_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do."""
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StoreError, match="gcloud auth application-default login"):
        archive_of(tmp_path)
