"""The proxy: NGINX before dashboard and API, one origin; its configuration, rendered for where it runs."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from common.day.api.routes import functions
from jobs.local import parent_watch

FOLDER: Final = Path(__file__).resolve().parents[2] / "gke" / "base" / "nginx"
TEMPLATE: Final = "nginx.conf.template"
PLACES: Final = ("laptop", "cloud_run", "gke")
READY_SECONDS: Final = 10.0
STOP_SECONDS: Final = 5.0
HOST: Final = "127.0.0.1"
DASHBOARD_PORT: Final = 8501
"""Streamlit's own."""

_NAME: Final = re.compile(r"\$\{TRON_([A-Z_]+)\}")
_UNSAFE: Final = re.compile(r"[\s;{}\"'\\$#]")
_TLS: Final = (
    "ssl_certificate {certificate};\n        ssl_certificate_key {key};\n        ssl_protocols TLSv1.2 TLSv1.3;\n"
    "        ssl_session_cache shared:tls:1m;\n        ssl_session_tickets off;"
)


class ProxyFailed(RuntimeError):
    """NGINX is not here, or does not start; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """What differs between places. listen, api, dashboard: HOST:PORT. state: a directory that can be written to.

    certificate, key: PEM files; None: plain HTTP, where somebody before the proxy ends TLS. behind: networks whose
    X-Forwarded-For is believed. client_seconds: for a client to send its headers or its body.
    """

    listen: str
    api: str
    dashboard: str
    state: Path
    folder: Path = FOLDER
    certificate: Path | None = None
    key: Path | None = None
    behind: tuple[str, ...] = ()
    workers: str = "auto"
    client_seconds: int = 10
    api_rate: int = 30
    api_burst: int = 60

    def render(self) -> str:
        """The configuration. Raises ProxyFailed for a value that would be read as more than itself."""
        told = {
            "WORKERS": self.workers, "STATE": str(self.state), "CLIENT_SECONDS": str(self.client_seconds),
            "API_RATE": str(self.api_rate), "API_BURST": str(self.api_burst), "API": self.api,
            "DASHBOARD": self.dashboard, "FOLDER": str(self.folder), "FUNCTIONS": "|".join(functions()),
        }
        for name, value in {**told, "listen": self.listen, "files": f"{self.certificate}{self.key}"}.items():
            if _UNSAFE.search(value):
                raise ProxyFailed(f"{name.lower()} is {value!r}: NGINX takes no spaces, quotes, braces, ; $ or # there")
        told["LISTEN"] = self._listen()
        told["REAL_IP"] = "\n    ".join((
            *(f"set_real_ip_from {network};" for network in self.behind),
            *(("real_ip_header X-Forwarded-For;",) if self.behind else ()),
        ))
        text = (FOLDER / TEMPLATE).read_text(encoding="utf-8")
        return _NAME.sub(lambda found: told[found.group(1)], text)

    def _listen(self) -> str:
        if self.certificate is None or self.key is None:
            return f"listen {self.listen};"
        return f"listen {self.listen} ssl;\n        {_TLS.format(certificate=self.certificate, key=self.key)}"


def for_place(place: str, port: str = "8080") -> Proxy:
    """As it runs in the cloud. port: Cloud Run's $PORT. In GKE certificates are mounted, as a Secret of type tls."""
    api, dashboard = f"{HOST}:8081", f"{HOST}:{DASHBOARD_PORT}"
    folder, state = Path("/etc/nginx/tron"), Path("/tmp")
    if place == "cloud_run":
        return Proxy(f"0.0.0.0:{port}", api, dashboard, state, folder, behind=("169.254.0.0/16",), workers="1")
    tls = Path("/etc/nginx/tls")
    return Proxy(
        "0.0.0.0:8443", "api:8081", f"dashboard:{DASHBOARD_PORT}", state, folder,
        certificate=tls / "tls.crt", key=tls / "tls.key",
    )


@dataclass
class LocalProxy:
    """A Part of the laptop's cloud. It falls with this process: another one watches it, as NGINX does not by itself."""

    proxy: Proxy
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _watch: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """What NGINX says."""
        return self.proxy.state / "nginx.log"

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Returns when it answers. Raises ProxyFailed; then nothing is left running."""
        program = shutil.which("nginx")
        if program is None:
            raise ProxyFailed("no nginx on this machine: install the package nginx-light, or leave --proxy out")
        if _answers(self.proxy.listen):
            raise ProxyFailed(f"another program listens at {self.proxy.listen}: choose another port (--proxy PORT)")
        self.proxy.state.mkdir(parents=True, exist_ok=True)
        path = self.proxy.state / "nginx.conf"
        path.write_text(self.proxy.render(), encoding="utf-8")
        with self.log.open("ab") as log:
            # One process: workers would outlive a master that is killed, and hold its port.
            command = [program, "-e", str(self.log), "-p", str(self.proxy.state), "-c", str(path)]
            command += ["-g", "master_process off;"]
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            watch = [sys.executable, "-I", "-S", parent_watch.__file__, str(os.getpid()), str(self._child.pid)]
            self._watch = subprocess.Popen(
                watch, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        until = time.monotonic() + READY_SECONDS
        while not _answers(self.proxy.listen):
            if not self.running or time.monotonic() > until:
                self.stop()
                tail = self.log.read_text(encoding="utf-8", errors="replace")[-1500:]
                raise ProxyFailed(f"nginx did not start; it said:\n{tail}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Safe to call at any time, also twice."""
        for process in (self._child, self._watch):
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def local_proxy(state: Path, port: int, api: str, dashboard: int, *, tls: bool) -> LocalProxy:
    """For this machine alone. api: HOST:PORT of the functions. dashboard: port. Raises ProxyFailed."""
    certificate, key = self_signed(state) if tls else (None, None)
    return LocalProxy(Proxy(
        f"{HOST}:{port}", api, f"{HOST}:{dashboard}", state, certificate=certificate, key=key, workers="1",
    ))


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Certificate and key for this machine's own name, made once: no browser trusts them. Raises ProxyFailed."""
    certificate, key = folder / "proxy.crt", folder / "proxy.key"
    if certificate.exists() and key.exists():
        return certificate, key
    folder.mkdir(parents=True, exist_ok=True)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "365", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        told = f"no certificate could be made with openssl ({error}): install it, or leave --tls out"
        raise ProxyFailed(told) from None
    key.chmod(0o600)
    return certificate, key


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1.0):
            return True
    except OSError:
        return False
