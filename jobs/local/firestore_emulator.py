"""The real Firestore emulator as a child process: started, waited for, stopped. It keeps nothing."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

HOST: Final = "127.0.0.1"
JAR_VARIABLE: Final = "FIRESTORE_EMULATOR_JAR"
READY_SECONDS: Final = 60.0
LOG_TAIL_BYTES: Final = 2000

_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_IN_SDK = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_DEBIAN_SDK = Path("/usr/lib/google-cloud-sdk")
_MISSING = (
    "install Java and the package google-cloud-cli-firestore-emulator "
    f"(or `gcloud components install cloud-firestore-emulator`), or name its jar in {JAR_VARIABLE}"
)


class EmulatorMissing(RuntimeError):
    """The emulator is not on this machine, or does not start; the text says what to do."""


def emulator_command() -> list[str]:
    """Java and the emulator's jar, without `gcloud`, which takes seconds to say where it is. Raises EmulatorMissing."""
    java = shutil.which("java")
    if java is None:
        raise EmulatorMissing(f"no java for the Firestore emulator: {_MISSING}")
    gcloud = shutil.which("gcloud")
    folders = [Path(gcloud).resolve().parents[1]] if gcloud else []
    named = os.environ.get(JAR_VARIABLE)
    jars = [Path(named)] if named else [folder / _IN_SDK for folder in (*folders, _DEBIAN_SDK)]
    jar = next((path for path in jars if path.is_file()), None)
    if jar is None:
        raise EmulatorMissing(f"no Firestore emulator at {', '.join(map(str, jars))}: {_MISSING}")
    setpriv = shutil.which("setpriv")
    # It falls with the thread that starts it, where util-linux is there to see to it: a kill -9 leaves nothing behind.
    falling = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    # It is started for minutes: what a long life would gain from the second compiler is never earned back.
    return [*falling, java, "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", str(jar), _MAIN]


class FirestoreEmulator:
    """One emulator; a context manager. port: 0 picks one. events_to: HOST:PORT that gets its CloudEvents."""

    def __init__(self, *, port: int = 0, events_to: str = "") -> None:
        self.address = ""
        self._port = port
        self._events_to = events_to
        self._child: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Returns when it answers. Raises EmulatorMissing; then nothing is left running."""
        command = emulator_command()
        port = self._port or free_port()
        command += ["start", f"--host={HOST}", f"--port={port}", "--database-mode=firestore-native"]
        if self._events_to:
            command.append(f"--functions_emulator={self._events_to}")
        self._log = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port):
            if self._child.poll() is not None or time.monotonic() > deadline:
                said = self._said()
                self._stop()
                raise EmulatorMissing(f"the Firestore emulator did not start; it said:\n{said}")
            time.sleep(0.02)
        self.address = f"{HOST}:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP, for tests of a server that is silent."""
        assert self._child is not None
        self._child.send_signal(number)

    def _stop(self) -> None:
        """At once: it has nothing to save."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        if self._log is not None:
            self._log.close()

    def _said(self) -> str:
        assert self._log is not None
        self._log.seek(0)
        return self._log.read()[-LOG_TAIL_BYTES:].decode(errors="replace")


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1.0) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False
